"""A deployment's API, served on a port, and somebody who has signed up there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from cliprow.api import create_app
from cliprow.api.server import listen, server_of
from cliprow.remote.api import Api
from cliprow.remote.batches import RemoteBatches
from cliprow.remote.credentials import Credentials
from cliprow.remote.sign_in import sign_in_with_password
from cliprow.storage.cache import Cache
from tests.gateway import Gateway
from tests.integration.api.conftest import settings_for
from tests.people import PASSWORD, new_email


@pytest.fixture(scope="session")
def api_url(gateway: Gateway) -> Iterator[str]:
    """Address of an API on the tests' gateway."""
    with listen("127.0.0.1", 0) as opened:
        server = server_of(create_app(settings_for(gateway)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{opened.getsockname()[1]}"
        server.should_exit = True
        thread.join(30)


@dataclass(frozen=True)
class Somebody:
    """A user of the deployment, on a machine of its own."""

    email: str
    folder: Path
    api: Api
    credentials: Credentials

    @property
    def batches(self) -> RemoteBatches:
        return RemoteBatches(self.api, Cache(self.folder / "cache"))


@pytest.fixture
def ann(api_url: str, tmp_path: Path) -> Iterator[Somebody]:
    """The owner of a tenant of the test's own, signed in."""
    email = new_email("ann")
    answer = httpx.post(
        f"{api_url}/auth/signup", json={"email": email, "password": PASSWORD, "tenant_name": "Ann's"}
    )
    assert answer.status_code == 201, answer.text
    credentials = Credentials(tmp_path / "settings")
    api = Api(api_url, credentials)
    sign_in_with_password(api, credentials, email, PASSWORD)
    yield Somebody(email, tmp_path, api, credentials)
    api.close()
