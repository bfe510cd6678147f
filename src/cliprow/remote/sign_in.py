"""Signing in at a deployment: with address and password, or in the browser with one of its providers."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cliprow.errors import NotAllowed
from cliprow.remote.api import Api, checked, sign_in_of
from cliprow.remote.credentials import Credentials, SignIn

#: Nobody else's browser reaches us there.
HOST = "127.0.0.1"
#: How long the browser may take, in seconds.
BROWSER_S = 300.0
_DONE = b"<!doctype html><title>Cliprow</title><p>You are signed in. You can close this window.</p>"
_NOT_DONE = b"<!doctype html><title>Cliprow</title><p>That did not work; the terminal says why.</p>"


def sign_in_with_password(api: Api, credentials: Credentials, email: str, password: str) -> SignIn:
    """Sign in, and make this the deployment that commands use.

    Raises:
        CliprowError: as the API says: wrong password, address not confirmed, too many attempts.
    """
    answer = api.send("POST", "/auth/signin", json={"email": email, "password": password})
    return _keep(api, credentials, sign_in_of(checked(answer), email))


class BrowserSignIn:
    """A sign-in that a browser carries out; its end comes back to a port of this machine (PKCE)."""

    def __init__(self, api: Api, provider: str) -> None:
        self._api = api
        self._verifier = secrets.token_urlsafe(48)
        self._answered = threading.Event()
        self._answer: dict[str, list[str]] = {}
        self._server = HTTPServer((HOST, 0), self._handler())
        digest = hashlib.sha256(self._verifier.encode()).digest()
        request = {
            "provider": provider,
            "redirect_to": f"http://{HOST}:{self._server.server_port}/signed-in",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        }
        #: Where the browser is to go.
        self.url: str = checked(api.send("POST", "/auth/signin", json=request))["url"]

    def finish(self, credentials: Credentials, timeout_s: float = BROWSER_S) -> SignIn:
        """Wait for the browser, and take up the session.

        Raises:
            NotAllowed: the provider refused, or nothing came.
        """
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            self._answered.wait(timeout_s)
        finally:
            self._server.shutdown()
            self._server.server_close()
        codes = self._answer.get("code")
        if not codes:
            reason = (
                self._answer.get("error_description") or self._answer.get("error") or ["nothing came back"]
            )
            raise NotAllowed(
                f"The browser did not sign you in: {reason[0]}.",
                error_code="SIGN_IN_FAILED",
                next_step="Try again, or sign in with your password.",
            )
        body = {"auth_code": codes[0], "code_verifier": self._verifier}
        return _keep(
            self._api, credentials, sign_in_of(checked(self._api.send("POST", "/auth/session", json=body)))
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path != "/signed-in":
                    self.send_error(404)
                    return
                outer._answer = parse_qs(parts.query)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(_DONE if "code" in outer._answer else _NOT_DONE)
                outer._answered.set()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class has it
                """Nothing: the path holds the code."""

        return Handler


def sign_out(api: Api, credentials: Credentials) -> SignIn | None:
    """End the sign-in there, and forget it here, even where there does not answer any more.

    Returns:
        Who was signed in.

    Raises:
        CliprowError: the deployment does not answer; it is forgotten here all the same.
    """
    sign_in = credentials.find(api.url)
    if sign_in is None:
        return None
    try:
        api.send(
            "POST",
            "/auth/signout",
            params={"scope": "local"},
            headers={"Authorization": f"Bearer {api.token()}"},
        )
    except NotAllowed:
        pass  # it had ended already
    finally:
        with credentials.locked():
            credentials.forget(api.url)
    return sign_in


def _keep(api: Api, credentials: Credentials, sign_in: SignIn) -> SignIn:
    with credentials.locked():
        credentials.keep(api.url, sign_in, make_current=True)
    return sign_in
