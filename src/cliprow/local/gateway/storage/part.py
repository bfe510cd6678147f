"""The storage as a part of the gateway: its routes, and what it cleans up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import psycopg
from litestar import Router
from psycopg_pool import PoolTimeout

from cliprow.background import end_task
from cliprow.local.gateway.keys import Refused
from cliprow.local.gateway.services import Services
from cliprow.local.gateway.storage import resumable_routes
from cliprow.local.gateway.storage.bucket_routes import bucket_routes
from cliprow.local.gateway.storage.buckets import Buckets
from cliprow.local.gateway.storage.database import Database
from cliprow.local.gateway.storage.disk import Disk
from cliprow.local.gateway.storage.failures import StorageFailure, answer
from cliprow.local.gateway.storage.names import BASE
from cliprow.local.gateway.storage.object_routes import object_routes
from cliprow.local.gateway.storage.objects import Objects
from cliprow.local.gateway.storage.reading_routes import reading_routes
from cliprow.local.gateway.storage.resumable import Resumables
from cliprow.local.gateway.storage.resumable_routes import ResumableRoutes
from cliprow.local.gateway.storage.signatures import Signer
from cliprow.local.gateway.storage.signing_routes import signing_routes

#: How often leftovers are looked for.
SWEEP_INTERVAL_S = 3600

_LOG = logging.getLogger(__name__)


class StoragePart:
    """Files over HTTP, under /storage/v1."""

    def __init__(self, services: Services) -> None:
        self._keyring = services.keyring
        self._signer = Signer(services.settings.jwt_secret)
        self._database = Database(services.settings.storage_db)
        self._disk = Disk(Path(services.settings.files))
        self._objects = Objects(self._database, self._disk)
        self._buckets = Buckets(self._database)
        self._uploads = Resumables(self._objects, self._disk.uploads)
        self._sweeper: asyncio.Task[None] | None = None

    def handlers(self) -> Sequence[Router]:
        """The routes of the storage."""
        keyring, buckets, objects = self._keyring, self._buckets, self._objects
        resumable = ResumableRoutes(keyring, buckets, objects, self._signer, self._uploads)
        errors = (StorageFailure, Refused, PoolTimeout, psycopg.Error, OSError)
        return [
            Router(
                BASE,
                route_handlers=[
                    *bucket_routes(keyring, buckets, objects),
                    *object_routes(keyring, buckets, objects),
                    *reading_routes(keyring, buckets, objects),
                    *signing_routes(keyring, buckets, objects, self._signer),
                ],
                exception_handlers=dict.fromkeys(errors, answer),
            ),
            Router(
                BASE,
                route_handlers=resumable.handlers(),
                exception_handlers=dict.fromkeys(errors, resumable_routes.answer),
            ),
        ]

    async def start(self) -> None:
        """Make the folders, connect, and begin to clean up."""
        await asyncio.to_thread(self._disk.prepare)
        await self._database.open()
        self._sweeper = asyncio.create_task(self._sweep_forever())

    async def stop(self) -> None:
        """Stop cleaning up and disconnect."""
        await end_task(self._sweeper)
        await self._database.close()

    async def _sweep_forever(self) -> None:
        while True:
            try:
                await self.sweep()
            except (psycopg.Error, PoolTimeout, OSError) as error:
                _LOG.warning("Leftovers of the storage stay until the next round: %s", error)
            await asyncio.sleep(SWEEP_INTERVAL_S)

    async def sweep(self) -> None:
        """Remove uploads never finished, and contents that no row has named for a day: the process was killed."""
        await asyncio.to_thread(self._uploads.sweep)
        for versions in await asyncio.to_thread(self._disk.old_contents):
            async with self._database.transaction() as connection:
                rows = await connection.execute(
                    "select version from storage.objects where version = any(%s)", [versions]
                )
                named = {row["version"] for row in await rows.fetchall()}
            await self._disk.remove(version for version in versions if version not in named)
