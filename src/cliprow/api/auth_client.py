"""Supabase Auth as the API's own client: sign-in and the like are passed on to it, and its errors become ours."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx
import msgspec

from cliprow.api.problems import Refused
from cliprow.api.settings import ApiSettings
from cliprow.errors import CliprowError, Unavailable

#: Answers in the form that this client reads.
_VERSION = {"X-Supabase-Api-Version": "2024-01-01"}
#: Codes of Auth that mean: sign in again. It answers some of them with 400 or 403.
SESSION_IS_GONE = frozenset({
    "bad_jwt", "refresh_token_already_used", "refresh_token_not_found", "session_expired", "session_not_found",
    "user_not_found", "user_banned",
})  # fmt: skip
_UNAUTHENTICATED = SESSION_IS_GONE | {"invalid_credentials"}
_NEXT_STEPS = {
    "invalid_credentials": "Check address and password, or recover the password.",
    "email_not_confirmed": "Open the link in the message that was sent to the address, then sign in.",
    "weak_password": "Choose a longer password, with more kinds of characters.",
    "user_already_exists": "Sign in instead, or recover the password.",
    "email_exists": "Sign in instead, or recover the password.",
    "over_request_rate_limit": "Wait a few minutes, then try again.",
    "over_email_send_rate_limit": "Wait a few minutes, then try again.",
}


class _AuthError(msgspec.Struct):
    """As Auth says it, in this and older forms."""

    code: str | int = ""
    message: str = ""
    error_code: str = ""
    msg: str = ""
    error: str = ""
    error_description: str = ""


class AuthClient:
    """Calls Auth for somebody."""

    def __init__(self, settings: ApiSettings, http: httpx.AsyncClient) -> None:
        self._http = http
        self._base = settings.auth_url
        self._key = settings.secret_key or settings.publishable_key
        # A project believes this header only together with a secret key.
        self._tells_address = bool(settings.secret_key)

    async def call(
        self,
        method: str,
        path: str,
        *,
        address: str,
        json: object = None,
        parameters: dict[str, str] | None = None,
        token: str = "",
    ) -> dict[str, Any]:
        """What Auth answers.

        Args:
            address: the caller's, which Auth's own limits count.
            token: an access token, where the call is for a signed-in user.

        Raises:
            Refused: as Auth said.
            Unavailable: it does not answer.
        """
        headers = {"apikey": self._key, **_VERSION}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if self._tells_address and address:
            headers["Sb-Forwarded-For"] = address
        try:
            answer = await self._http.request(
                method, f"{self._base}{path}", json=json, params=parameters, headers=headers
            )
        except httpx.HTTPError as error:
            raise _unavailable() from error
        if answer.is_error:
            raise _refused(answer)
        try:
            found: dict[str, Any] = msgspec.json.decode(answer.content or b"{}", type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise _unavailable() from error
        return found


def _refused(answer: httpx.Response) -> CliprowError:
    try:
        said = msgspec.json.decode(answer.content, type=_AuthError)
    except msgspec.DecodeError:
        said = _AuthError()
    code = said.error_code or (said.code if isinstance(said.code, str) else "") or said.error
    message = said.message or said.msg or said.error_description or "Auth refused the request."
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unavailable()
    status = HTTPStatus(answer.status_code)
    if code in _UNAUTHENTICATED:
        status = HTTPStatus.UNAUTHORIZED
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers = {"Retry-After": answer.headers.get("retry-after", "60")}
    next_step = _NEXT_STEPS.get(code, "Sign in again." if code in SESSION_IS_GONE else "Correct the request.")
    return Refused(
        status,
        message if message.endswith(".") else f"{message}.",
        error_code=(code or "auth_refused").upper(),
        next_step=next_step,
        headers=headers,
    )


def _unavailable() -> Unavailable:
    return Unavailable(
        "Supabase Auth does not answer.",
        error_code="AUTH_UNAVAILABLE",
        next_step="Repeat the request in a moment; an operator checks SUPABASE_URL.",
    )
