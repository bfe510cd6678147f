"""What a handler works with: who calls, and the database as that caller."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, LiteralString, cast

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import SerializationException
from litestar.handlers import BaseRouteHandler

from cliprow.api.database import Row, Transaction
from cliprow.api.services import Services
from cliprow.auth import Claims
from cliprow.doors import CLIENT_HEADER, said_door
from cliprow.errors import NotAllowed, Unauthenticated


class ApiRequest(Request[Any, Any, State]):
    """A request with its caller."""

    @property
    def services(self) -> Services:
        """What all requests share."""
        return cast(Services, self.app.state["services"])

    @property
    def caller(self) -> Claims:
        """Who is signed in; only on routes with the guard `signed_in` or `in_tenant`."""
        return cast(Claims, self.scope["state"]["caller"])

    @property
    def tenant_id(self) -> object:
        """The tenant in which the caller acts. Queries name it beside the policy, so that plans start from it."""
        return self.caller.tenant_id

    @property
    def address(self) -> str:
        """Where the request comes from."""
        return self.client.host if self.client else ""

    @property
    def door(self) -> str:
        """Which way it came, by what the client says of itself: for the audit, and for nothing else."""
        return said_door(self.headers.get(CLIENT_HEADER))

    async def json(self) -> Any:
        """The body as JSON.

        Raises:
            SerializationException: it is none; the caller is told so.
        """
        try:
            return await super().json()
        except UnicodeDecodeError as error:
            raise SerializationException(f"The body is not UTF-8: {error.reason}.") from error

    async def fetch(self, *queries: tuple[LiteralString, Sequence[object]]) -> list[list[Row]]:
        """The rows of queries that only read, as the caller, in one round trip.

        Raises:
            NotAllowed: the first finds nothing because the caller is no member any more.
        """
        found = await self.services.database.fetch(self.caller, *queries)
        if not found[0] and self.caller.tenant_id is not None:
            # Row-level security by itself shows somebody who was removed an empty world.
            ((tenant_id,),) = (
                await self.services.database.fetch(self.caller, ("select private.tenant_id()", ()))
            )[0]
            if tenant_id is None:
                raise no_tenant()
        return found

    async def rows(self, query: LiteralString, *arguments: object) -> list[Row]:
        """As `fetch`, the rows of one query."""
        return (await self.fetch((query, arguments)))[0]

    def acting(self) -> AbstractAsyncContextManager[Transaction]:
        """The request's one transaction, as the caller."""
        return self.services.database.acting(self.caller, self.door)


async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard: the request carries a valid access token; its user is counted.

    Raises:
        Unauthenticated: it does not.
    """
    services = cast(Services, connection.app.state["services"])
    address = connection.client.host if connection.client else ""
    scheme, _space, token = connection.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Nobody is signed in.", error_code="TOKEN_MISSING")
        caller = await services.verifier.verify(token.strip())
    except Unauthenticated:
        await services.limits.count_address(address)
        raise
    connection.scope["state"]["caller"] = caller
    await services.limits.count_user(caller.user_id)


async def in_tenant(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard: as `signed_in`, and the token names a tenant to act in.

    Raises:
        NotAllowed: the user belonged to none when the token was made.
    """
    await signed_in(connection, handler)
    if connection.scope["state"]["caller"].tenant_id is None:
        raise no_tenant()


def no_tenant() -> NotAllowed:
    """The caller belongs to no tenant, or no longer to the one its token names."""
    return NotAllowed(
        "You are not a member of the tenant that you are signed in to.",
        error_code="NO_TENANT",
        next_step="Create a tenant or accept an invitation, then refresh the session.",
    )
