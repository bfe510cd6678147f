"""A Postgres cluster for the tests' own, and a clone of a migrated database for each test that asks for one.

`pytest --postgres-bin /usr/lib/postgresql/15/bin` (or CLIPROW_POSTGRES_BIN) runs them on another Postgres.
Roles belong to the whole cluster: a test that changes one puts it back.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi
import psycopg
import pytest

from cliprow.local.bootstrap import bootstrap, set_password
from cliprow.local.gateway.settings import Options
from cliprow.local.ports import free_port
from cliprow.local.postgres import SUPERUSER, Cluster
from cliprow.local.programs import packaged_programs
from cliprow.local.stack import WORKER, url
from cliprow.migrate import migrate
from tests.cluster import PASSWORD, Database, Server
from tests.figures import Report, reporter, say_figures
from tests.gateway import Gateway, running_gateway

#: A file system in memory, where a database of a thousand files is copied in 50 ms; on some disks it takes a second.
_IN_MEMORY = Path("/dev/shm")
#: What is free there at least: each of the processes has some dozen databases of 20 MB each, and up to 1 GB of log.
_ROOM_BYTES = 6_000_000_000

#: Settings of the developer's own Cliprow, which must not reach the tests.
_NOT_FOR_TESTS = ("CLIPROW_", "SUPABASE_", "DATABASE_URL", "PG")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres-bin",
        default=os.environ.get("CLIPROW_POSTGRES_BIN"),
        help="folder with `initdb` and `postgres` to test on (default: the packaged Postgres)",
    )
    parser.addoption(
        "--fault-jobs",
        type=int,
        default=300,
        help="videos of the batch during which workers are killed, two times for each three of them",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "faults" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("faults"):
                item.add_marker(pytest.mark.skip(reason="takes long: `just faults`"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    say_figures(terminalreporter, config)


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Keeps what a test counts, for the end of the run."""
    return reporter(request)


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(_NOT_FOR_TESTS):
                patch.delenv(name)
        # Nothing here speaks TLS, but every client of httpx reads all authorities there are, which takes 25 ms.
        first, end, _ = (
            Path(certifi.where()).read_text(encoding="utf-8").partition("-----END CERTIFICATE-----\n")
        )
        authority = tmp_path_factory.mktemp("authorities") / "one.pem"
        authority.write_text(first + end, encoding="utf-8")
        patch.setenv("SSL_CERT_FILE", str(authority))
        yield


@pytest.fixture(scope="session")
def postgres_bin(request: pytest.FixtureRequest) -> Path:
    """Folder of the Postgres programs under test."""
    given = request.config.getoption("--postgres-bin")
    return Path(given) if given else packaged_programs()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, postgres_bin: Path) -> Iterator[Server]:
    """The cluster, with Supabase's roles; stopped when the tests end."""
    home = tmp_path_factory.mktemp("cluster")
    with _fast_folder(home) as folder:
        cluster = Cluster(
            data=folder / "postgres", log=home / "postgres.log", programs=postgres_bin, is_durable=False
        )
        cluster.create(PASSWORD)
        port = free_port()
        cluster.start(port)
        try:
            superuser = url(SUPERUSER, PASSWORD, port, "postgres")
            bootstrap(superuser)
            with psycopg.connect(superuser, autocommit=True) as connection:
                set_password(connection, "postgres", PASSWORD)
                yield Server(cluster, port, connection)
        finally:
            cluster.stop()


@contextmanager
def _fast_folder(otherwise: Path) -> Iterator[Path]:
    """A folder in memory for as long as the block lasts, where there is room enough."""
    if not _IN_MEMORY.is_dir() or shutil.disk_usage(_IN_MEMORY).free < _ROOM_BYTES:
        yield otherwise
        return
    with tempfile.TemporaryDirectory(prefix="cliprow-tests-", dir=_IN_MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def bare_template(server: Server) -> str:
    """Name of a database as a new Supabase project has it."""
    bootstrap(server.create("bare_template").superuser)
    return "bare_template"


@pytest.fixture(scope="session")
def migrated_template(server: Server, bare_template: str) -> str:
    """Name of a database with all migrations."""
    database = server.create("migrated_template", bare_template)
    migrate(database.admin)
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        set_password(connection, WORKER, PASSWORD)
    return database.name


_numbers = itertools.count(1)


@pytest.fixture
def clone(server: Server) -> Iterator[Callable[[str], Database]]:
    """Copies a template as often as the test asks; the copies go when the test ends."""
    made: list[str] = []

    def _clone(template: str) -> Database:
        made.append(f"test_{next(_numbers)}")
        return server.create(made[-1], template)

    yield _clone
    for name in made:
        server.drop(name)


@pytest.fixture
def database(clone: Callable[[str], Database], migrated_template: str) -> Database:
    """A migrated database of the test's own."""
    return clone(migrated_template)


@pytest.fixture
def bare_database(clone: Callable[[str], Database], bare_template: str) -> Database:
    """A database of the test's own, as a new Supabase project has it."""
    return clone(bare_template)


@pytest.fixture(scope="session")
def catalog(server: Server, migrated_template: str) -> Iterator[Database]:
    """A migrated database that all tests share, for those that only look."""
    yield server.create("catalog", migrated_template)
    server.drop("catalog")


@pytest.fixture(scope="session")
def gateway(
    server: Server, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway on a migrated database that all tests share: each makes users and tenants of its own."""
    database = server.create("gateway", migrated_template)
    # All tests come from one address.
    options = Options(sign_in_limit=1_000_000, refresh_limit=1_000_000)
    with running_gateway(server, database, tmp_path_factory.mktemp("gateway"), options) as running:
        yield running
    server.drop(database.name)
