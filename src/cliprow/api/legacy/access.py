"""Who may use the old surface, and as whom it acts."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from psycopg.types.json import Jsonb

from cliprow.api.archives import Archiver
from cliprow.api.database import Database, Transaction
from cliprow.api.media import Media
from cliprow.auth import Claims
from cliprow.errors import NotAllowed, NotFound

_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
#: Headers of a proxy: whoever stands behind it is not this machine.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Door:
    """Lets callers of the old surface in, and gives them the legacy tenant's transaction.

    Args:
        tenant_id: whose data it shows.
        api_key: what callers must send; without one only this machine is let in.
        origins: web origins that may call from elsewhere.
    """

    def __init__(
        self,
        database: Database,
        media: Media,
        archiver: Archiver,
        *,
        tenant_id: UUID,
        api_key: str,
        origins: frozenset[str],
    ) -> None:
        self._database = database
        self.media = media
        self.archiver = archiver
        self.tenant_id = tenant_id
        self._api_key = api_key
        self._origins = origins

    def check(self, headers: Mapping[str, str], query: Mapping[str, str], client: str) -> None:
        """Refuse callers that may not use this surface.

        Raises:
            NotAllowed: another origin, another machine, or a wrong key.
        """
        host = headers.get("host", "")
        origin = headers.get("origin")
        if origin and origin not in self._origins and origin not in {f"http://{host}", f"https://{host}"}:
            raise NotAllowed(
                "This origin may not call.",
                error_code="ORIGIN_NOT_ALLOWED",
                next_step="Add it to CLIPROW_API_CORS_ORIGINS.",
            )
        if self._api_key:
            if not hmac.compare_digest(_key_of(headers, query).encode(), self._api_key.encode()):
                raise NotAllowed(
                    "The API key is missing or wrong.",
                    error_code="API_KEY_REFUSED",
                    next_step="Send it as X-API-Key.",
                )
        elif any(name in headers for name in _FORWARDED) or not _is_local(client) or not _names_us(host):
            raise NotAllowed(
                "Without an API key this surface answers on its own machine only.",
                error_code="LOOPBACK_ONLY",
                next_step="Set CLIPROW_LEGACY_API_KEY for the API, and send it as X-API-Key.",
            )

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[Transaction]:
        """One transaction as the owner of the legacy tenant.

        Raises:
            NotFound: there is no such tenant, or nobody owns it.
        """
        async with self._database.acting(await self._owner()) as transaction:
            yield transaction

    async def record(self, content_id: UUID, platform: str, figures: Mapping[str, object]) -> None:
        """Keep figures of content of the legacy tenant, which users may not write themselves."""
        owner = await self._owner()
        async with self._database.as_itself() as connection, connection.transaction():
            await connection.execute("select set_config('request.jwt.claims', %s, true)", [owner.raw])
            await connection.execute(
                "select private.record_performance(%s, %s, %s)", [content_id, platform, Jsonb(figures)]
            )

    async def _owner(self) -> Claims:
        # Asked each time: an owner who has left is out at once, here too.
        async with self._database.as_itself() as connection:
            row = await (
                await connection.execute("select private.tenant_owner(%s)", [self.tenant_id])
            ).fetchone()
        if row is None or row[0] is None:
            raise NotFound(
                "The legacy tenant of this deployment does not exist or has no owner.",
                error_code="LEGACY_TENANT_MISSING",
                next_step="Set CLIPROW_LEGACY_TENANT to the id of a tenant.",
            )
        raw = {
            "sub": str(row[0]),
            "role": "authenticated",
            "aud": "authenticated",
            "tenant_id": str(self.tenant_id),
        }
        return Claims(user_id=row[0], tenant_id=self.tenant_id, raw=msgspec.json.encode(raw).decode())


def legacy_door(state: State) -> Door:
    """The way into the legacy tenant, for handlers."""
    door: Door = state["legacy"]
    return door


#: The parameter of handlers that gives them the way in.
TheDoor = NamedDependency[Door]


async def allowed(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard: the caller may use the old surface."""
    legacy_door(connection.app.state).check(
        connection.headers, connection.query_params, connection.client.host if connection.client else ""
    )


def _key_of(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    """The key a caller sent: players and sockets cannot set headers, so the query may carry it too."""
    bearer = headers.get("authorization", "")
    return (
        headers.get("x-api-key")
        or (bearer[7:] if bearer[:7].lower() == "bearer " else "")
        or query.get("api_key", "")
    )


def _is_local(client: str) -> bool:
    try:
        return ipaddress.ip_address(client).is_loopback
    except ValueError:
        return False


def _names_us(host: str) -> bool:
    """Whether the Host header names this machine: a page elsewhere may have its own name point here."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name.strip("[]").lower() in _LOCAL_NAMES
