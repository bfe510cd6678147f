"""What the handlers of Auth share, and how they learn who calls."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, TypeVar
from uuid import UUID

import httpx
import msgspec
from litestar import Request
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from cliprow.local.gateway.auth.errors import AuthError
from cliprow.local.gateway.auth.hook import ClaimsHook
from cliprow.local.gateway.auth.mailer import Mailer
from cliprow.local.gateway.auth.passwords import Passwords
from cliprow.local.gateway.auth.providers import Provider
from cliprow.local.gateway.auth.rates import Rates
from cliprow.local.gateway.auth.sessions import Device, Sessions
from cliprow.local.gateway.auth.users import Connection, User, find_by_id
from cliprow.local.gateway.keys import Keyring, Refused
from cliprow.local.gateway.services import Services
from cliprow.local.gateway.settings import GatewaySettings, Options

_log = logging.getLogger(__name__)

#: Names the address of the person that a server asks for.
FORWARDED_HEADER = "sb-forwarded-for"
#: Any request of the gateway.
AnyRequest = Request[Any, Any, Any]

#: Time zone so that times are answered as the real service answers them; no statement of ours takes longer.
_OPTIONS = "-c timezone=UTC -c statement_timeout=8000 -c lock_timeout=5000"

Body = TypeVar("Body")


@dataclass(frozen=True)
class SignedIn:
    """The user that a request's token stands for, and its session."""

    user: User
    session_id: UUID | None


class Auth:
    """Settings, connections and the parts that handlers call."""

    def __init__(self, services: Services) -> None:
        self.settings: GatewaySettings = services.settings
        self.options: Options = services.settings.options
        self.keyring: Keyring = services.keyring
        self.passwords = Passwords(self.settings.password_memory_kib)
        self.rates = Rates(self.options)
        self.mailer = Mailer(self.settings.issuer)
        self.sessions = Sessions(
            self.keyring, ClaimsHook(self.options.claims_hook), self.options.access_token_s
        )
        self.http = httpx.AsyncClient()
        self.providers = {
            name.lower(): Provider(name.lower(), given, f"{self.settings.issuer}/callback", self.http)
            for name, given in self.options.oauth.items()
        }
        self.pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
            self.settings.auth_db,
            kwargs={"row_factory": dict_row, "autocommit": True, "options": _OPTIONS},
            min_size=1,
            max_size=10,
            timeout=5,
            # After a restart of the database nobody gets a connection that is gone.
            check=AsyncConnectionPool.check_connection,
            open=False,
            name="auth",
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction as supabase_auth_admin: committed at the end of the block, rolled back by an exception."""
        async with self.pool.connection() as connection, connection.transaction():
            yield connection

    async def signed_in(self, request: AnyRequest) -> SignedIn:
        """The user that the request's token stands for.

        Raises:
            AuthError: there is no key or no token, or it is not valid any longer.
        """
        self.require_key(request)
        claims = self._claims(request)
        user_id, session_id = _uuid(claims, "sub"), _uuid(claims, "session_id")
        if user_id is None:
            raise AuthError(403, "bad_jwt", "invalid claim: missing sub claim")
        async with self.pool.connection() as connection:
            user = await find_by_id(connection, user_id)
            if user is None:
                raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist")
            if session_id is not None:
                cursor = await connection.execute(
                    "select from auth.sessions where id = %s and user_id = %s", [session_id, user_id]
                )
                if await cursor.fetchone() is None:
                    raise AuthError(
                        403, "session_not_found", "Session from session_id claim in JWT does not exist"
                    )
        if user.is_banned:
            raise AuthError(403, "user_banned", "User is banned")
        return SignedIn(user, session_id)

    def require_admin(self, request: AnyRequest) -> None:
        """Refuse all but the secret key.

        Raises:
            AuthError: the request has another key, or none.
        """
        if self.keyring.identify(request.headers).role != "service_role":
            raise AuthError(403, "not_admin", "User not allowed")

    def require_key(self, request: AnyRequest) -> None:
        """Refuse requests without an API key of this project.

        Raises:
            AuthError: the key is missing or wrong.
        """
        key = request.headers.get("apikey", "") or request.query_params.get("apikey", "")
        if not key:
            raise AuthError(401, "no_authorization", "No API key found in request")
        self.keyring.of_key(key)

    def device(self, request: AnyRequest) -> Device:
        """Where a request comes from: the peer, or whom a server that holds the secret key asks for."""
        address = request.client.host if request.client else "127.0.0.1"
        told = request.headers.get(FORWARDED_HEADER, "").split(",")[0].strip()
        # Anybody could write the header; only with the secret key it is believed, as on a real project.
        if told and self.keyring.is_secret(request.headers.get("apikey", "")):
            try:
                address = str(ip_address(told))
            except ValueError:
                _log.warning("%s does not name an IP address and is not used", FORWARDED_HEADER)
        return Device(address, request.headers.get("user-agent"))

    def _claims(self, request: AnyRequest) -> dict[str, Any]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token")
        token = token.strip()
        if token.startswith("sb_"):
            return dict(self.keyring.of_key(token).claims)
        try:
            return dict(self.keyring.verify(token).claims)
        except Refused as error:
            raise AuthError(
                403, "bad_jwt", f"invalid JWT: unable to parse or verify signature, {error.message}"
            ) from error


async def read(request: AnyRequest, kind: type[Body]) -> Body:
    """The request's JSON.

    Raises:
        AuthError: it is none, or not of this shape.
    """
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AuthError(400, "bad_json", f"Could not parse request body as JSON: {error}") from error


def _uuid(claims: dict[str, Any], name: str) -> UUID | None:
    try:
        return UUID(claims[name]) if claims.get(name) else None
    except (ValueError, TypeError, AttributeError) as error:
        raise AuthError(403, "bad_jwt", f"invalid claim: {name} claim must be a UUID") from error
