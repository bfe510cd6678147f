"""The shared stack: any command that needs it starts it, concurrent commands share it, the last one out stops it.

    with running_stack(Config.from_environment()) as stack:
        connection = db.connect(stack.admin)

Two locked files in the data folder decide. `stack.lock` is held, exclusively, while a process starts or stops the
stack. `users.lock` is held, shared, by every process that uses it; whoever can lock it exclusively on the way out is
the last. The kernel lets go of the locks of a process that was killed, so nothing is ever left behind but a running
Postgres, which the next command finds and uses.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

import msgspec
import psycopg

from cliprow import migrate
from cliprow.config import Config
from cliprow.db import translate
from cliprow.errors import Conflict, NotAllowed, Unavailable
from cliprow.local import passwords
from cliprow.local.bootstrap import bootstrap, set_password
from cliprow.local.ports import HOST, PortTaken, free_port
from cliprow.local.postgres import SUPERUSER, Cluster
from cliprow.local.programs import packaged_programs

#: The Supabase CLI's own port for the database.
DEFAULT_DB_PORT = 54322
#: How long to wait for another command that starts or stops the stack.
LOCK_S = 180.0
#: Role that workers log in as; our migrations create it.
WORKER = "cliprow_worker"


@dataclass(frozen=True)
class Stack:
    """Where the database is, and as whom to log in. Conninfos hold passwords: do not print them."""

    #: As `postgres`, which owns our tables.
    admin: str = field(repr=False)
    #: As `cliprow_worker`, which may call the queue functions and nothing else.
    worker: str = field(repr=False)
    #: Port of the embedded Postgres; None with a real project.
    db_port: int | None = None


class StackFile(msgspec.Struct, kw_only=True):
    """`stack.json`: what must be the same at the next start."""

    db_port: int | None = None


@contextmanager
def running_stack(config: Config, *, migrated: bool = True) -> Iterator[Stack]:
    """The database, running and up to date, for as long as the block lasts.

    With DATABASE_URL set that database is used as it is: nothing is started, nothing migrated.

    Args:
        migrated: apply pending migrations to the embedded database first.

    Raises:
        PortTaken: the user insists on a port that another program uses.
        NotAllowed: the data folder cannot be used.
        Unavailable: Postgres does not start.
        MissingDependency: no Postgres is installed, or it cannot run here.
    """
    if not config.embedded:
        yield Stack(admin=config.database_url, worker=config.database_url)
        return
    _make_home(config.home)
    with (config.home / "users.lock").open("a+b") as users:
        with _starting_or_stopping(config.home):
            fcntl.flock(users, fcntl.LOCK_SH)
            cluster = _cluster(config)
            try:
                stack = _start_and_prepare(cluster, config, alone=_is_last(users), migrated=migrated)
            except BaseException:
                _stop_if_last(cluster, users)
                raise
        try:
            yield stack
        finally:
            with _starting_or_stopping(config.home):
                _stop_if_last(cluster, users)


def revive(config: Config) -> None:
    """Start the embedded Postgres again after it, and the process that keeps it, were both killed.

    For processes inside `running_stack` that lost their connection. The port stays the same.
    """
    if config.embedded:
        with _starting_or_stopping(config.home):
            _start(_cluster(config), config, alone=False)


def _start_and_prepare(cluster: Cluster, config: Config, *, alone: bool, migrated: bool) -> Stack:
    """Start, prepare, and do both again when the server is killed meanwhile."""
    for tries_left in reversed(range(5)):
        port = _start(cluster, config, alone=alone)
        try:
            return _prepare(config, port, migrated=migrated)
        except Unavailable:
            if not tries_left:
                raise
            time.sleep(0.2)
    raise AssertionError


def _prepare(config: Config, port: int, *, migrated: bool) -> Stack:
    """Bring roles, schemas, tables and passwords of the running database up to date."""
    known = passwords.keep(config.home / "secrets.json", SUPERUSER, "postgres", WORKER)
    superuser = url(SUPERUSER, known[SUPERUSER], port)
    stack = Stack(
        admin=url("postgres", known["postgres"], port), worker=url(WORKER, known[WORKER], port), db_port=port
    )
    try:
        bootstrap(superuser)
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute("select realtime.open_today(), realtime.drop_old()")
            set_password(connection, "postgres", known["postgres"])
            if migrated:
                migrate.migrate(stack.admin)
            set_password(connection, WORKER, known[WORKER])
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise Conflict(
                f"The passwords in {config.home / 'secrets.json'} are not those of the database beside it.",
                error_code="SECRETS_DIFFER",
                next_step="Restore the file that was made together with the database.",
            ) from error
        raise translate(error) from error
    return stack


def url(role: str, password: str, port: int, database: str = "postgres") -> str:
    """Conninfo of the embedded database, in the form that psycopg, procrastinate and the Supabase CLI take."""
    return f"postgresql://{role}:{quote(password, safe='')}@{HOST}:{port}/{database}?sslmode=disable"


def _cluster(config: Config) -> Cluster:
    return Cluster(
        data=config.home / "postgres",
        log=config.home / "logs" / "postgres.log",
        programs=config.postgres_bin or packaged_programs(),
    )


def _start(cluster: Cluster, config: Config, *, alone: bool) -> int:
    """See to it that the cluster runs, and say on which port.

    Args:
        alone: nobody else uses it, so that it may be stopped to move to the port the user insists on.
    """
    port = cluster.port()
    if port is None:
        secrets_file = config.home / "secrets.json"
        if cluster.exists and SUPERUSER not in passwords.load(secrets_file):
            raise Conflict(
                f"{secrets_file} with the password of the database in {cluster.data} is gone.",
                error_code="SECRETS_MISSING",
                next_step=f"Restore it, or move {cluster.data} away to begin with an empty database.",
            )
        cluster.create(passwords.keep(secrets_file, SUPERUSER)[SUPERUSER])
        port = _start_on_some_port(cluster, config)
    if config.db_port in (None, port):
        return port
    if not alone:
        raise Conflict(
            f"The database already runs on port {port} for another command; it cannot be on {config.db_port}.",
            error_code="STACK_ON_OTHER_PORT",
            next_step="Wait for the other command to end, or unset CLIPROW_DB_PORT.",
        )
    cluster.stop()
    return cluster.start(config.db_port)


def _start_on_some_port(cluster: Cluster, config: Config) -> int:
    """Start on the user's port or on none; otherwise on the port of last time, the default, or a free one."""
    if config.db_port is not None:
        return cluster.start(config.db_port)
    last = read_stack_file(config.home)
    wanted = [port for port in (last.db_port, DEFAULT_DB_PORT) if port is not None]
    for port in (*wanted, free_port(), free_port()):
        try:
            started_on = cluster.start(port)
        except PortTaken:
            continue
        if started_on != last.db_port:
            last.db_port = started_on
            passwords.write_private(
                config.home / "stack.json", msgspec.json.format(msgspec.json.encode(last)) + b"\n"
            )
        return started_on
    raise PortTaken("No port could be kept free for Postgres.", next_step="Choose one with CLIPROW_DB_PORT.")


def read_stack_file(home: Path) -> StackFile:
    """What is remembered; nothing where the file is missing or unreadable, since it only says what to prefer."""
    try:
        return msgspec.json.decode((home / "stack.json").read_bytes(), type=StackFile)
    except (OSError, msgspec.DecodeError):
        return StackFile()


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


def _stop_if_last(cluster: Cluster, users: IO[bytes]) -> None:
    if _is_last(users):
        cluster.stop()


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
