"""The API as an application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.openapi.spec import Tag
from litestar.types import Method

from cliprow.api import openapi, problems
from cliprow.api.edge import Edge
from cliprow.api.legacy.surface import legacy_router
from cliprow.api.request import ApiRequest
from cliprow.api.routes import ROUTERS
from cliprow.api.services import make_services
from cliprow.api.settings import ApiSettings
from cliprow.api.shapes import ShapePlugin
from cliprow.api.web_app import PageRedirect
from cliprow.doors import CLIENT_HEADER

_METHODS: list[Method] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
#: Headers that a page from another origin may send and read.
_SENT = ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Traceparent"]
_SENT += [CLIENT_HEADER, "X-Cliprow-Session", "X-Request-Id"]
_READ = ["ETag", "Idempotency-Replayed", "Location", "Retry-After", "Traceparent", "X-Request-Id"]


def create_app(settings: ApiSettings) -> Litestar:
    """The API; its connections are opened and closed with the application's lifespan."""
    services = make_services(settings)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await services.start(stack)
            yield

    state = State({"services": services}, deep_copy=False)
    legacy = [legacy_router(services, state, settings.legacy_tenant)] if settings.legacy_tenant else []
    tags = dict.fromkeys(tag for router in ROUTERS for tag in router.tags or ())
    app = Litestar(
        route_handlers=[*ROUTERS, *legacy],
        lifespan=[lifespan],
        request_class=ApiRequest,
        state=state,
        exception_handlers={Exception: problems.respond},
        cors_config=_cors(settings),
        plugins=[ShapePlugin()],
        openapi_config=openapi.config([Tag(name=tag) for tag in tags]),
        request_max_body_size=settings.max_body_bytes,
        logging_config=None,
    )
    app.asgi_handler = Edge(
        PageRedirect(app.asgi_handler),
        note_denial=services.denials.note,
        allows_origins=bool(settings.cors_origins),
    )
    return app


def _cors(settings: ApiSettings) -> CORSConfig | None:
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=[*settings.cors_origins],
        allow_methods=[*_METHODS],
        allow_headers=_SENT,
        expose_headers=_READ,
        # For the cookie with the refresh token; the origins are named, never all.
        allow_credentials="*" not in settings.cors_origins,
    )
