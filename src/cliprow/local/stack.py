"""The shared stack: any command that needs it starts it, concurrent commands share it, the last one out stops it.

    with running_stack(Config.from_environment()) as stack:
        connection = db.connect(stack.admin)
        client = supabase.create_client(stack.supabase.url, stack.supabase.secret_key)

Two locked files in the data folder decide. `stack.lock` is held, exclusively, while a process starts or stops the
stack. `users.lock` is held, shared, by every process that uses it; whoever can lock it exclusively on the way out is
the last. The kernel lets go of the locks of a process that was killed, so nothing is ever left behind but a running
Postgres and gateway, which the next command finds and uses.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from cliprow.config import Config, SupabaseProject
from cliprow.errors import NotAllowed, Unavailable
from cliprow.local.database import API, SECRETS_KEY, WORKER, cluster_of, prepare_database, start_cluster, url
from cliprow.local.gateway.process import GatewayProcess
from cliprow.local.project import start_gateway
from cliprow.sealing import Sealer, parse_keys

__all__ = ["API", "WORKER", "Stack", "SupabaseProject", "revive", "running_stack", "url"]

#: How long to wait for another command that starts or stops the stack.
LOCK_S = 180.0


@dataclass(frozen=True)
class Stack:
    """Where the database is, and as whom to log in. Conninfos hold passwords: do not print them."""

    #: As `postgres`, which owns our tables.
    admin: str = field(repr=False)
    #: As `cliprow_worker`, which may call the queue functions and nothing else.
    worker: str = field(repr=False)
    #: As `cliprow_api`, which may act as the users whose tokens it has verified.
    api: str = field(repr=False)
    #: Port of the embedded Postgres; None with a real project.
    db_port: int | None
    _project: Callable[[], SupabaseProject] = field(repr=False)
    #: Encrypts secrets of tenants.
    sealer: Sealer = field(default_factory=Sealer, repr=False)

    @property
    def supabase(self) -> SupabaseProject:
        """Where Supabase's own protocols are spoken; starts the embedded gateway if it does not run yet.

        Raises:
            InvalidInput: a real project's address or keys are not set.
            Unavailable: the gateway does not start.
        """
        return self._project()


@contextmanager
def running_stack(config: Config, *, migrated: bool = True, gateway: bool = True) -> Iterator[Stack]:
    """The database, running and up to date, and the gateway, for as long as the block lasts.

    With DATABASE_URL set that project is used as it is: nothing is started, nothing migrated.

    Args:
        migrated: apply pending migrations to the embedded database first.
        gateway: start the gateway at once, beside the database, instead of when `supabase` is asked for. It needs
            a database with all migrations.

    Raises:
        PortTaken: the user insists on a port that another program uses.
        NotAllowed: the data folder cannot be used.
        Unavailable: Postgres or the gateway does not start.
        MissingDependency: no Postgres is installed, or it cannot run here.
    """
    if not config.embedded:
        given = config.database_url
        sealer = Sealer(config.secrets_keys)
        yield Stack(given, given, given, db_port=None, _project=config.project, sealer=sealer)
        return
    _make_home(config.home)
    with (config.home / "users.lock").open("a+b") as users:
        with _starting_or_stopping(config.home):
            fcntl.flock(users, fcntl.LOCK_SH)
            parts = _Parts(config)
            try:
                stack = parts.start(alone=_is_last(users), migrated=migrated, gateway=gateway and migrated)
            except BaseException:
                _stop_if_last(parts, users)
                raise
        try:
            yield stack
        finally:
            with _starting_or_stopping(config.home):
                _stop_if_last(parts, users)


def revive(config: Config) -> None:
    """Start the embedded Postgres and gateway again after they, and the processes that keep them, were killed.

    For processes inside `running_stack` that lost their connection. The ports stay the same.
    """
    if config.embedded:
        _Parts(config).revive()


class _Parts:
    """What the stack consists of, as seen by the process that starts or stops it."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._cluster = cluster_of(config)
        self._gateway = GatewayProcess(config.home)

    def start(self, *, alone: bool, migrated: bool, gateway: bool) -> Stack:
        """Start and prepare, the database again when it is killed meanwhile."""
        if gateway:
            self._gateway.begin()
        for tries_left in reversed(range(5)):
            port = start_cluster(self._cluster, self._config, alone=alone)
            try:
                known = prepare_database(self._config, port, migrated=migrated)
                break
            except Unavailable:
                if not tries_left:
                    raise
                time.sleep(0.2)
        if gateway:
            start_gateway(self._gateway, self._config, port, alone=alone)
        admin, worker, api = (url(role, known[role], port) for role in ("postgres", WORKER, API))
        # What was encrypted before a key was set by hand can still be read.
        sealer = Sealer([*self._config.secrets_keys, *parse_keys(SECRETS_KEY, known[SECRETS_KEY])])
        return Stack(admin, worker, api, port, self.revive, sealer)

    def revive(self) -> SupabaseProject:
        """Start what does not run; the rest is left as it is."""
        with _starting_or_stopping(self._config.home):
            port = start_cluster(self._cluster, self._config, alone=False)
            return start_gateway(self._gateway, self._config, port, alone=False)

    def stop(self) -> None:
        """Stop both; the gateway first, since it uses the database."""
        self._gateway.stop()
        self._cluster.stop()


def _is_last(users: IO[bytes]) -> bool:
    """Whether nobody else uses the stack; only asked while `stack.lock` is held, so the answer stays true."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # A failed conversion may have lost the shared lock; take it again.
        fcntl.flock(users, fcntl.LOCK_SH)
        return False
    fcntl.flock(users, fcntl.LOCK_SH)
    return True


def _stop_if_last(parts: _Parts, users: IO[bytes]) -> None:
    if _is_last(users):
        parts.stop()


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (home / "stack.lock").open("ab"):
            pass
    except OSError as error:
        raise NotAllowed(
            f"The data folder {home} cannot be used: {error.strerror}.",
            error_code="HOME_UNUSABLE",
            next_step="Make it writable, free some space, or set CLIPROW_HOME to another folder.",
        ) from None


@contextmanager
def _starting_or_stopping(home: Path) -> Iterator[None]:
    """Hold `stack.lock`.

    Raises:
        Unavailable: another command does not let go of it.
    """
    deadline = time.monotonic() + LOCK_S
    with (home / "stack.lock").open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable(
                        f"Another command has been starting or stopping the database for {LOCK_S:.0f} s.",
                        next_step=f"Look into {home / 'logs' / 'postgres.log'}; end that command if it hangs.",
                    ) from None
                time.sleep(0.05)
        yield
