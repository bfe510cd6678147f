"""Verifies the access tokens of Supabase Auth.

    verifier = TokenVerifier(f"{url}/auth/v1", f"{url}/auth/v1/.well-known/jwks.json")
    claims = await verifier.verify(token)

Projects sign with a private key whose public half is in their JWKS (ES256, RS256), older ones with a shared secret
(HS256). Which algorithm a token may use is decided by the key that verifies it, never by the token alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from typing import Any
from uuid import UUID

import httpx
import jwt
import msgspec

from cliprow.errors import Unauthenticated, Unavailable

_log = logging.getLogger(__name__)

#: The only role that a user's token may carry.
USER_ROLE = "authenticated"
#: Algorithms whose verification needs a public key only.
_PUBLIC_KEY_ALGORITHMS = frozenset({"ES256", "RS256"})
#: Longest token looked at, in characters; those of Supabase have about a thousand.
_MAX_TOKEN_CHARS = 16_384
#: Keys are fetched again when they are older than this: Supabase lets them be cached for ten minutes.
_KEYS_FRESH_S = 600.0
#: Keys this old are not trusted any more, even if no newer ones can be had.
_KEYS_USABLE_S = 3600.0
#: An unknown key id makes the keys be fetched again, but not more often than this.
_FETCH_EVERY_S = 10.0
#: Nor is a fetch that failed repeated sooner than this.
_FETCH_AGAIN_S = 1.0
#: A token is verified again after this, so that a key which was withdrawn stops counting.
_REMEMBERED_S = 60.0
_REMEMBERED_COUNT = 10_000
_TIMEOUT = httpx.Timeout(5.0)


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a verified token says of its user."""

    user_id: UUID
    #: The tenant it acts in; None for a user who belongs to none.
    tenant_id: UUID | None = None
    #: The database's role, `authenticated`.
    role: str = USER_ROLE
    #: The sign-in that the token comes from.
    session_id: UUID | None = None
    #: viewer, editor, admin or owner when the token was made; the database looks at what holds now.
    project_role: str | None = None
    analytics_scope: str | None = None
    email: str | None = None
    #: Unix time.
    expires_at: float = 0.0
    #: All claims as JSON, for `request.jwt.claims`.
    raw: str = "{}"


class TokenVerifier:
    """Says whose token it is, and remembers it for a minute.

    Args:
        issuer: `iss` that tokens must have, like https://PROJECT.supabase.co/auth/v1.
        jwks_url: where the public keys are.
        secret: the shared secret of a project that signs with HS256; None refuses such tokens.
    """

    def __init__(
        self, issuer: str, jwks_url: str, secret: str | None = None, audience: str = USER_ROLE
    ) -> None:
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._secret = secret or None
        self._audience = audience
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._asked_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._known: OrderedDict[bytes, tuple[float, Claims]] = OrderedDict()

    async def verify(self, token: str) -> Claims:
        """The claims of a token.

        Raises:
            Unauthenticated: malformed, expired, not signed for us, or not a user's.
            Unavailable: the keys cannot be had.
        """
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        now = time.time()
        if (known := self._known.get(name)) is not None:
            if now < known[0]:
                self._known.move_to_end(name)
                return known[1]
            del self._known[name]
        claims = _as_claims(await self._decode(token))
        self._known[name] = (min(claims.expires_at, now + _REMEMBERED_S), claims)
        if len(self._known) > _REMEMBERED_COUNT:
            self._known.popitem(last=False)
        return claims

    async def check_keys(self) -> None:
        """Have the keys, as `verify` would need them.

        Raises:
            Unavailable: they cannot be had.
        """
        if self._secret is None:
            await self._refresh(_KEYS_FRESH_S)

    async def _decode(self, token: str) -> dict[str, Any]:
        if len(token) > _MAX_TOKEN_CHARS:
            raise _refused("it is too long")
        try:
            header = jwt.get_unverified_header(token)
            key, algorithm = await self._key(header)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                options={"require": ["exp", "sub", "aud", "iss"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated(
                "The access token has expired.",
                error_code="TOKEN_EXPIRED",
                next_step="Refresh the session, and send the request again with the new token.",
            ) from error
        except (jwt.InvalidTokenError, jwt.PyJWKError, ValueError, TypeError) as error:
            raise _refused(str(error) or type(error).__name__) from error
        return claims

    async def _key(self, header: dict[str, Any]) -> tuple[Any, str]:
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm == "HS256" and self._secret is not None:
            return self._secret, "HS256"
        if algorithm not in _PUBLIC_KEY_ALGORITHMS or not isinstance(kid, str):
            raise _refused("its algorithm or key is not one of this project's")
        await self._refresh(_KEYS_FRESH_S if kid in self._keys else _FETCH_EVERY_S)
        key = self._keys.get(kid)
        if key is None or key.algorithm_name != algorithm:
            raise _refused("its algorithm or key is not one of this project's")
        return key.key, algorithm

    async def _refresh(self, oldest_s: float) -> None:
        """Fetch the keys if they are older than this; one request at a time, and not too many."""
        if time.monotonic() - self._fetched_at < oldest_s:
            return
        async with self._fetching:
            now = time.monotonic()
            wait_s = _FETCH_AGAIN_S if self._fetched_at < self._asked_at else _FETCH_EVERY_S
            if now - self._fetched_at >= oldest_s and now - self._asked_at >= wait_s:
                self._asked_at = now
                try:
                    async with httpx.AsyncClient(timeout=_TIMEOUT) as client:
                        answer = (await client.get(self._jwks_url)).raise_for_status()
                    self._keys = _read_keys(answer.content)
                    self._fetched_at = now
                except (httpx.HTTPError, msgspec.DecodeError) as error:
                    _log.warning("the keys of access tokens cannot be had: %s", type(error).__name__)
        if time.monotonic() - self._fetched_at > _KEYS_USABLE_S:
            self._keys = {}
            raise Unavailable(
                "The keys that access tokens are verified with cannot be had from Supabase Auth.",
                error_code="SIGNING_KEYS_UNAVAILABLE",
                next_step="Repeat the request in a moment; an operator checks SUPABASE_URL.",
            )


def _read_keys(document: bytes) -> dict[str, jwt.PyJWK]:
    """The public keys of a JWKS by their id; kinds that we do not use are left out."""
    keys = msgspec.json.decode(document, type=dict[str, Any]).get("keys", [])
    return {
        entry["kid"]: jwt.PyJWK.from_dict(entry)
        for entry in keys
        if isinstance(entry, dict)
        and isinstance(entry.get("kid"), str)
        and entry.get("alg", {"EC": "ES256", "RSA": "RS256"}.get(entry.get("kty", "")))
        in _PUBLIC_KEY_ALGORITHMS
    }


def _as_claims(payload: dict[str, Any]) -> Claims:
    if payload.get("role") != USER_ROLE:
        raise _refused("it is not a signed-in user's")
    try:
        return Claims(
            user_id=UUID(payload["sub"]),
            tenant_id=_uuid(payload.get("tenant_id")),
            session_id=_uuid(payload.get("session_id")),
            project_role=payload.get("project_role"),
            analytics_scope=payload.get("analytics_scope"),
            email=payload.get("email"),
            expires_at=float(payload["exp"]),
            raw=msgspec.json.encode(payload).decode(),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise _refused("its claims are not those of a user") from error


def _uuid(value: object) -> UUID | None:
    return UUID(str(value)) if value else None


def _refused(why: str) -> Unauthenticated:
    """Says why, never what the token was."""
    return Unauthenticated(
        f"The access token is not valid: {why}.", error_code="TOKEN_INVALID", next_step="Sign in again."
    )
