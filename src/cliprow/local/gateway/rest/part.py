"""REST as a part of the gateway."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from litestar import Router
from psycopg_pool import PoolTimeout

from cliprow.local.gateway.keys import Refused
from cliprow.local.gateway.rest.database import Database
from cliprow.local.gateway.rest.failures import RestFailure, answer
from cliprow.local.gateway.rest.routes import rest_routes
from cliprow.local.gateway.services import Services


class RestPart:
    """The database over HTTP, under /rest/v1."""

    def __init__(self, services: Services) -> None:
        self._keyring = services.keyring
        self._database = Database(services.settings.rest_db)

    def handlers(self) -> Sequence[Router]:
        """The routes of the REST interface."""
        return [
            Router(
                "/",
                route_handlers=rest_routes(self._keyring, self._database),
                exception_handlers=dict.fromkeys((RestFailure, Refused, PoolTimeout, psycopg.Error), answer),
            )
        ]

    async def start(self) -> None:
        """Connect and read the catalog."""
        await self._database.open()

    async def stop(self) -> None:
        """Disconnect."""
        await self._database.close()
