"""Whose batches a command works with: this machine's own database, or a deployment that somebody signed in to.

Both are the same to the commands. Which one it is: --local or --api; else CLIPROW_API_URL; else the database that
DATABASE_URL names; else the deployment of the last `cliprow login`; else this machine's own stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

import click

from cliprow.asking import Question
from cliprow.batches import Batch, Job, Package, StageCount, Task
from cliprow.cli.own_batches import OwnBatches
from cliprow.cli.session import session
from cliprow.config import Config
from cliprow.dry_run import Check
from cliprow.errors import InvalidInput
from cliprow.models import FileRef

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Deployment(Protocol):
    """Batches and jobs as one user has them; errors are CliprowErrors."""

    def offered_platforms(self) -> list[str]:
        """Names that a topic may ask for."""
        ...

    def find_or_create_project(self, name: str) -> UUID:
        """The user's project of that name; made when there is none."""
        ...

    def store_images(self, paths: Iterable[Path]) -> dict[Path, FileRef]:
        """Keep the user's pictures, each once; their files may be gone when they are needed."""
        ...

    def set_logo(self, path: Path, project_id: UUID | None) -> None:
        """Make a picture the logo of the team's brand, or of that of a project."""
        ...

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
        """Submit topics as one batch; return it, and whether it is new. Many go in chunks, and `on_progress` is told how
        many are there.
        """
        ...

    def check_batch(
        self, project: str, topics: Sequence[dict[str, object]], options: Mapping[str, object] | None = None
    ) -> Check:
        """The dry run of a batch for the project of that name, which need not be there yet; creates nothing."""
        ...

    def list_batches(self, limit: int = 20) -> list[Batch]:
        """The newest first."""
        ...

    def get_batch(self, name: str) -> Batch:
        """By number, id, or `last`."""
        ...

    def look_again(self, batch: Batch) -> Batch:
        """The batch as it is now."""
        ...

    def each_job(self, batch_id: UUID) -> Iterator[Job]:
        """A batch's jobs in order, a page of them in memory."""
        ...

    def list_jobs(self, batch_id: UUID) -> list[Job]:
        """A batch's jobs in order."""
        ...

    def get_job(self, name: str) -> Job:
        """By id, or by batch number and place like `12.3`."""
        ...

    def list_tasks(self, job_id: UUID) -> list[Task]:
        """A job's tasks in the order they run."""
        ...

    def count_stages(self, batch_id: UUID) -> list[StageCount]:
        """A batch's tasks by stage, in order."""
        ...

    def list_packages(self, job_id: UUID) -> list[Package]:
        """What a job made, by platform."""
        ...

    def ask(self, question: Question) -> Any:
        """The answer to what has no method of its own here, as JSON."""
        ...

    def fetch(self, path: str) -> Path:
        """A local file with the bytes of a package's file, to be read only."""
        ...

    def working(self) -> AbstractContextManager[Callable[[], object]]:
        """While a command waits for a batch: what to call now and then so that somebody works on it."""
        ...

    def revive(self) -> None:
        """Bring back what went away, if that is ours to do."""
        ...


@dataclass(frozen=True)
class Choice:
    """What a command was told of whose batches it is about."""

    email: str | None
    api: str | None
    is_local: bool

    def address(self, config: Config) -> str | None:
        """Address of the deployment; None for a database that this machine reaches.

        Raises:
            InvalidInput: options that exclude each other.
        """
        if self.is_local and self.api:
            raise InvalidInput("--local and --api exclude each other.", next_step="Leave one of them out.")
        if self.is_local:
            return None
        given = self.api or config.api_url
        if given:
            from cliprow.remote.api import check_address

            address = check_address(given, allow_http=True)
        elif config.embedded and not self.email:
            from cliprow.remote.credentials import Credentials

            address = Credentials(config.settings_folder).current()
        else:
            return None
        if address and self.email:
            raise InvalidInput(
                "At a deployment you act as who is signed in, not with --as.",
                next_step="Leave --as out, or add --local.",
            )
        return address or None


def deployment_options(command: _Command) -> _Command:
    """Give a command the options that say whose batches it is about, as one argument `choice`."""

    def gather(*, email: str | None, api: str | None, is_local: bool, **arguments: Any) -> Any:
        return command(choice=Choice(email, api, is_local), **arguments)

    gather.__doc__, gather.__name__ = command.__doc__, command.__name__
    gathered = click.option(
        "--as", "email", metavar="EMAIL", help="Act for this user of the database (default: CLIPROW_USER)."
    )(gather)
    gathered = click.option(
        "--local", "is_local", is_flag=True, help="Use this machine's own database, whoever is signed in."
    )(gathered)
    gathered = click.option(
        "--api", metavar="URL", help="Use this deployment (default: that of the last `cliprow login`)."
    )(gathered)
    gathered.__click_params__ = [*gathered.__click_params__, *getattr(command, "__click_params__", [])]  # type: ignore[attr-defined]
    return gathered  # type: ignore[return-value]


@contextmanager
def open_deployment(choice: Choice, *, gateway: bool = False) -> Iterator[Deployment]:
    """Whose batches it is about, ready to be asked.

    Args:
        gateway: start this machine's own gateway at once, beside its database, if it is that one.

    Raises:
        CliprowError: the stack does not start, or nobody is signed in.
    """
    config = Config.from_environment()
    address = choice.address(config)
    if address is None:
        with session(choice.email, gateway=gateway) as at:
            yield OwnBatches(at)
        return
    from cliprow.remote.api import Api
    from cliprow.remote.batches import RemoteBatches
    from cliprow.remote.credentials import Credentials
    from cliprow.storage.cache import Cache

    api = Api(address, Credentials(config.settings_folder))
    try:
        api.token()
        yield RemoteBatches(api, Cache(config.home / "cache" / "media", config.storage_cache_bytes))
    finally:
        api.close()
