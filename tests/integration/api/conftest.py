"""The API in this process, on the gateway's database, and people who call it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
import pytest
from litestar.testing import TestClient
from psycopg.conninfo import conninfo_to_dict

from cliprow.api import ApiSettings, create_app
from cliprow.local.gateway.keys import Keyring
from cliprow.local.stack import API, url
from cliprow.sealing import Sealer, new_key, parse_keys
from tests.cluster import PASSWORD
from tests.gateway import Gateway
from tests.integration.api.process import ApiProcess, running_api
from tests.sql.world import Person, World

#: What the API of these tests encrypts secrets with.
SEALER = Sealer(parse_keys("key", new_key()))
#: What a client gets back of a request.
Json = Any


def settings_for(gateway: Gateway, **different: Any) -> ApiSettings:
    """Settings of an API on the gateway's database."""
    port = int(conninfo_to_dict(gateway.database.admin)["port"] or 0)
    return ApiSettings(
        **{
            "database": url(API, PASSWORD, port, gateway.database.name),
            "supabase_url": gateway.url,
            "publishable_key": gateway.settings.publishable_key,
            "secret_key": gateway.settings.secret_key,
            "user_limit": 0,
            "address_limit": 0,
            "sign_in_limit": 0,
            "pool_size": 4,
            "sealer": SEALER,
            **different,
        }
    )


@dataclass
class Api:
    """The API, called as one user or as nobody."""

    gateway: Gateway
    client: httpx.Client
    world: World
    person: Person | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_(self, person: Person, **claims: object) -> Api:
        """The same API, called by somebody."""
        token = sign(self.gateway, person, **claims)
        return Api(self.gateway, self.client, self.world, person, {"Authorization": f"Bearer {token}"})

    def sign_up(self, name: str = "ann") -> Api:
        """The same API, called by a new owner of a new tenant."""
        return self.as_(self.world.sign_up(name))

    def member(self, role: str, scope: str = "tenant") -> Api:
        """The same API, called by a new member of this caller's tenant."""
        assert self.person is not None
        return self.as_(self.world.add_member(self.person, role, scope))

    def call(
        self, method: str, path: str, json: Json = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        return self.client.request(
            method, path, json=json, headers={**self.headers, **(headers or {})}, **more
        )

    def get(self, path: str, expect: int = 200, **parameters: Any) -> Json:
        """The JSON of an answer that has this status."""
        answer = self.call("GET", path, params=parameters)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def post(self, path: str, json: Json = None, expect: int = 201, **headers: str) -> Json:
        answer = self.call(
            "POST", path, json, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None

    def project(self, **fields: object) -> Json:
        """A new project of this caller."""
        return self.post("/projects", {"original_idea": "Things in the sky", "name": "Sky", **fields})


def sign(gateway: Gateway, person: Person, **claims: object) -> str:
    """An access token as Auth would sign it."""
    payload = {
        "iss": gateway.settings.issuer,
        "aud": "authenticated",
        "role": "authenticated",
        "sub": str(person.user_id),
        "tenant_id": str(person.tenant_id),
        "session_id": str(uuid.uuid4()),
        "iat": int(time.time()),
        "exp": int(time.time()) + 3600,
        **claims,
    }
    return Keyring(gateway.settings).sign(payload)


@pytest.fixture(scope="session")
def world(gateway: Gateway) -> Iterator[World]:
    """The gateway's database, as `postgres` sees it."""
    admin = psycopg.connect(gateway.database.admin, autocommit=True)
    found = World(gateway.database, admin)
    yield found
    found.close()
    admin.close()


@pytest.fixture(scope="session")
def api(gateway: Gateway, world: World) -> Iterator[Api]:
    """The API, called by nobody; `api.sign_up()` is somebody."""
    with TestClient(create_app(settings_for(gateway)), base_url="http://127.0.0.1:8000") as client:
        yield Api(gateway, client, world)


@pytest.fixture(scope="session")
def api_process(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiProcess]:
    """The API as a process, without limits on how many requests one may send."""
    with running_api(gateway, settings_for(gateway).database, tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.fixture
def ann(api: Api) -> Api:
    """The API, called by the owner of a tenant that is this test's own."""
    return api.sign_up("ann")


@pytest.fixture
def bob(api: Api) -> Api:
    """The API, called by the owner of another tenant."""
    return api.sign_up("bob")
