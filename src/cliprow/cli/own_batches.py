"""The batches of a database that this machine reaches, as one of its users: `Deployment` by SQL."""
# ruff: noqa: D102 - what each does stands in `Deployment`

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from cliprow import batches
from cliprow.asking import Question, ask_database
from cliprow.batches import Batch, Job, Package, StageCount, Task
from cliprow.cli.session import Session
from cliprow.cli.workers import own_worker
from cliprow.dry_run import Check, check_batch
from cliprow.job_export import each_job
from cliprow.models import FileRef
from cliprow.storage import put_upload


@dataclass(frozen=True)
class OwnBatches:
    """The batches of a database that this machine reaches, as one of its users."""

    at: Session

    def offered_platforms(self) -> list[str]:
        return batches.offered_platforms(self.at.account)

    def find_or_create_project(self, name: str) -> UUID:
        return batches.find_or_create_project(self.at.account, name)

    def store_images(self, paths: Iterable[Path]) -> dict[Path, FileRef]:
        files = list(paths)
        return batches.store_images(self.at.account, self.at.storage, files) if files else {}

    def set_logo(self, path: Path, project_id: UUID | None) -> None:
        from cliprow.media.logo import clean_logo

        with tempfile.TemporaryDirectory() as folder:
            cleaned = Path(folder, "logo.png")
            cleaned.write_bytes(clean_logo(path.read_bytes()))
            file = put_upload(
                self.at.storage,
                self.at.account.tenant_id,
                cleaned,
                role="logo",
                name=cleaned.name,
                media_type="image/png",
            )
        self.ask(
            Question(
                sql="select public.set_brand_logo(%s, %s)",
                arguments=(msgspec.to_builtins(file), project_id),
                path="/brand/logo",
            )
        )

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
        return batches.create_batch(
            self.at.account,
            project_id,
            topics,
            title=title,
            options=options,
            idempotency_key=idempotency_key,
            on_progress=on_progress,
        )

    def check_batch(
        self, project: str, topics: Sequence[dict[str, object]], options: Mapping[str, object] | None = None
    ) -> Check:
        account = self.at.account
        return check_batch(account, batches.find_project(account, project), topics, options)

    def list_batches(self, limit: int = 20) -> list[Batch]:
        return batches.list_batches(self.at.account, limit)

    def get_batch(self, name: str) -> Batch:
        return batches.get_batch(self.at.account, name)

    def look_again(self, batch: Batch) -> Batch:
        return batches.get_batch(self.at.account, str(batch.number))

    def each_job(self, batch_id: UUID) -> Iterator[Job]:
        return each_job(self.at.account, batch_id)

    def list_jobs(self, batch_id: UUID) -> list[Job]:
        return batches.list_jobs(self.at.account, batch_id)

    def get_job(self, name: str) -> Job:
        return batches.get_job(self.at.account, name)

    def list_tasks(self, job_id: UUID) -> list[Task]:
        return batches.list_tasks(self.at.account, job_id)

    def count_stages(self, batch_id: UUID) -> list[StageCount]:
        return batches.count_stages(self.at.account, batch_id)

    def list_packages(self, job_id: UUID) -> list[Package]:
        return batches.list_packages(self.at.account, job_id)

    def ask(self, question: Question) -> Any:
        return ask_database(self.at.account, question)

    def fetch(self, path: str) -> Path:
        return self.at.storage.fetch(path)

    @contextmanager
    def working(self) -> Iterator[Callable[[], object]]:
        """A worker of our own, if none is running."""
        with own_worker(self.at) as worker:
            yield worker.ensure

    def revive(self) -> None:
        self.at.revive()
