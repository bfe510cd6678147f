"""Realtime as a part of the gateway."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from litestar import Router
from litestar.handlers import asgi
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Receive, Scope, Send
from psycopg_pool import AsyncConnectionPool

from cliprow.local.gateway.realtime import background
from cliprow.local.gateway.realtime.broadcasts import NotSent, broadcast_routes, not_sent
from cliprow.local.gateway.realtime.changes import Changes
from cliprow.local.gateway.realtime.exchange import Exchange
from cliprow.local.gateway.realtime.handshake import Handshake
from cliprow.local.gateway.realtime.hub import Hub
from cliprow.local.gateway.realtime.messages import Messages
from cliprow.local.gateway.realtime.policies import Policies
from cliprow.local.gateway.realtime.presence import Presence
from cliprow.local.gateway.services import Services

logger = logging.getLogger(__name__)

#: Connections that ask for policies; as many questions are answered side by side.
_CONNECTIONS = 4
#: Questions that may wait for one.
_WAITING = 500
_POOL_TIMEOUT_S = 5.0
#: Longest question, so that no policy keeps others waiting for ever.
_STATEMENT_MS = 10_000
#: How long a start waits for the log.
_START_S = 10.0


class RealtimePart:
    """Live channels at `/realtime/v1`."""

    def __init__(self, services: Services) -> None:
        conninfo = services.settings.realtime_db
        self._pool = AsyncConnectionPool(
            conninfo,
            min_size=1,
            max_size=_CONNECTIONS,
            max_waiting=_WAITING,
            timeout=_POOL_TIMEOUT_S,
            kwargs={
                "autocommit": True,
                "application_name": "cliprow realtime",
                "options": f"-c statement_timeout={_STATEMENT_MS}",
            },
            check=AsyncConnectionPool.check_connection,
            open=False,
        )
        hub = Hub()
        self._messages = Messages(conninfo, self._pool, hub)
        self._changes = Changes(conninfo, self._pool)
        self._exchange = Exchange(
            services.keyring, hub, Policies(self._pool), Presence(hub), self._messages, self._changes
        )
        self._tasks: list[asyncio.Task[None]] = []

    def handlers(self) -> Sequence[Router | BaseRouteHandler]:
        """The websocket, and sending by HTTP."""
        handshake = Handshake(self._exchange)

        @asgi("/realtime/v1/websocket", copy_scope=True)
        async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
            await handshake(scope, receive, send)

        routes = Router(
            "/", route_handlers=broadcast_routes(self._exchange), exception_handlers={NotSent: not_sent}
        )
        return [websocket, routes]

    async def start(self) -> None:
        """Connect, and begin to read the log."""
        await self._pool.open(wait=True)
        self._tasks = [
            background.start(self._messages.run(), "Reading of broadcasts from the database"),
            background.start(self._changes.run(), "Reading of changes of tables"),
            background.start(self._messages.tidy(), "Tidying up of old broadcasts"),
        ]
        try:
            async with asyncio.timeout(_START_S):
                await self._messages.flowing.wait()
        except TimeoutError:
            logger.warning("Broadcasts from the database do not arrive yet.")

    async def stop(self) -> None:
        """Stop reading the log, and disconnect."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pool.close()
