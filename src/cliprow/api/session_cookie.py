"""The refresh token of a browser, in a cookie that its scripts cannot read.

A web app asks for it with the header `X-Cliprow-Session: cookie`, and keeps the access token in memory only. Other sites
cannot use the cookie: it is SameSite=Strict, a page elsewhere may not send the header without CORS allowing it, and the
Origin must be our own or one that may call.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from litestar.datastructures import Cookie

from cliprow.api.problems import Refused
from cliprow.api.request import ApiRequest

NAME = "cliprow_refresh"
HEADER = "x-cliprow-session"
PATH = "/auth"
_KEPT_S = 60 * 24 * 3600
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def wants_cookie(request: ApiRequest) -> bool:
    """Whether the caller is a web app that keeps its refresh token in the cookie.

    Raises:
        Refused: it asks from a page of somebody else's.
    """
    if request.headers.get(HEADER, "").lower() != "cookie":
        return False
    origin = request.headers.get("origin", "")
    allowed = request.services.settings.cors_origins
    if origin not in allowed and (
        not origin or urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
    ):
        raise Refused(
            HTTPStatus.FORBIDDEN,
            "A session cookie is only for pages of this site, or of one that may call it.",
            error_code="ORIGIN_NOT_ALLOWED",
            next_step="Call from a page of this site, or have its origin added to CLIPROW_API_CORS_ORIGINS.",
        )
    return True


def token_in(request: ApiRequest) -> str:
    """The refresh token in the cookie, for a caller that may use it; empty when there is none."""
    return request.cookies.get(NAME, "") if wants_cookie(request) else ""


def cookie_with(request: ApiRequest, refresh_token: str) -> Cookie:
    """The cookie for a new refresh token."""
    return _cookie(request, refresh_token, _KEPT_S)


def no_cookie(request: ApiRequest) -> Cookie:
    """What makes a browser forget the cookie."""
    return _cookie(request, "", 0)


def _cookie(request: ApiRequest, value: str, max_age_s: int) -> Cookie:
    # Over plain HTTP only on this machine, where some browsers drop secure cookies.
    is_local = request.url.scheme == "http" and request.url.hostname in _LOOPBACK
    return Cookie(
        NAME,
        path=PATH,
        value=value,
        max_age=max_age_s,
        httponly=True,
        secure=not is_local,
        samesite="strict",
    )
