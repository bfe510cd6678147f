"""`/ws`: what happens in the legacy tenant, told as the old system told it.

While somebody listens, the tenant's projects and jobs are looked at every second and compared with what was told
before; so any number of API processes tell the same, whoever made the change. Nobody listening costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import Any

from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect

from cliprow.api.legacy.access import Door, legacy_door
from cliprow.api.legacy.rows import JOBS, PROJECTS, Row, rows, shown
from cliprow.errors import CliprowError

logger = logging.getLogger(__name__)

#: Between two looks, in seconds.
LOOK_S = 1.0
#: A change is looked for this long after it was made: its transaction may commit late.
OVERLAP_S = 10
#: Listeners at the same time, and characters in one of their messages.
MAX_LISTENERS = 200
MAX_CHARS = 64_000
#: Messages that a slow listener may have waiting before it is let go.
MAX_WAITING = 500

#: What the old interface shows for each stage.
STEPS = {
    "script_generation": "Generating script",
    "audio_generation": "Generating audio",
    "video_generation": "Generating video",
    "platform_adaptation": "Adapting for platforms",
    "post_processing": "Saving generated content",
}
_CHANGED_JOBS = f"""
select q.*, j.stage from ({JOBS} and j.updated_at > now() - %(since)s * interval '1 second'
  and j.id >= private.uuid_at(now() - interval '62 days')) as q
join public.generation_jobs as j on j.id = q.own_id
order by q.own_id
"""
_CHANGED_PROJECTS = f"""
{PROJECTS} and p.created_at > now() - %(since)s * interval '1 second' order by p.created_at
"""
_DELETED_PROJECTS = """
select coalesce((select l.legacy_id from public.legacy_ids as l
  where l.tenant_id = p.tenant_id and l.entity = 'project' and l.id = p.id), p.id::text) as id
from public.projects as p
where p.tenant_id = private.tenant_id() and p.deleted_at > now() - %(since)s * interval '1 second'
"""

Message = dict[str, Any]


@dataclass
class Teller:
    """Compares what is with what was told."""

    #: Status and progress of jobs, by id; `started` is told once.
    jobs: dict[str, tuple[str, int]] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    #: The first look only learns what is there.
    has_looked: bool = False

    def news(self, created: list[Row], deleted: list[Row], jobs: list[Row]) -> list[Message]:
        """Messages for what is new; nothing the first time."""
        found = [
            {"type": "project_created", "data": shown(row)}
            for row in created
            if row["id"] not in self.created
        ]
        found += [
            {"type": "project_deleted", "data": {"project_id": row["id"]}}
            for row in deleted
            if row["id"] not in self.deleted
        ]
        for row in jobs:
            found += self._of_job(row)
        self.created = {row["id"] for row in created}
        self.deleted = {row["id"] for row in deleted}
        first, self.has_looked = not self.has_looked, True
        return [] if first else found

    def _of_job(self, row: Row) -> list[Message]:
        status, progress = row["status"], row["progress"]
        before = self.jobs.get(row["id"])
        if before == (status, progress):
            return []
        self.jobs[row["id"]] = (status, progress)
        told = []
        if status != "pending" and (before is None or before[0] in {"pending", "failed", "completed"}):
            names = ("project_id", "job_type")
            told.append({"type": "job_started", "data": {"job_id": row["id"], **{n: row[n] for n in names}}})
        if status == "processing":
            step = STEPS.get(row["stage"] or "", "Working")
            data = {"job_id": row["id"], "progress": progress, "step": step}
            told.append({"type": "job_progress", "data": data})
        elif status == "completed":
            data = {"job_id": row["id"], "project_id": row["project_id"]}
            data |= {"script_id": row["result_data"].get("script_id"), "progress": 100}
            told.append({"type": "job_completed", "data": data})
        elif status == "failed":
            told.append({"type": "job_failed", "data": {"job_id": row["id"], "error": row["error_message"]}})
        return told


class Listeners:
    """Everybody connected to `/ws`, and the one loop that looks for news while there is anybody."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._waiting: set[asyncio.Queue[Message | None]] = set()
        self._looking: asyncio.Task[None] | None = None

    def join(self) -> asyncio.Queue[Message | None]:
        """A queue of messages; None in it means that the listener was too slow."""
        queue: asyncio.Queue[Message | None] = asyncio.Queue(MAX_WAITING)
        self._waiting.add(queue)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return queue

    def leave(self, queue: asyncio.Queue[Message | None]) -> None:
        """The last one out ends the loop."""
        self._waiting.discard(queue)
        if not self._waiting and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    @property
    def is_full(self) -> bool:
        """Whether nobody else may join."""
        return len(self._waiting) >= MAX_LISTENERS

    async def _look(self) -> None:
        teller = Teller()
        # Asked each time, because a cancellation can be lost up to Python 3.11 (see `cliprow.background`).
        while self._looking is asyncio.current_task():
            try:
                async with self._door.acting() as at:
                    found = [
                        await rows(at.connection, query, since=OVERLAP_S)
                        for query in (_CHANGED_PROJECTS, _DELETED_PROJECTS, _CHANGED_JOBS)
                    ]
            except CliprowError as error:
                logger.warning("The old live channel cannot look for news: %s", error.message)
            else:
                for message in teller.news(*found):
                    self._tell(message)
            await asyncio.sleep(LOOK_S)

    def _tell(self, message: Message) -> None:
        for queue in list(self._waiting):
            if queue.full():
                # Whoever does not read is let go, not waited for; there is room for the word that says so.
                self._waiting.discard(queue)
                queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(message)


@websocket("/ws")
async def listen(socket: WebSocket[Any, Any, State]) -> None:
    """Echo what clients send as `pong`; push the news."""
    door = legacy_door(socket.app.state)
    listeners: Listeners = socket.app.state["legacy_listeners"]
    try:
        door.check(socket.headers, socket.query_params, socket.client.host if socket.client else "")
    except CliprowError as error:
        await socket.close(code=1008, reason=error.message[:120])
        return
    if listeners.is_full:
        await socket.close(code=1013, reason="Too many listeners.")
        return
    await socket.accept()
    queue = listeners.join()
    telling = asyncio.create_task(_send(socket, queue))
    try:
        while True:
            text = await socket.receive_text()
            if len(text) > MAX_CHARS:
                await socket.close(code=1009, reason="The message is too long.")
                return
            if queue.full():
                return
            queue.put_nowait({"type": "pong", "data": text})
    except WebSocketDisconnect:
        logger.debug("A listener of the old live channel left.")
    finally:
        listeners.leave(queue)
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect):
            await telling


async def _send(socket: WebSocket[Any, Any, State], queue: asyncio.Queue[Message | None]) -> None:
    while (message := await queue.get()) is not None:
        await socket.send_json(message)
    await socket.close(code=1013, reason="Too slow; connect again.")
