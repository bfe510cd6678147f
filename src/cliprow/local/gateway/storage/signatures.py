"""Signed links: tokens that stand for one right on one file until they expire."""

from __future__ import annotations

import hmac
import time
from typing import Any, Literal

import jwt

from cliprow.local.gateway.storage.failures import StorageFailure, invalid_request, invalid_signature

Scope = Literal["download", "upload"]

#: How long a link for an upload holds.
UPLOAD_LINK_S = 2 * 3600
#: Longest life of a link: ten years.
MAX_LINK_S = 10 * 365 * 24 * 3600


class Signer:
    """Signs and verifies the tokens in links."""

    def __init__(self, secret: str) -> None:
        # A key of its own: a token from a link must never pass for a user's, nor a user's for a link.
        self._key = hmac.digest(secret.encode(), b"signed storage links", "sha256")

    def sign(self, path: str, scope: Scope, expires_in_s: int, **claims: Any) -> str:
        """A token for one right on the file at `bucket/path`."""
        now = int(time.time())
        payload = {**claims, "url": path, "scope": scope, "iat": now, "exp": now + expires_in_s}
        return jwt.encode(payload, self._key, algorithm="HS256")

    def verify(self, token: str, path: str, scope: Scope) -> dict[str, Any]:
        """The claims of a token for this right on this file.

        Raises:
            StorageFailure: it is not ours, has expired, or stands for something else.
        """
        if not token:
            raise invalid_request("querystring must have required property 'token'")
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._key, algorithms=["HS256"], options={"require": ["exp", "url", "scope"]}
            )
        except jwt.ExpiredSignatureError as error:
            raise StorageFailure(400, "InvalidJWT", '"exp" claim timestamp check failed') from error
        except jwt.InvalidTokenError as error:
            raise StorageFailure(400, "InvalidJWT", "The token of this link is not valid") from error
        if claims["scope"] != scope:
            raise invalid_signature(f"Token is not scoped for {scope}")
        if claims["url"] != path:
            raise invalid_signature()
        return claims


def link_seconds(value: int | str) -> int:
    """How long a link is to hold; older clients send the number as text.

    Raises:
        StorageFailure: it is no number of seconds from 1 on.
    """
    try:
        seconds = int(value)
    except ValueError:
        seconds = 0
    if not 1 <= seconds <= MAX_LINK_S:
        raise invalid_request(f"expiresIn must be a number of seconds from 1 to {MAX_LINK_S}")
    return seconds
