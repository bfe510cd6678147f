"""Requests to a deployment's REST API as who is signed in there, and what its refusals mean."""

from __future__ import annotations

import ipaddress
import logging
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from cliprow.doors import CLI, CLIENT_HEADER
from cliprow.errors import CliprowError, Conflict, InvalidInput, NotAllowed, NotFound, Unavailable
from cliprow.remote.credentials import Credentials, SignIn

logger = logging.getLogger(__name__)

_TIMEOUT = httpx.Timeout(connect=10, read=60, write=60, pool=60)
#: How often a request that may be repeated is sent, and the first pause in seconds.
_TRIES = 4
_PAUSE_S = 0.3
#: Rows asked for at once.
_PAGE = 200

_KINDS: dict[int, type[CliprowError]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    429: Unavailable,
}


class ProblemError(msgspec.Struct, kw_only=True):
    """What is wrong with one part of the request."""

    row: int | None = None
    field: str = ""
    reason: str = ""

    def describe(self) -> str:
        """In one line."""
        where = f"topic {self.row}, {self.field}" if self.row else self.field
        return f"{where}: {self.reason}"


class Problem(msgspec.Struct, kw_only=True):
    """What the API says of a refusal (RFC 9457)."""

    code: str = ""
    detail: str = ""
    next_step: str = ""
    errors: list[ProblemError] = []


def check_address(text: str, *, allow_http: bool = False) -> str:
    """The address of an API in the form in which it is remembered.

    Raises:
        InvalidInput: it is none, or would carry passwords in the clear over a network.
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InvalidInput(
            f"{text!r} is not the address of a deployment.",
            error_code="API_ADDRESS_INVALID",
            next_step="Give it as https://cliprow.example.com, the address below which /docs is served.",
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname) and not allow_http:
        raise InvalidInput(
            f"{text} would send your password over the network in the clear.",
            error_code="API_ADDRESS_INSECURE",
            next_step="Use https, or --allow-http if you trust everything on the way.",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class Api:
    """One deployment's API."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        self.url = url
        self._credentials = credentials
        self._client = httpx.Client(
            base_url=url, timeout=_TIMEOUT, headers={"Accept": "application/json", CLIENT_HEADER: CLI}
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def get(self, path: str, **parameters: object) -> Any:
        """What a GET answers.

        Raises:
            CliprowError: as the API says, or it does not answer.
        """
        return self._ask("GET", path, params=_given(parameters), repeats=True)

    def list(self, path: str, **parameters: object) -> Iterator[dict[str, Any]]:
        """The rows of a list, page by page as they are taken."""
        cursor = None
        while True:
            page = self.get(path, limit=_PAGE, cursor=cursor, **parameters)
            yield from page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def lines(self, path: str, **parameters: object) -> Sequence[bytes]:
        """The lines of an answer that is no JSON document.

        Raises:
            CliprowError: as the API says, or it does not answer.
        """
        answer = self._answer("GET", path, params=_given(parameters), headers={"Accept": "*/*"}, repeats=True)
        if not answer.is_success:
            checked(answer)
        return answer.content.splitlines()

    def post(self, path: str, body: object = None, *, key: str | None = None) -> Any:
        """What a POST answers; with an idempotency key it is sent again when the answer was lost.

        Raises:
            CliprowError: as the API says, or it does not answer.
        """
        headers = {"Idempotency-Key": key} if key else {}
        return self._ask("POST", path, json=body, headers=headers, repeats=key is not None)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What a request answers that changes something, sent once.

        Raises:
            CliprowError: as the API says, or it does not answer.
        """
        return self._ask(method, path, json=body)

    def put_picture(self, path: str, picture: bytes, media_type: str) -> Any:
        """What a PUT answers whose body is a picture.

        Raises:
            CliprowError: as the API says, or it does not answer.
        """
        return self._ask("PUT", path, content=picture, headers={"Content-Type": media_type}, repeats=True)

    def token(self) -> str:
        """An access token that will do, exchanged if need be.

        Raises:
            NotAllowed: nobody is signed in, or no longer.
        """
        sign_in = self._credentials.find(self.url)
        if sign_in is None:
            raise self._not_signed_in()
        return sign_in.access_token if sign_in.is_fresh else self._exchange(sign_in)

    def send(self, method: str, path: str, *, repeats: bool = False, **request: Any) -> httpx.Response:
        """Send a request as it is, without a sign-in of its own.

        Raises:
            CliprowError: as the API says, or it does not answer.
        """
        for tries_left in reversed(range(_TRIES if repeats else 1)):
            try:
                answer = self._client.request(method, path, **request)
            except httpx.TransportError as error:
                if not tries_left:
                    raise Unavailable(
                        f"{self.url} does not answer: {str(error) or type(error).__name__}.",
                        error_code="API_UNREACHABLE",
                        next_step="Check the address and the network, then repeat the command.",
                    ) from error
                pause_s = _PAUSE_S
            else:
                if answer.status_code not in (429, 502, 503, 504) or not tries_left:
                    return answer
                after = answer.headers.get("retry-after", "")
                pause_s = min(float(after), 30.0) if after.isdecimal() else _PAUSE_S
            time.sleep(pause_s * random.uniform(1, 1.5) * (_TRIES - tries_left))
        raise AssertionError

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        return checked(self._answer(method, path, **request))

    def _answer(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = request.pop("headers", {})
        token = self.token()
        for is_second in (False, True):
            answer = self.send(
                method, path, headers=headers | {"Authorization": f"Bearer {token}"}, **request
            )
            if answer.status_code != 401 or is_second:
                break
            # Ended early: by a changed clock, a switch of the signing keys.
            sign_in = self._credentials.find(self.url)
            token = self._exchange(sign_in) if sign_in is not None else token
        return answer

    def _exchange(self, sign_in: SignIn) -> str:
        """Exchange the refresh token, unless another command has done it meanwhile."""
        with self._credentials.locked():
            now = self._credentials.find(self.url)
            if now is None:
                raise self._not_signed_in()
            if now.access_token != sign_in.access_token and now.is_fresh:
                return now.access_token
            answer = self.send(
                "POST", "/auth/refresh", json={"refresh_token": now.refresh_token}, repeats=True
            )
            if answer.status_code in (400, 401, 403):
                self._credentials.forget(self.url)
                raise NotAllowed(
                    f"Your sign-in at {self.url} has ended.",
                    error_code="SIGN_IN_ENDED",
                    next_step=f"Sign in again: `cliprow login --api {self.url}`.",
                )
            fresh = sign_in_of(checked(answer), now.email)
            self._credentials.keep(self.url, fresh)
            return fresh.access_token

    def _not_signed_in(self) -> NotAllowed:
        return NotAllowed(
            f"You are not signed in at {self.url}.",
            error_code="NOT_SIGNED_IN",
            next_step=f"Sign in first: `cliprow login --api {self.url}`.",
        )


def sign_in_of(session: Mapping[str, Any], email: str = "") -> SignIn:
    """A session as the API tells it.

    Raises:
        Conflict: it is none yet, since the address is still to be confirmed.
    """
    user = session.get("user") or {}
    if not session.get("access_token") or not session.get("refresh_token"):
        raise Conflict(
            "There is no session yet: the address is to be confirmed first.",
            error_code="EMAIL_NOT_CONFIRMED",
            next_step="Follow the link in the e-mail, then sign in.",
        )
    return SignIn(
        email=user.get("email") or email,
        access_token=session["access_token"],
        refresh_token=session["refresh_token"],
        expires_at=float(session.get("expires_at") or time.time() + float(session.get("expires_in") or 0)),
    )


def checked(answer: httpx.Response) -> Any:
    """The JSON of an answer.

    Raises:
        CliprowError: it is a refusal, or comes from something that is no API of ours.
    """
    if answer.is_success:
        if not answer.content:
            return None
        try:
            return msgspec.json.decode(answer.content)
        except msgspec.DecodeError as error:
            raise Unavailable(
                f"{answer.url.host} answers, but not as an API of Cliprow does.",
                error_code="API_UNKNOWN",
                next_step="Check the address: /docs below it shows the API's reference.",
            ) from error
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except msgspec.DecodeError:
        problem = Problem()
    status = answer.status_code
    kind = _KINDS.get(status, Unavailable if status >= 500 else InvalidInput)
    listed = "".join(f"\n  {each.describe()}" for each in problem.errors[:20])
    raise kind(
        (problem.detail or f"{answer.url.host} answers {status} {answer.reason_phrase}.") + listed,
        error_code=problem.code.upper(),
        next_step=problem.next_step,
    )


def _given(parameters: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items() if value is not None}
