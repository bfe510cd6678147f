"""Looks after stored content: removes what nothing refers to any more, and compares what there is with its checksums.

What is garbage, what is due, and what a broken file means is decided in SQL (`sql/59_content.sql`,
`sql/59_content_checks.sql`);
here the storage is told and read. Whatever is cut short is given out again after a lease.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from cliprow.errors import CliprowError, NotFound, Unavailable
from cliprow.models import FileRef
from cliprow.storage import Storage

logger = logging.getLogger(__name__)

#: Between two looks when nothing was due, in seconds.
LOOK_S = 10.0
#: Artifacts whose files are checked at a time.
CHECKS_AT_ONCE = 5


class Step(msgspec.Struct, frozen=True):
    """What is to be done in the storage now."""

    #: Files to remove.
    paths: list[str]
    is_idle: bool


class Check(msgspec.Struct, frozen=True):
    """A stored artifact that is to be compared with its checksums."""

    tenant_id: UUID
    content_key: str
    ready_at: datetime
    files: list[FileRef]


class Checked(msgspec.Struct, frozen=True):
    """How a check ended."""

    tenant_id: UUID
    content_key: str
    ready_at: datetime
    #: Files that are gone, or have other bytes than they were stored with.
    broken: list[FileRef]


class ContentCalls(Protocol):
    """Where what is due comes from; see `QueueCalls`."""

    async def sweep_content(self) -> Step | None:
        """The next small step; None while another worker does it."""
        ...

    async def forget_files(self, paths: list[str]) -> None:
        """Say that these are removed."""
        ...

    async def take_checks(self, limit: int) -> list[Check]:
        """What is to be checked now."""
        ...

    async def settle_checks(self, checked: list[Checked]) -> list[str]:
        """Say how checks ended; returns the paths of broken files, to be removed."""
        ...


class ContentKeeper:
    """Does what is due, again and again."""

    def __init__(self, calls: ContentCalls, storage: Storage, look_s: float = LOOK_S) -> None:
        self._calls, self._storage, self._look_s = calls, storage, look_s

    async def run(self) -> None:
        """Go on until cancelled. What is under way then is given out again later."""
        while True:
            try:
                if await self.work():
                    continue
            except Unavailable as error:
                logger.debug("Stored content is not looked after: %s", error.message)
            except CliprowError as error:
                logger.warning("Stored content is not looked after: %s", error.message)
            await asyncio.sleep(self._look_s)

    async def work(self) -> bool:
        """One step of each kind; whether there may be more to do at once.

        Raises:
            CliprowError: the database or the storage does not answer, or refuses.
        """
        step = await self._calls.sweep_content()
        if step is not None and step.paths:
            await self._remove(step.paths)
        checks = await self._calls.take_checks(CHECKS_AT_ONCE)
        if checks:
            await self._check(checks)
        return bool(checks) or (step is not None and not step.is_idle)

    async def _remove(self, paths: list[str]) -> None:
        for path in paths:
            await asyncio.to_thread(self._storage.delete, path)
        await self._calls.forget_files(paths)
        logger.info("Removed %d stored files that nothing refers to.", len(paths))

    async def _check(self, checks: list[Check]) -> None:
        checked = [
            Checked(
                check.tenant_id,
                check.content_key,
                check.ready_at,
                [file for file in check.files if not await asyncio.to_thread(self._is_sound, file)],
            )
            for check in checks
        ]
        for each in checked:
            for file in each.broken:
                logger.error("Damaged: %s (%s)", file.path, file.name)
        paths = await self._calls.settle_checks(checked)
        if paths:
            await self._remove(paths)

    def _is_sound(self, file: FileRef) -> bool:
        """Whether the storage has these bytes; what is wrong is read twice before it is held to be so.

        Raises:
            Unavailable: the storage does not answer.
        """
        for _ in range(2):
            try:
                if self._storage.digest(file.path) == file.sha256:
                    return True
            except NotFound as error:
                if error.error_code != "STORAGE_FILE_MISSING":
                    raise
        return False
