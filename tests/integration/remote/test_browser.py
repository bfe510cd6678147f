"""`cliprow login --provider`: the browser signs in at an OpenID provider, and its end comes back to this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import oidc_provider_mock
import pytest

from cliprow.api import create_app
from cliprow.api.server import listen, server_of
from cliprow.errors import NotAllowed
from cliprow.local.gateway.settings import OAuthProvider, Options
from cliprow.remote.api import Api
from cliprow.remote.credentials import Credentials
from cliprow.remote.sign_in import BrowserSignIn
from tests.cluster import Server
from tests.gateway import running_gateway
from tests.integration.api.conftest import settings_for
from tests.people import new_email

#: The provider's own code warns of its libraries.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:authlib")


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread(require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def api_url(
    server: Server, migrated_template: str, tmp_path_factory: pytest.TempPathFactory, provider: str
) -> Iterator[str]:
    """An API whose project has a provider."""
    options = Options(oauth={"keycloak": OAuthProvider(issuer=provider, client_id="c", client_secret="s")})
    database = server.create("browser_gateway", migrated_template)
    with running_gateway(server, database, tmp_path_factory.mktemp("browser"), options) as gateway:
        with listen("127.0.0.1", 0) as opened:
            running = server_of(create_app(settings_for(gateway)))
            thread = threading.Thread(target=running.run, kwargs={"sockets": [opened]})
            thread.start()
            while not running.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield f"http://127.0.0.1:{opened.getsockname()[1]}"
            running.should_exit = True
            thread.join(30)
    server.drop(database.name)


def browse(begin: str, subject: str, *, agrees: bool = True) -> str:
    """Go where a browser would go, agree at the provider, and return the page it ends on."""
    asked = httpx.get(begin, timeout=60)
    assert asked.status_code == 302, asked.text
    data = {"sub": subject} if agrees else {"action": "deny"}
    answered = httpx.post(asked.headers["location"], data=data, timeout=60)
    back = httpx.URL(answered.headers["location"])
    if not agrees:
        # RFC 6749, 4.1.2.1: a provider says it here too. This one forgets.
        back = back.copy_set_param("state", httpx.URL(asked.headers["location"]).params["state"])
    return httpx.get(back, follow_redirects=True, timeout=60).text


def test_the_browser_signs_in(api_url: str, provider: str, tmp_path: Path) -> None:
    email, credentials = new_email(), Credentials(tmp_path)
    httpx.put(f"{provider}/users/ada", json={"email": email, "email_verified": True})
    api = Api(api_url, credentials)
    browser = BrowserSignIn(api, "keycloak")
    pages: list[str] = []
    thread = threading.Thread(target=lambda: pages.append(browse(browser.url, "ada")))
    thread.start()
    signed_in = browser.finish(credentials, timeout_s=60)
    thread.join()
    assert signed_in.email == email
    assert "You are signed in" in pages[0]
    assert api.get("/auth/session")["email"] == email
    assert credentials.current() == api_url


def test_somebody_who_does_not_agree_is_not_signed_in(api_url: str, provider: str, tmp_path: Path) -> None:
    credentials = Credentials(tmp_path)
    browser = BrowserSignIn(Api(api_url, credentials), "keycloak")
    thread = threading.Thread(target=lambda: browse(browser.url, "ada", agrees=False))
    thread.start()
    with pytest.raises(NotAllowed) as caught:
        browser.finish(credentials, timeout_s=60)
    thread.join()
    assert caught.value.error_code == "SIGN_IN_FAILED"
    assert "denied" in caught.value.message
    assert credentials.current() == ""


def test_a_browser_that_does_not_come_back_is_not_waited_for_for_ever(api_url: str, tmp_path: Path) -> None:
    browser = BrowserSignIn(Api(api_url, Credentials(tmp_path)), "keycloak")
    with pytest.raises(NotAllowed, match="nothing came back"):
        browser.finish(Credentials(tmp_path), timeout_s=0.2)
