"""Brings a database up to date: procrastinate's schema from its own package, then supabase/migrations.

Migrations are recorded in `supabase_migrations.schema_migrations`, as the Supabase CLI does, so that either tool can go
on where the other stopped. What was taken from procrastinate is recorded in `procrastinate.applied_migrations`, out of
the CLI's sight. Only one migrator works at a time; others wait for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import procrastinate
import psycopg
from procrastinate.schema import SchemaManager
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cliprow import statements
from cliprow.errors import CliprowError, Conflict

#: Session lock that migrators take; any number, the same for all.
_LOCK = 0x636C6970726F77  # "cliprow"


class MigrationFailed(CliprowError):
    """A migration was refused by the database; nothing of that file was kept."""

    error_code = "MIGRATION_FAILED"


@dataclass(frozen=True)
class Migration:
    """One file of supabase/migrations."""

    #: Leading digits of the file name.
    version: str
    #: The rest of the file name, without `.sql`.
    name: str
    text: str

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{self.version}_{self.name}.sql"


@dataclass(frozen=True)
class Status:
    """Files against what the database has recorded; all by version, in order."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    #: Recorded, but there is no such file: the database is newer than this Cliprow.
    unknown: tuple[str, ...]
    #: Recorded with other statements than the file has now: somebody edited an applied migration.
    drifted: tuple[str, ...]
    #: Version of procrastinate that last changed its schema; empty where it is not installed.
    procrastinate: str

    @property
    def current(self) -> bool:
        """Whether there is nothing to apply and nothing to worry about."""
        return not (self.pending or self.unknown or self.drifted) and bool(self.procrastinate)


def migrations_folder() -> Path:
    """Where the migrations are: in the package when installed, else in the clone.

    Raises:
        Conflict: in neither place.
    """
    packaged = Path(str(resources.files("cliprow"))) / "_migrations"
    clone = Path(__file__).parents[2] / "supabase" / "migrations"
    for folder in (packaged, clone):
        if folder.is_dir():
            return folder
    raise Conflict(
        f"There are no migrations in {packaged} nor in {clone}.", next_step="Install Cliprow again."
    )


def read_migrations(folder: Path) -> list[Migration]:
    """The migrations in a folder, in the order in which they apply."""
    matches = ((re.fullmatch(r"(\d+)_(.*)\.sql", path.name), path) for path in sorted(folder.glob("*.sql")))
    return [
        Migration(match[1], match[2], path.read_text(encoding="utf-8")) for match, path in matches if match
    ]


def migrate(conninfo: str, folder: Path | None = None) -> list[str]:
    """Apply what is missing, as the role in `conninfo` (`postgres`, no superuser).

    Args:
        folder: of the migrations; by default Cliprow's own.

    Returns:
        Names of the files applied now, procrastinate's first.

    Raises:
        MigrationFailed: the database refused a statement; earlier files stay applied.
        Conflict: the database has migrations that this Cliprow does not know.
    """
    files = read_migrations(folder or migrations_folder())
    with _one_migrator(conninfo):
        applied = install_procrastinate(conninfo)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            return applied + _apply(connection, files)


def status(conninfo: str, folder: Path | None = None) -> Status:
    """How the database compares with the files; changes nothing."""
    files = {each.version: each for each in read_migrations(folder or migrations_folder())}
    with psycopg.connect(conninfo, autocommit=True) as connection:
        recorded = _recorded(connection)
        queue_version = _procrastinate_version(connection)
    return Status(
        applied=tuple(version for version in recorded if version in files),
        pending=tuple(version for version in files if version not in recorded),
        unknown=tuple(version for version in recorded if version not in files),
        drifted=tuple(
            version
            for version, kept in recorded.items()
            if version in files
            and kept is not None
            and _bare(kept) != _bare(statements.split(files[version].text))
        ),
        procrastinate=queue_version,
    )


def install_procrastinate(conninfo: str) -> list[str]:
    """Install procrastinate's schema, or apply its package's migrations that the database lacks.

    Its functions name their tables without a schema, so each gets a search path of its own.

    Returns:
        What was applied now.

    Raises:
        Conflict: its tables are there, but not by us, or by a newer package.
    """
    files = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    with psycopg.connect(
        make_conninfo(conninfo, options="-csearch_path=procrastinate"), autocommit=True
    ) as connection:
        known = _prepare_procrastinate(connection)
        unknown = known - {file.stem for file in files}
        if unknown:
            raise Conflict(
                f"The queue's schema comes from a newer procrastinate than {procrastinate.__version__}: "
                f"it has {', '.join(sorted(unknown))}.",
                error_code="DATABASE_NEWER",
                next_step="Upgrade Cliprow to the version that migrated this database.",
            )
        missing = [file for file in files if file.stem not in known]
        if not known:
            applied = [f"procrastinate {procrastinate.__version__}"]
            with connection.transaction():
                connection.execute(SchemaManager.get_schema())
                _record_procrastinate(connection, files)
        else:
            applied = [f"procrastinate {file.stem}" for file in missing]
            # One transaction each: a new enum value cannot be used in the one that adds it.
            for file in missing:
                with connection.transaction():
                    connection.execute(file.read_bytes())
                    _record_procrastinate(connection, [file])
        _pin_search_path(connection)
    return applied


def _prepare_procrastinate(connection: psycopg.Connection) -> set[str]:
    """Make the schema and its record where they are missing; say which migrations are recorded."""
    connection.execute("create schema if not exists procrastinate")
    row = connection.execute(
        "select to_regclass('procrastinate.applied_migrations'), to_regclass('procrastinate.procrastinate_jobs')"
    ).fetchone()
    assert row is not None
    record, jobs = row
    if record is None and jobs is not None:
        raise Conflict(
            "The schema procrastinate holds tables that Cliprow did not install, of an unknown version.",
            error_code="FOREIGN_QUEUE",
            next_step="Rename that schema, or use another database.",
        )
    if record is None:
        connection.execute(
            "create table procrastinate.applied_migrations ("
            " name text primary key, version text not null, applied_at timestamptz not null default now());"
            "comment on table procrastinate.applied_migrations is"
            " 'Which of procrastinate''s own migrations this database has, and the version that brought them.'"
        )
    return {name for (name,) in connection.execute("select name from procrastinate.applied_migrations")}


def _record_procrastinate(connection: psycopg.Connection, files: list[Path]) -> None:
    connection.cursor().executemany(
        "insert into procrastinate.applied_migrations (name, version) values (%s, %s)",
        [(file.stem, procrastinate.__version__) for file in files],
    )


def _pin_search_path(connection: psycopg.Connection) -> None:
    wanted = "search_path=procrastinate, pg_temp"
    rows = connection.execute(
        "select oid::regprocedure::text, prokind = 'p' from pg_proc"
        " where pronamespace = 'procrastinate'::regnamespace and prokind in ('f', 'p')"
        " and not coalesce(%s = any (proconfig), false)",
        [wanted],
    ).fetchall()
    for signature, is_procedure in rows:
        kind = "procedure" if is_procedure else "function"
        # `regprocedure` has quoted whatever needs quotes.
        connection.execute(f"alter {kind} {signature} set search_path = procrastinate, pg_temp".encode())


def _procrastinate_version(connection: psycopg.Connection) -> str:
    if not _exists(connection, "procrastinate.applied_migrations"):
        return ""
    row = connection.execute(
        "select version from procrastinate.applied_migrations order by applied_at desc, name desc limit 1"
    ).fetchone()
    return str(row[0]) if row else ""


def _apply(connection: psycopg.Connection, files: list[Migration]) -> list[str]:
    recorded = _recorded(connection)
    unknown = set(recorded) - {each.version for each in files}
    if unknown:
        raise Conflict(
            f"The database has migrations that this Cliprow does not know: {', '.join(sorted(unknown))}.",
            error_code="DATABASE_NEWER",
            next_step="Upgrade Cliprow to the version that migrated this database.",
        )
    pending = [each for each in files if each.version not in recorded]
    if pending:
        connection.execute(
            "create schema if not exists supabase_migrations;"
            "create table if not exists supabase_migrations.schema_migrations ("
            " version text not null primary key, statements text[], name text)"
        )
    for migration in pending:
        _apply_one(connection, migration)
    return [migration.file for migration in pending]


def _apply_one(connection: psycopg.Connection, migration: Migration) -> None:
    parts = statements.split(migration.text)
    connection.execute("reset all")  # what an earlier file set for its session
    with connection.transaction():
        for part in parts:
            try:
                connection.execute(part.encode())
            except psycopg.Error as error:
                reason = error.diag.message_primary or error
                raise MigrationFailed(
                    f"{migration.file}, line {_line(migration.text, part, error)}: {reason}",
                    next_step=error.diag.message_hint
                    or "Nothing of this file was kept; correct it and repeat.",
                ) from error
        connection.execute(
            "insert into supabase_migrations.schema_migrations (version, statements, name) values (%s, %s, %s)",
            [migration.version, parts, migration.name],
        )


def _line(text: str, part: str, error: psycopg.Error) -> int:
    """Line of the file at which a statement failed."""
    inside = int(error.diag.statement_position or 1) - 1
    return text.count("\n", 0, text.index(part) + inside) + 1


def _recorded(connection: psycopg.Connection) -> dict[str, list[str] | None]:
    """Statements of each recorded version, in order; None where the recorder kept none."""
    if not _exists(connection, "supabase_migrations.schema_migrations"):
        return {}
    return dict(
        connection.execute(
            "select version, statements from supabase_migrations.schema_migrations order by version"
        ).fetchall()
    )


def _exists(connection: psycopg.Connection, table: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", [table]).fetchone()
    return bool(row and row[0])


def _bare(parts: list[str]) -> str:
    """Statements without what two tools may cut differently: space and semicolons."""
    return re.sub(r"[\s;]+", "", "".join(parts))


@contextmanager
def _one_migrator(conninfo: str) -> Iterator[None]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("select pg_advisory_lock({})").format(_LOCK))
        yield
