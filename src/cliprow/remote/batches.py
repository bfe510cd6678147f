"""Batches and jobs of a deployment elsewhere, as its API tells them, in the words of `cliprow.batches`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec

from cliprow.asking import Question
from cliprow.batches import (
    Batch,
    Job,
    Package,
    StageCount,
    Task,
    image_types,
    no_batch,
    no_batches,
    no_job,
    parse_uuid,
    unreadable_image,
)
from cliprow.dry_run import Check, check_in_chunks
from cliprow.errors import NotFound
from cliprow.filling import fill_batch
from cliprow.job_export import PAGE_JOBS
from cliprow.models import FileRef
from cliprow.remote.api import Api
from cliprow.remote.asking import ask_api
from cliprow.remote.files import RemoteFiles, upload_images
from cliprow.remote.filling import RemoteFiller
from cliprow.storage.cache import Cache


class RemoteBatches:
    """The batches of who is signed in."""

    def __init__(self, api: Api, cache: Cache) -> None:
        self._api, self._cache = api, cache
        self._files = RemoteFiles(api, cache)
        self._numbers: dict[UUID, int] = {}
        self._hashes: dict[str, str | None] = {}

    @property
    def where(self) -> str:
        """Of which deployment."""
        return self._api.url

    @cached_property
    def _projects(self) -> dict[str, str]:
        """Names of the projects by id."""
        return {row["id"]: row["name"] or row["original_idea"] for row in self._api.list("/projects")}

    def offered_platforms(self) -> list[str]:
        """Names that a topic may ask for."""
        return [row["platform"] for row in self._api.get("/platforms")["items"] if row["is_offered"]]

    def find_or_create_project(self, name: str) -> UUID:
        """The project of that name; made when there is none."""
        found = self._find_project(name)
        if found:
            return UUID(found)
        made = self._api.post("/projects", {"name": name, "original_idea": name}, key=str(uuid4()))
        return UUID(made["id"])

    def _find_project(self, name: str) -> str | None:
        found = [row for row in self._api.list("/projects") if row["name"] == name]
        return str(min(found, key=lambda row: row["created_at"])["id"]) if found else None

    def store_images(self, paths: Iterable[Path]) -> dict[Path, FileRef]:
        """Keep the user's pictures, each once."""
        try:
            return upload_images(self._api, self._cache, image_types(paths))
        except OSError as error:
            raise unreadable_image(error) from error

    def set_logo(self, path: Path, project_id: UUID | None) -> None:
        """Make a picture the logo of the team's brand, or of that of a project."""
        ((_, media_type),) = image_types([path])
        of = "" if project_id is None else f"/projects/{project_id}"
        self._api.put_picture(f"{of}/brand/logo", path.read_bytes(), media_type)

    def create_batch(
        self,
        project_id: UUID,
        topics: Sequence[dict[str, object]],
        *,
        title: str = "",
        options: Mapping[str, object] | None = None,
        idempotency_key: str | None = None,
        on_progress: Callable[[int], object] = lambda _: None,
    ) -> tuple[Batch, bool]:
        """Submit topics as one batch; see `cliprow.batches.create_batch`."""
        batch_id, is_new = fill_batch(
            RemoteFiller(self._api),
            project_id,
            topics,
            {**(options or {}), "title": title},
            idempotency_key,
            on_progress,
        )
        return self._batch(self._api.get(f"/batches/{batch_id}")), is_new

    def check_batch(
        self, project: str, topics: Sequence[dict[str, object]], options: Mapping[str, object] | None = None
    ) -> Check:
        """The dry run of a batch, of a project that need not be there yet."""
        project_id = self._find_project(project)

        def ask(chunk: Sequence[dict[str, object]], position: int) -> Check:
            given = dict(options or {})
            title = given.pop("title", "")
            body = {"project_id": project_id, "title": title, "topics": list(chunk), "options": given}
            path = f"/batches?dry_run=true&position={position}"
            return msgspec.convert(self._api.post(path, body), Check)

        return check_in_chunks(topics, ask)

    def list_batches(self, limit: int = 20) -> list[Batch]:
        """The newest batches first."""
        return [self._batch(row) for row in islice(self._api.list("/batches"), limit)]

    def get_batch(self, name: str) -> Batch:
        """A batch by number, id, or `last`."""
        if name == "last":
            newest = self.list_batches(1)
            if not newest:
                raise no_batches()
            return newest[0]
        number = name.lstrip("#")
        if not number.isdecimal():
            return self._batch(self._api.get(f"/batches/{parse_uuid(name)}"))
        for row in self._api.list("/batches", number=int(number)):
            return self._batch(row)
        raise no_batch(name)

    def look_again(self, batch: Batch) -> Batch:
        """The batch as it is now."""
        return self._batch(self._api.get(f"/batches/{batch.id}"))

    def each_job(self, batch_id: UUID) -> Iterator[Job]:
        """A batch's jobs in order, a page of them in memory."""
        position, path = 0, f"/batches/{batch_id}/export"
        while lines := self._api.lines(path, format="ndjson", after=position, limit=PAGE_JOBS):
            page = [msgspec.json.decode(line, type=Job) for line in lines]
            yield from page
            position = page[-1].position

    def list_jobs(self, batch_id: UUID) -> list[Job]:
        """A batch's jobs in order."""
        return list(self.each_job(batch_id))

    def get_job(self, name: str) -> Job:
        """A job by id, or by batch number and place like `12.3`."""
        batch, dot, position = name.lstrip("#").partition(".")
        if dot and batch.isdecimal() and position.isdecimal():
            for row in self._api.list("/jobs", batch_id=self.get_batch(batch).id, position=int(position)):
                return self._job(self._detail(row["id"]))
            raise no_job(name)
        try:
            return self._job(self._detail(str(parse_uuid(name))))
        except NotFound as error:
            raise no_job(name) from error

    def list_tasks(self, job_id: UUID) -> list[Task]:
        """A job's tasks in the order they run, each with the timings of its last attempt."""
        return [
            msgspec.convert(
                {
                    **row,
                    "attempts": len(row["attempts"]),
                    "timings": _last_timings(row["attempts"]),
                },
                Task,
                strict=False,
            )
            for row in self._detail(str(job_id))["tasks"]
        ]

    def count_stages(self, batch_id: UUID) -> list[StageCount]:
        """A batch's tasks by stage, in order; of stages that no script asked for yet there is nothing to tell."""
        stages = self._api.get(f"/batches/{batch_id}")["stages"]
        return [msgspec.convert(row, StageCount) for row in stages if row["total"]]

    def list_packages(self, job_id: UUID) -> list[Package]:
        """What a job made, by platform; a platform without its whole package is marked."""
        detail = self._detail(str(job_id))
        ended: dict[str, bool] = {}
        for task in detail["tasks"]:
            if task["platform"] is not None:
                ended[task["platform"]] = ended.get(task["platform"], True) and task["status"] == "completed"
        return [
            Package(
                platform=platform,
                is_complete=is_complete,
                files=[
                    self._file(row)
                    for row in detail["artifacts"]
                    if row["platform"] == platform and row["task_id"]
                ],
            )
            for platform, is_complete in sorted(ended.items())
        ]

    def ask(self, question: Question) -> Any:
        """The answer of the API."""
        return ask_api(self._api, question)

    def fetch(self, path: str) -> Path:
        """A local file with the bytes of a `FileRef` of these packages, whose path is a content id."""
        return self._files.fetch(path, self._hashes.get(path))

    def working(self) -> AbstractContextManager[Callable[[], object]]:
        """Nothing to do: the deployment has workers of its own."""
        return nullcontext(lambda: None)

    def revive(self) -> None:
        """Nothing to do: it is not ours."""

    def _file(self, row: Mapping[str, Any]) -> FileRef:
        self._hashes[row["content_id"]] = row["sha256"]
        return FileRef(
            role=row["role"],
            name=row["file_name"],
            sha256=row["sha256"] or "",
            path=row["content_id"],
            size_bytes=row["size_bytes"] or 0,
            media_type="",
        )

    def _detail(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._api.get(f"/jobs/{job_id}")
        return found

    def _batch(self, row: Mapping[str, Any]) -> Batch:
        told = {
            "project": self._projects.get(row["project_id"], ""),
            "is_paused": row["paused_at"] is not None,
            **row,
        }
        self._numbers[UUID(row["id"])] = row["number"]
        return msgspec.convert(told, Batch, strict=False)

    def _job(self, row: Mapping[str, Any]) -> Job:
        batch_id = UUID(row["batch_id"])
        if batch_id not in self._numbers:
            self._batch(self._api.get(f"/batches/{batch_id}"))
        told = {
            **row,
            "batch_number": self._numbers[batch_id],
            "project": self._projects.get(row["project_id"], ""),
            "title": row.get("title") or row["topic"],
        }
        return msgspec.convert(told, Job, strict=False)


def _last_timings(attempts: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
    """Of the last attempt; what is no number is left out."""
    if not attempts:
        return None
    last = max(attempts, key=lambda attempt: attempt["number"])
    return {name: value for name, value in (last["timings"] or {}).items() if isinstance(value, int)}
