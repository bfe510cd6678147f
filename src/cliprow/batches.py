"""Batches and jobs, created and read as their user: row-level security decides what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from cliprow.account import Account
from cliprow.errors import InvalidInput, NotFound
from cliprow.filling import Filled, fill_batch
from cliprow.models import FileRef, Stage
from cliprow.storage import Storage, put_artifact
from cliprow.topics import TopicRow

#: A batch in one of these will not change by itself any more.
ENDED = frozenset({"completed", "partial", "failed", "cancelled"})


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch as its user sees it; see `public.batches`."""

    id: UUID
    number: int
    title: str
    project: str
    status: str
    progress: int
    job_count: int
    pending_count: int
    processing_count: int
    completed_count: int
    failed_count: int
    cancelled_count: int
    is_paused: bool
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.status in ENDED


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as its user sees it; see `public.generation_jobs`."""

    id: UUID
    batch_id: UUID
    batch_number: int
    position: int
    project: str
    topic: str
    title: str
    platforms: list[str]
    status: str
    stage: str | None
    #: The stage after which it has paused by itself, to be looked at.
    paused_after: str | None
    progress: int
    generation: int
    error_code: str | None
    error_message: str | None
    next_step: str | None
    result_data: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None

    @property
    def is_in_review(self) -> bool:
        """Whether it has paused by itself and waits to be looked at."""
        return self.paused_after is not None and self.status not in ENDED

    @property
    def shown_status(self) -> str:
        """Its status as commands show it."""
        return "to review" if self.is_in_review else self.status


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task with its last attempt; see `public.stage_tasks`."""

    id: UUID
    stage: Stage
    scene_number: int | None
    aspect: str | None
    platform: str | None
    status: str
    progress: int
    is_reused: bool
    attempts: int
    error_code: str | None
    error_message: str | None
    next_step: str | None
    run_at: datetime | None
    timings: dict[str, int] | None
    #: Version of the stage that made the result, with its provider; None until there is one.
    made_by: str | None
    #: What the stage says of how it worked: provider, voice, model, notes.
    provider: dict[str, Any] | None


class StageCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks of a batch's stage are where; those that no script asked for yet are not known."""

    stage: Stage
    total: int
    completed: int
    processing: int
    failed: int
    reused: int


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one platform of one job."""

    platform: str
    is_complete: bool
    files: list[FileRef]


_PROJECT = "select id from public.projects where name = %s and deleted_at is null order by created_at limit 1"
_BATCH = """
select b.id, b.number, b.title, coalesce(nullif(p.name, ''), p.original_idea) as project, b.status, b.progress,
  b.job_count, b.pending_count, b.processing_count, b.completed_count, b.failed_count, b.cancelled_count,
  coalesce(b.paused_at, p.paused_at, t.paused_at) is not null as is_paused, b.created_at, b.started_at, b.completed_at
from public.batches as b
join public.projects as p on p.id = b.project_id
join public.tenants as t on t.id = b.tenant_id
where b.deleted_at is null
"""
#: Columns and joins of `Job`; of jobs `j`.
JOB: LiteralString = """
select j.id, j.batch_id, b.number as batch_number, j.position, coalesce(nullif(p.name, ''), p.original_idea) as project,
  j.topic, coalesce(s.title, j.topic) as title, j.platforms, j.status, j.stage, j.paused_after, j.progress, j.generation,
  j.error_code, j.error_message, j.next_step, j.result_data, j.created_at, j.started_at, j.completed_at
from public.generation_jobs as j
join public.batches as b on b.id = j.batch_id
join public.projects as p on p.id = j.project_id
left join lateral (
  select s.content ->> 'title' as title from public.scripts as s
  where s.tenant_id = j.tenant_id and s.job_id = j.id order by s.created_at desc limit 1
) as s on true
"""
#: What made the result of a task `t`, with `MAKER` among the joins.
MADE_BY: LiteralString = """f.stage_version as made_by,
  coalesce(f.facts -> 'metadata', jsonb_strip_nulls(jsonb_build_object('provider', f.facts -> 'provider',
    'voice', f.facts -> 'voice', 'timing', f.facts -> 'timing', 'notes', f.facts -> 'notes',
    'layout', f.facts -> 'layout', 'fonts', f.facts -> 'fonts', 'checks', f.facts -> 'checks'))) as provider"""
MAKER: LiteralString = """left join public.artifacts as f
  on t.status = 'completed' and f.tenant_id = t.tenant_id and f.content_key = t.content_key"""


def offered_platforms(account: Account) -> list[str]:
    """Names that a topic may ask for."""
    with account.acting() as connection:
        rows = connection.execute(
            "select platform from public.platforms where is_offered order by 1"
        ).fetchall()
    return [row[0] for row in rows]


def find_project(account: Account, name: str) -> UUID | None:
    """The user's oldest project of that name, if there is one."""
    with account.acting() as connection:
        row = connection.execute(_PROJECT, [name]).fetchone()
    return row[0] if row else None


def find_or_create_project(account: Account, name: str) -> UUID:
    """The user's project of that name; made when there is none."""
    with account.acting() as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"{account.tenant_id}/{name}"])
        row = connection.execute(_PROJECT, [name]).fetchone()
        row = (
            row
            or connection.execute(
                "insert into public.projects (name, original_idea) values (%s, %s) returning id", [name, name]
            ).fetchone()
        )
    assert row is not None
    project_id: UUID = row[0]
    return project_id


def create_batch(
    account: Account,
    project_id: UUID,
    topics: Sequence[dict[str, object]],
    *,
    title: str = "",
    options: Mapping[str, object] | None = None,
    idempotency_key: str | None = None,
    on_progress: Callable[[int], object] = lambda _: None,
) -> tuple[Batch, bool]:
    """Submit topics as one batch (see `public.create_batch`), many of them in chunks (see `cliprow.filling`).

    Args:
        on_progress: is told how many topics the database has, where there are several chunks.

    Returns:
        The batch, and whether it is new: the same idempotency key gives the same batch again.

    Raises:
        InvalidInput, NotFound, NotAllowed, Conflict: as the database says.
    """
    batch_id, is_new = fill_batch(
        _Filler(account),
        project_id,
        topics,
        {**(options or {}), "title": title},
        idempotency_key,
        on_progress,
    )
    return get_batch(account, str(batch_id)), is_new


@dataclass(frozen=True)
class _Filler:
    """Fills batches by SQL."""

    account: Account

    def begin(
        self,
        project_id: UUID,
        topics: Sequence[dict[str, object]],
        options: Mapping[str, object],
        key: str | None,
    ) -> Filled:
        return self._call(
            "select public.create_batch(%s, %s, %s, %s)", project_id, Jsonb(list(topics)), Jsonb(options), key
        )

    def append(
        self, batch_id: UUID, position: int, topics: Sequence[dict[str, object]], is_last: bool
    ) -> Filled:
        return self._call(
            "select public.append_topics(%s, %s, %s, %s)", batch_id, position, Jsonb(list(topics)), is_last
        )

    def _call(self, statement: LiteralString, *arguments: object) -> Filled:
        with self.account.acting() as connection:
            row = connection.execute(statement, arguments).fetchone()
        assert row is not None
        return msgspec.convert(row[0], Filled)


def as_topic(row: TopicRow, images: Sequence[FileRef], platforms: Sequence[str]) -> dict[str, object]:
    """A row of a topics file as `create_batch` takes it; what the row leaves open stays out."""
    topic: dict[str, object] = {
        "topic": row.topic,
        "platforms": list(row.platforms or platforms),
        "brief": row.brief,
        "audience": row.audience,
        "tone": row.tone,
        "script_type": row.script_type,
        "language": row.language,
        "duration_s": row.duration_s,
        "priority": row.priority,
        "images": msgspec.to_builtins(list(images)),
        "after_rows": list(row.after_rows),
        "deadline": row.deadline,
        "metadata": dict(row.metadata),
    }
    return {key: value for key, value in topic.items() if value not in (None, "", [], {})}


def image_types(paths: Iterable[Path]) -> list[tuple[Path, str]]:
    """The pictures, each once, with their media types."""
    types = {".png": "image/png", ".webp": "image/webp", ".gif": "image/gif"}
    return [(path, types.get(path.suffix.lower(), "image/jpeg")) for path in dict.fromkeys(paths)]


def store_images(account: Account, storage: Storage, paths: Iterable[Path]) -> dict[Path, FileRef]:
    """Keep the user's pictures in storage, each once; the topics file may be gone when they are needed.

    Raises:
        NotFound: one cannot be read any more.
    """
    try:
        return {
            path: put_artifact(
                storage, account.tenant_id, path, role="image", name=path.name, media_type=media_type
            )
            for path, media_type in image_types(paths)
        }
    except OSError as error:
        raise unreadable_image(error) from error


def unreadable_image(error: OSError) -> NotFound:
    """The error for a picture that was there when the topics were read."""
    return NotFound(
        f"The picture {error.filename} can no longer be read: {error.strerror}.",
        error_code="SOURCE_UNREADABLE",
        next_step="Put it back and repeat the command; nothing was started.",
    )


def list_batches(account: Account, limit: int = 20) -> list[Batch]:
    """The newest batches first."""
    return account.read(Batch, f"{_BATCH} order by b.number desc limit %s", [limit])


def get_batch(account: Account, name: str) -> Batch:
    """A batch by number, id, or `last`.

    Raises:
        NotFound: there is none by that name.
        InvalidInput: neither number nor id.
    """
    if name == "last":
        found = list_batches(account, 1)
    elif name.lstrip("#").isdecimal():
        found = account.read(Batch, f"{_BATCH} and b.number = %s", [int(name.lstrip("#"))])
    else:
        found = account.read(Batch, f"{_BATCH} and b.id = %s", [parse_uuid(name)])
    if not found:
        raise no_batches() if name == "last" else no_batch(name)
    return found[0]


def no_batches() -> NotFound:
    """The error for `last` where nothing was made yet."""
    return NotFound(
        "There are no batches yet.", next_step="Begin with `cliprow demo` or `cliprow batch create`."
    )


def no_batch(name: str) -> NotFound:
    """The error for a batch that is not there."""
    return NotFound(f"There is no batch {name}.", next_step="`cliprow batch list` shows those there are.")


def list_jobs(account: Account, batch_id: UUID, *, limit: int = 1_000_000) -> list[Job]:
    """A batch's jobs in order."""
    return account.read(Job, f"{JOB} where j.batch_id = %s order by j.position limit %s", [batch_id, limit])


def get_job(account: Account, name: str) -> Job:
    """A job by id, or by batch number and place like `12.3`.

    Raises:
        NotFound: there is none by that name.
        InvalidInput: neither of both.
    """
    batch, dot, position = name.lstrip("#").partition(".")
    if dot and batch.isdecimal() and position.isdecimal():
        found = account.read(
            Job, f"{JOB} where b.number = %s and j.position = %s", [int(batch), int(position)]
        )
    else:
        found = account.read(Job, f"{JOB} where j.id = %s", [parse_uuid(name)])
    if not found:
        raise no_job(name)
    return found[0]


def no_job(name: str) -> NotFound:
    """The error for a job that is not there."""
    return NotFound(f"There is no job {name}.", next_step="`cliprow batch show` lists the jobs of a batch.")


def list_tasks(account: Account, job_id: UUID) -> list[Task]:
    """A job's tasks in the order they run, each with the timings of its last attempt."""
    return account.read(
        Task,
        f"""
        select t.id, t.stage, t.scene_number, t.aspect, t.platform, t.status, t.progress, t.is_reused, t.error_code,
          t.error_message, t.next_step, t.run_at,
          (select count(*) from public.task_attempts as a where a.job_id = t.job_id and a.task_id = t.id) as attempts,
          (select a.timings from public.task_attempts as a where a.job_id = t.job_id and a.task_id = t.id
           order by a.number desc limit 1) as timings,
          {MADE_BY}
        from public.stage_tasks as t
        {MAKER}
        where t.job_id = %s order by t.position, t.aspect, t.platform
        """,
        [job_id],
    )


def count_stages(account: Account, batch_id: UUID) -> list[StageCount]:
    """A batch's tasks by stage, in order."""
    return account.read(
        StageCount,
        """
        select t.stage, count(*) as total, count(*) filter (where t.status = 'completed') as completed,
          count(*) filter (where t.status = 'processing') as processing,
          count(*) filter (where t.status = 'failed') as failed, count(*) filter (where t.is_reused) as reused
        from public.stage_tasks as t
        -- By the range of the batch's jobs, which is an index's: a join would be planned with the statistics of
        -- before the batch, and compare every job with every task.
        where t.batch_id = %(batch_id)s
          and t.job_id >= (select id from public.generation_jobs where batch_id = %(batch_id)s order by id limit 1)
          and t.job_id <= (select id from public.generation_jobs where batch_id = %(batch_id)s order by id desc limit 1)
        group by t.stage order by min(t.position)
        """,
        {"batch_id": batch_id},
    )


def list_packages(account: Account, job_id: UUID) -> list[Package]:
    """What a job made, by platform; a platform without its whole package is marked."""
    return account.read(
        Package,
        """
        select t.platform, bool_and(t.status = 'completed') as is_complete, coalesce((
          select jsonb_agg(jsonb_build_object('role', c.role, 'name', c.file_name, 'sha256', c.sha256,
            'path', c.file_path, 'size_bytes', c.file_size, 'media_type', '') order by c.id)
          from public.generated_content as c
          where c.job_id = t.job_id and c.tenant_id = t.tenant_id and c.platform = t.platform), '[]') as files
        from public.stage_tasks as t
        where t.job_id = %s and t.platform is not null
        group by t.tenant_id, t.job_id, t.platform order by t.platform
        """,
        [job_id],
    )


def parse_uuid(name: str) -> UUID:
    """An id that a user typed.

    Raises:
        InvalidInput: it is none.
    """
    try:
        return UUID(name)
    except ValueError as error:
        raise InvalidInput(
            f"{name!r} is neither a number nor an id.", next_step="Take one from `cliprow batch list`."
        ) from error
