"""Zip archives of finished packages, written while they are read: nothing is kept on a disk or whole in memory."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row
from stream_zip import ZIP_64, Method, async_stream_zip

from cliprow.api.media import Media
from cliprow.errors import NotFound, Unavailable
from cliprow.export import MANIFEST, NAMES, slug

#: Archives written at the same time by one process; each keeps two threads waiting for its reader.
MAX_ARCHIVES = 2
#: Bytes of an archive sent at once.
_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class Member:
    """A file to put into an archive."""

    content_id: UUID
    #: Inside the archive, with `/` between folders.
    name: str
    #: In the bucket.
    path: str
    size_bytes: int
    made_at: datetime


@dataclass(frozen=True)
class _File:
    id: UUID
    project: str
    job_id: UUID
    position: int
    title: str
    platform: str
    role: str
    file_name: str
    file_path: str
    file_size: int
    created_at: datetime
    is_stored: bool


_FILES = """
select c.id, coalesce(nullif(p.name, ''), p.original_idea) as project, j.id as job_id, j.position,
  coalesce(s.title, j.topic) as title, c.platform, c.role, c.file_name, c.file_path, c.file_size, c.created_at,
  exists (select from storage.objects as o where o.bucket_id = 'media' and o.name = c.file_path) as is_stored
from public.generation_jobs as j
join public.projects as p on p.tenant_id = j.tenant_id and p.id = j.project_id and p.deleted_at is null
join public.generated_content as c on c.tenant_id = j.tenant_id and c.job_id = j.id
join public.stage_tasks as t on t.job_id = j.id and t.id = c.task_id
  and t.stage in ('platform_adaptation', 'post_processing') and t.status = 'completed'
left join lateral (
  select s.content ->> 'title' as title from public.scripts as s
  where s.tenant_id = j.tenant_id and s.job_id = j.id order by s.created_at desc, s.id desc limit 1
) as s on true
where j.tenant_id = (select private.tenant_id())
  and (%(job_id)s::uuid is null or j.id = %(job_id)s)
  and (%(batch_id)s::uuid is null or j.batch_id = %(batch_id)s)
  and (%(project_id)s::uuid is null or j.project_id = %(project_id)s)
order by j.id, c.platform, c.id
"""


async def list_members(
    connection: AsyncConnection[Any],
    *,
    job_id: UUID | None = None,
    batch_id: UUID | None = None,
    project_id: UUID | None = None,
) -> list[Member]:
    """The packages of a job, batch or project as the caller of this transaction sees them, named as exports are.

    Raises:
        NotFound: there are none, or the storage lacks one: an archive that has begun could only break off.
    """
    cursor = connection.cursor(row_factory=class_row(_File))
    await cursor.execute(_FILES, {"job_id": job_id, "batch_id": batch_id, "project_id": project_id})
    files = await cursor.fetchall()
    if lacking := next((file for file in files if not file.is_stored), None):
        raise NotFound(
            f"The storage has no {_name(lacking)} any more.",
            error_code="STORAGE_FILE_MISSING",
            next_step="Retry the job to make it again.",
        )
    members = [
        Member(file.id, _name(file), file.file_path, file.file_size, file.created_at) for file in files
    ]
    if not members:
        raise NotFound(
            "There are no finished files to put into an archive.",
            error_code="NOTHING_TO_ARCHIVE",
            next_step="Wait until a job has completed, or look at its errors.",
        )
    return members


def _name(file: _File) -> str:
    job = f"{file.position:02d}-{slug(file.title)}-{str(file.job_id)[-8:]}"
    name = "metadata.json" if file.role == MANIFEST else NAMES.get(file.role) or file.file_name
    return f"{slug(file.project)}/{job}/{slug(file.platform)}/{name}"


class Archiver:
    """Writes archives, a few at a time."""

    def __init__(self, media: Media) -> None:
        self._media = media
        self._running = asyncio.Semaphore(MAX_ARCHIVES)

    async def write(
        self, members: Sequence[Member], texts: Mapping[str, str] | None = None
    ) -> AsyncGenerator[bytes]:
        """The archive of these texts (by name) and files, piece by piece; stored: media do not get smaller.

        A reader that goes away ends it. A file that the storage cannot give breaks the answer off, so that nobody
        takes half an archive for a whole one.

        Raises:
            Unavailable: too many are being written.
        """
        if self._running.locked():
            raise Unavailable(
                "Too many archives are being written just now.",
                error_code="TOO_MANY_ARCHIVES",
                next_step="Repeat the request in a minute.",
            )
        async with self._running:
            async for piece in async_stream_zip(
                self._files(members, texts or {}), chunk_size=_CHUNK_BYTES, get_compressobj=_stored
            ):
                yield piece

    async def _files(
        self, members: Sequence[Member], texts: Mapping[str, str]
    ) -> AsyncIterator[tuple[str, datetime, int, Method, AsyncIterable[bytes]]]:
        for name, text in texts.items():
            yield name, datetime.now(UTC), 0o100644, ZIP_64, _once(text.encode())
        for member in members:
            yield member.name, member.made_at, 0o100644, ZIP_64, self._media.read(member.path)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _stored() -> zlib._Compress:
    return zlib.compressobj(level=0, wbits=-zlib.MAX_WBITS)
