"""Operators: those who run the deployment. They send the project's secret key, and act over all tenants.

What they may do is what `cliprow_api` may call as itself: functions made for them, and no table.
"""

from __future__ import annotations

import hmac
from typing import Any, LiteralString, cast

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from cliprow.api.request import ApiRequest, signed_in
from cliprow.api.services import Services
from cliprow.errors import NotAllowed

#: `security=` of a route that takes the secret key.
OPERATOR: list[dict[str, list[str]]] = [{"operator": []}]
#: Who the audit says it was.
_CLAIMS = msgspec.json.encode({"role": "service_role"}).decode()


async def is_operator(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard: the request carries the project's secret key.

    Raises:
        Unauthenticated: it carries nothing that we know.
        NotAllowed: it carries a user's token.
    """
    services = cast(Services, connection.app.state["services"])
    scheme, _space, token = connection.headers.get("authorization", "").partition(" ")
    key = services.settings.secret_key
    if scheme.lower() == "bearer" and key and hmac.compare_digest(token.strip().encode(), key.encode()):
        return
    await signed_in(connection, handler)
    raise NotAllowed(
        "This is for those who run the deployment.",
        error_code="NOT_AN_OPERATOR",
        next_step="Send the project's secret key as `Authorization: Bearer`, from a server, never from a browser.",
    )


async def ask_as_operator(request: ApiRequest, query: LiteralString, *arguments: object) -> Any:
    """The first value of what an operator asks for, in a transaction of its own.

    Raises:
        CliprowError: as the database says.
    """
    async with request.services.database.as_itself() as connection, connection.transaction():
        await connection.execute(
            "select set_config('request.jwt.claims', %s, true), set_config('cliprow.door', %s, true),"
            " set_config('statement_timeout', %s, true)",
            [_CLAIMS, request.door, str(request.services.settings.statement_timeout_ms)],
        )
        row = await (await connection.execute(query, arguments)).fetchone()
    return row[0] if row else None
