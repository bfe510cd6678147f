"""Where people may be sent after a link in an e-mail or a sign-in elsewhere: only to places that the options allow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from cliprow.local.gateway.auth.errors import AuthError
from cliprow.local.gateway.auth.service import AnyRequest
from cliprow.local.gateway.settings import Options

#: Characters that browsers and URL parsers read differently.
_TREACHEROUS = re.compile(r"[\s\\\x00-\x1f\x7f]")
_OAUTH_ERRORS = {
    400: "invalid_request",
    401: "unauthorized_client",
    403: "access_denied",
    500: "server_error",
    503: "temporarily_unavailable",
}


def target(request: AnyRequest, options: Options) -> str:
    """Where the request wants its user to land, if that is allowed; else the site."""
    for wanted in (request.query_params.get("redirect_to"), request.headers.get("referer")):
        if wanted and is_allowed(wanted, options):
            return wanted
    return options.site_url


def is_allowed(wanted: str, options: Options) -> bool:
    """Whether a place is the site or one of the allowed ones."""
    found = _split(wanted)
    if found is None:
        return False
    site = _split(options.site_url)
    if site is not None and _origin(found) == _origin(site):
        return True
    return any(_matches(found, pattern) for pattern in options.redirect_urls)


def _matches(found: SplitResult, pattern: str) -> bool:
    is_open = pattern.endswith("*")
    stem = pattern.removesuffix("*")
    # `http://127.0.0.1:*` is any port, and then any path
    any_port = is_open and stem.endswith(":")
    allowed = _split(stem.removesuffix(":") if any_port else stem)
    if allowed is None or (found.scheme, found.hostname) != (allowed.scheme, allowed.hostname):
        return False
    if any_port:
        return True
    if found.port != allowed.port:
        return False
    rest, allowed_rest = _rest(found), _rest(allowed)
    if is_open:
        return rest.startswith(allowed_rest) and ".." not in found.path
    return rest == allowed_rest


def _split(text: str) -> SplitResult | None:
    """The parts of an absolute URL without a user's name in it, or None."""
    if _TREACHEROUS.search(text):
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    if not parts.scheme or not parts.hostname or "@" in parts.netloc:
        return None
    return parts if parts.scheme not in ("javascript", "data", "file", "blob") else None


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port


def _rest(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def with_query(url: str, values: Mapping[str, str]) -> str:
    """The URL with more in its query."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query, True) if name not in values]
    return urlunsplit(parts._replace(query=urlencode([*query, *values.items()])))


def with_fragment(url: str, values: Mapping[str, str]) -> str:
    """The URL with this as its fragment; `sb` tells clients who wrote it."""
    return urlunsplit(urlsplit(url)._replace(fragment=urlencode({**values, "sb": ""})))


def with_error(url: str, error: AuthError, *, in_query: bool) -> str:
    """The URL that tells a client what went wrong."""
    values = {
        "error": _OAUTH_ERRORS.get(error.status, "access_denied"),
        "error_code": error.code,
        "error_description": error.message,
    }
    return with_fragment(with_query(url, values) if in_query else url, values)
