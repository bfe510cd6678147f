"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

import msgspec
from litestar import Response, Router, get

from cliprow.api.request import ApiRequest
from cliprow.errors import CliprowError


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["healthy"]
    service: str


class Readiness(msgspec.Struct, frozen=True):
    """What a request would need."""

    status: Literal["ready", "not_ready"]
    #: `ok`, or the code of what is wrong, by what was looked at.
    checks: dict[str, str]


@get("/health", sync_to_thread=False)
def get_health() -> Health:
    """Answer as long as the process lives."""
    return Health("healthy", "cliprow")


@get("/ready")
async def get_readiness(request: ApiRequest) -> Response[Readiness]:
    """Say whether requests can be served: 503 while something is missing, or tenants are not kept apart."""
    checks = {
        "database": await _database(request),
        "signing_keys": await _signing_keys(request),
        "tenant_isolation": "broken" if request.services.canary.seen else "ok",
    }
    ready = set(checks.values()) == {"ok"}
    return Response(
        Readiness("ready" if ready else "not_ready", checks),
        status_code=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
    )


async def _database(request: ApiRequest) -> str:
    try:
        async with request.services.database.as_itself() as connection:
            await connection.execute("select 1")
    except CliprowError as error:
        return error.error_code.lower()
    return "ok"


async def _signing_keys(request: ApiRequest) -> str:
    try:
        await request.services.verifier.check_keys()
    except CliprowError as error:
        return error.error_code.lower()
    return "ok"


router: Router = Router(path="/", route_handlers=[get_health, get_readiness], tags=["Health"])
