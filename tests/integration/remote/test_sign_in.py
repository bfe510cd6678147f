"""Signing in at a deployment: what is kept, how tokens are exchanged, and how it ends."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import msgspec
import pytest

from cliprow.errors import Conflict, InvalidInput, NotAllowed, Unavailable
from cliprow.local.ports import free_port
from cliprow.remote.api import Api, check_address
from cliprow.remote.credentials import Credentials, SignIn
from cliprow.remote.sign_in import sign_in_with_password, sign_out
from tests.integration.remote.conftest import Somebody
from tests.people import PASSWORD


def make_stale(somebody: Somebody) -> SignIn:
    """Let the access token be one that ends now."""
    sign_in = somebody.credentials.find(somebody.api.url)
    assert sign_in is not None
    stale = msgspec.structs.replace(sign_in, expires_at=0.0)
    with somebody.credentials.locked():
        somebody.credentials.keep(somebody.api.url, stale)
    return stale


def test_a_sign_in_is_kept_in_a_private_file(ann: Somebody) -> None:
    assert stat.S_IMODE(ann.credentials.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(ann.credentials.path.parent.stat().st_mode) == 0o700
    assert ann.credentials.current() == ann.api.url
    sign_in = ann.credentials.find(ann.api.url)
    assert sign_in is not None
    assert sign_in.email == ann.email
    assert sign_in.refresh_token not in repr(sign_in)
    assert ann.api.get("/auth/session")["project_role"] == "owner"


def test_a_wrong_password_is_refused_and_changes_nothing(ann: Somebody) -> None:
    before = ann.credentials.path.read_bytes()
    with pytest.raises((NotAllowed, InvalidInput)) as caught:
        sign_in_with_password(ann.api, ann.credentials, ann.email, "another password")
    assert caught.value.error_code == "INVALID_CREDENTIALS"
    assert ann.credentials.path.read_bytes() == before


def test_an_access_token_that_ends_is_exchanged(ann: Somebody) -> None:
    stale = make_stale(ann)
    assert ann.api.get("/auth/session")["email"] == ann.email
    fresh = ann.credentials.find(ann.api.url)
    assert fresh is not None
    assert fresh.refresh_token != stale.refresh_token
    assert fresh.is_fresh


def test_one_that_the_api_no_longer_takes_is_exchanged_too(ann: Somebody) -> None:
    sign_in = ann.credentials.find(ann.api.url)
    assert sign_in is not None
    with ann.credentials.locked():
        ann.credentials.keep(
            ann.api.url, msgspec.structs.replace(sign_in, access_token=sign_in.access_token[:-2] + "xx")
        )
    assert ann.api.get("/auth/session")["email"] == ann.email


#: A command that asks three times, as soon as its standard input ends.
COMMAND = """
import sys
from pathlib import Path
from cliprow.remote.api import Api
from cliprow.remote.credentials import Credentials
api = Api(sys.argv[1], Credentials(Path(sys.argv[2])))
print("ready", flush=True)
sys.stdin.read()
for _ in range(3):
    api.get("/auth/session")
"""


def test_commands_at_once_exchange_it_once(ann: Somebody) -> None:
    """A refresh token that two of them used would end the sign-in."""
    make_stale(ann)
    words = [sys.executable, "-c", COMMAND, ann.api.url, str(ann.credentials.path.parent)]
    commands = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for command in commands:
        assert command.stdout is not None
        assert command.stdout.readline() == "ready\n"
    for command in commands:
        assert command.stdin is not None
        command.stdin.close()
    assert [command.wait(60) for command in commands] == [0] * 4
    assert ann.api.get("/auth/session")["email"] == ann.email


def test_a_command_killed_while_it_exchanges_lets_others_go_on(ann: Somebody) -> None:
    make_stale(ann)
    pid = os.fork()
    if pid == 0:
        with ann.credentials.locked():
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    assert ann.api.get("/auth/session")["email"] == ann.email


def test_signing_out_ends_it_there_and_forgets_it_here(ann: Somebody) -> None:
    token = ann.api.token()
    ended = sign_out(ann.api, ann.credentials)
    assert ended is not None
    assert ended.email == ann.email
    assert ann.credentials.current() == ""
    refused = httpx.post(f"{ann.api.url}/auth/refresh", json={"refresh_token": ended.refresh_token})
    assert refused.status_code in (400, 401)
    with pytest.raises(NotAllowed, match="not signed in") as caught:
        ann.api.get("/auth/session")
    assert "cliprow login" in caught.value.next_step
    assert sign_out(ann.api, ann.credentials) is None
    assert token


def test_a_sign_in_that_was_ended_elsewhere_is_said_and_forgotten(ann: Somebody) -> None:
    headers = {"Authorization": f"Bearer {ann.api.token()}"}
    httpx.post(f"{ann.api.url}/auth/signout", params={"scope": "global"}, headers=headers)
    make_stale(ann)
    with pytest.raises(NotAllowed) as caught:
        ann.api.get("/auth/session")
    assert caught.value.error_code == "SIGN_IN_ENDED"
    assert ann.credentials.find(ann.api.url) is None


def test_a_damaged_file_is_named(ann: Somebody) -> None:
    ann.credentials.path.write_text("{")
    with pytest.raises(Conflict, match=r"credentials\.json"):
        ann.api.get("/auth/session")


def test_an_api_that_does_not_answer_is_named(tmp_path: Path) -> None:
    api = Api(f"http://127.0.0.1:{free_port()}", Credentials(tmp_path))
    with pytest.raises(Unavailable) as caught:
        sign_in_with_password(api, Credentials(tmp_path), "a@example.com", PASSWORD)
    assert caught.value.error_code == "API_UNREACHABLE"


def test_something_that_is_no_api_of_ours_is_named(tmp_path: Path) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello")

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api = Api(f"http://127.0.0.1:{server.server_port}", Credentials(tmp_path))
        with pytest.raises(Unavailable) as caught:
            sign_in_with_password(api, Credentials(tmp_path), "a@example.com", PASSWORD)
        server.shutdown()
    assert caught.value.error_code == "API_UNKNOWN"


@pytest.mark.parametrize(
    "address", ["", "cliprow.example.com", "ftp://example.com", "https://", "https://a.example/?x=1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_address(address)
    assert caught.value.error_code == "API_ADDRESS_INVALID"


def test_passwords_go_in_the_clear_only_on_this_machine_or_when_asked_to() -> None:
    assert check_address("http://127.0.0.1:8000/") == "http://127.0.0.1:8000"
    assert check_address("http://localhost:8000") == "http://localhost:8000"
    assert check_address("https://a.example/base/") == "https://a.example/base"
    with pytest.raises(InvalidInput) as caught:
        check_address("http://a.example")
    assert caught.value.error_code == "API_ADDRESS_INSECURE"
    assert check_address("http://a.example", allow_http=True) == "http://a.example"
