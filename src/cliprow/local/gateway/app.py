"""The four parts as one ASGI application."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from litestar import Litestar, get
from litestar.config.cors import CORSConfig

from cliprow.local.gateway.auth import AuthPart
from cliprow.local.gateway.browsers import refuse_secret_keys_in_browsers
from cliprow.local.gateway.keys import Keyring
from cliprow.local.gateway.realtime.part import RealtimePart
from cliprow.local.gateway.rest.part import RestPart
from cliprow.local.gateway.services import Part, Services
from cliprow.local.gateway.settings import GatewaySettings
from cliprow.local.gateway.storage.part import StoragePart

#: Headers that browsers may read of an answer.
EXPOSED_HEADERS = [
    "Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Last-Modified", "Location", "Preference-Applied",
    "Range-Unit", "Retry-After", "Tus-Extension", "Tus-Max-Size", "Tus-Resumable", "Tus-Version", "Upload-Expires",
    "Upload-Length", "Upload-Metadata", "Upload-Offset", "X-Supabase-Api-Version", "X-Total-Count",
]  # fmt: skip


def parts(services: Services) -> list[Part]:
    """The parts, in the order they are started."""
    return [
        AuthPart(services),
        RealtimePart(services),
        StoragePart(services),
        RestPart(services),
    ]


@get("/health", sync_to_thread=False)
def health() -> dict[str, str | int]:
    """Answer as soon as all parts run; by the process number its starter knows that it is no other gateway."""
    return {
        "status": "healthy",
        "service": "cliprow embedded gateway (development server)",
        "pid": os.getpid(),
    }


def create_app(settings: GatewaySettings) -> Litestar:
    """The gateway as an application; its parts start and stop with it."""
    running: Sequence[Part] = parts(Services(settings, Keyring(settings)))

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for part in running:
                await part.start()
                stack.push_async_callback(part.stop)
            yield

    return Litestar(
        route_handlers=[health, *(handler for part in running for handler in part.handlers())],
        lifespan=[lifespan],
        middleware=[refuse_secret_keys_in_browsers],
        # As the real gateway does: every origin may call, since calls carry no cookies.
        cors_config=CORSConfig(allow_origins=["*"], allow_headers=["*"], expose_headers=EXPOSED_HEADERS),
        openapi_config=None,
        request_max_body_size=None,
    )
