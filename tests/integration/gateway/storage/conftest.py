"""A bucket of two tenants, with policies of the tests' own, and people who act in it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import psycopg
import pytest
from storage3 import SyncStorageClient

from cliprow.local.gateway.keys import Keyring
from tests.gateway import Gateway

#: Everybody under the folder of their tenant; removing takes the role of an editor.
POLICIES = """
create policy "tests read" on storage.objects for select to authenticated using (
    bucket_id = 'tests' and (storage.foldername(name))[1] = (select auth.jwt() ->> 'tenant_id'));
create policy "tests add" on storage.objects for insert to authenticated with check (
    bucket_id like 'tests%' and (storage.foldername(name))[1] = (select auth.jwt() ->> 'tenant_id'));
create policy "tests change" on storage.objects for update to authenticated using (
    bucket_id = 'tests' and (storage.foldername(name))[1] = (select auth.jwt() ->> 'tenant_id'));
create policy "tests remove" on storage.objects for delete to authenticated using (
    bucket_id = 'tests' and (storage.foldername(name))[1] = (select auth.jwt() ->> 'tenant_id')
    and (select auth.jwt() ->> 'project_role') = 'editor');
"""


@dataclass(frozen=True)
class Person:
    """Somebody signed in, acting in one tenant."""

    gateway: Gateway
    user_id: str
    tenant_id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"apikey": self.gateway.settings.publishable_key, "Authorization": f"Bearer {self.token}"}

    @property
    def storage(self) -> SyncStorageClient:
        return SyncStorageClient(f"{self.gateway.url}/storage/v1/", self.headers)

    @property
    def http(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.gateway.url}/storage/v1", headers=self.headers, timeout=30, verify=False
        )

    def path(self, name: str) -> str:
        """A path in the tenant's folder."""
        return f"{self.tenant_id}/{name}"


def sign_in(gateway: Gateway, tenant_id: str, *, role: str = "editor", lives_s: int = 600) -> Person:
    """A person with a valid token."""
    user_id, now = str(uuid.uuid4()), int(time.time())
    token = Keyring(gateway.settings).sign(
        {
            "aud": "authenticated",
            "role": "authenticated",
            "sub": user_id,
            "tenant_id": tenant_id,
            "project_role": role,
            "iat": now,
            "exp": now + lives_s,
        }
    )
    return Person(gateway, user_id, tenant_id, token)


@pytest.fixture(scope="session")
def buckets(gateway: Gateway) -> Iterator[None]:
    """The buckets of the tests: private, public, one that takes little, one that people can only add to."""
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        connection.execute(POLICIES)
    service = SyncStorageClient(
        f"{gateway.url}/storage/v1/",
        {"apikey": gateway.settings.secret_key, "Authorization": f"Bearer {gateway.settings.secret_key}"},
    )
    service.create_bucket("tests")
    service.create_bucket("tests-public", options={"public": True})
    service.create_bucket("tests-drop")
    service.create_bucket(
        "tests-small", options={"file_size_limit": 1000, "allowed_mime_types": ["image/*", "text/plain"]}
    )
    yield
    with psycopg.connect(gateway.database.admin, autocommit=True) as connection:
        for name in ("read", "add", "change", "remove"):
            connection.execute(f'drop policy "tests {name}" on storage.objects'.encode())


@pytest.fixture
def service(gateway: Gateway, buckets: None) -> SyncStorageClient:
    """With the secret key."""
    key = gateway.settings.secret_key
    return SyncStorageClient(f"{gateway.url}/storage/v1/", {"apikey": key, "Authorization": f"Bearer {key}"})


@pytest.fixture
def anna(gateway: Gateway, buckets: None) -> Person:
    """An editor of a tenant of the test's own."""
    return sign_in(gateway, str(uuid.uuid4()))


@pytest.fixture
def otto(gateway: Gateway, buckets: None) -> Person:
    """An editor of another tenant."""
    return sign_in(gateway, str(uuid.uuid4()))
