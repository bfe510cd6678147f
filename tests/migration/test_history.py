"""The history in supabase/migrations and the current state in sql/ build the same schema."""

from __future__ import annotations

import difflib
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cliprow.local.programs import major_version
from cliprow.migrate import install_procrastinate, migrate
from tests.cluster import Database

ROOT = Path(__file__).parents[2]
STATE = ROOT / "sql"
HISTORY = ROOT / "supabase" / "migrations"
#: Where Debian keeps Postgres; the packaged one brings no pg_dump.
_PG_DUMPS = ("/usr/lib/postgresql/*/bin/pg_dump", "/usr/local/pgsql/bin/pg_dump")

#: Everything a schema says that pg_dump would print, by name and in the order of columns.
_CATALOG = """
with ours as (select oid, nspname from pg_namespace where nspname in ('public', 'private', 'partitions'))
select 'column', c.oid::regclass::text, format('%s %s %s %s %s %s %s', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
  a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
from ours join pg_class as c on c.relnamespace = ours.oid and c.relkind in ('r', 'p', 'v', 'c')
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
union all
select 'table', c.oid::regclass::text, format('%s %s %s %s %s', c.relkind, c.relrowsecurity, c.reloptions,
  pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid))
from ours join pg_class as c on c.relnamespace = ours.oid and c.relkind in ('r', 'p', 'v', 'c')
union all
select 'constraint', k.conrelid::regclass::text, k.conname || ' ' || pg_get_constraintdef(k.oid)
from ours join pg_constraint as k on k.connamespace = ours.oid
union all
select 'index', i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid)
from ours join pg_class as c on c.relnamespace = ours.oid join pg_index as i on i.indexrelid = c.oid
union all
select 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid)
from ours join pg_proc as p on p.pronamespace = ours.oid and p.prokind = 'f'
where not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
union all
select 'trigger', t.tgrelid::regclass::text, pg_get_triggerdef(t.oid) from pg_trigger as t where not t.tgisinternal
union all
select 'policy', p.polrelid::regclass::text, format('%s %s %s %s %s', p.polname, p.polcmd, p.polroles::regrole[],
  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
from pg_policy as p
union all
select 'grant', o.name, o.acl
from (
  select c.oid::regclass::text as name, c.relacl::text as acl from ours join pg_class as c on c.relnamespace = ours.oid
  union all
  select format('%s.%s', a.attrelid::regclass, a.attname), a.attacl::text
  from ours join pg_class as c on c.relnamespace = ours.oid join pg_attribute as a on a.attrelid = c.oid and a.attacl is not null
  union all
  select p.oid::regprocedure::text, p.proacl::text from ours join pg_proc as p on p.pronamespace = ours.oid
  union all
  select n.nspname, n.nspacl::text from pg_namespace as n where n.nspname in ('public', 'private', 'partitions', 'procrastinate')
  union all
  select format('default %s %s %s', d.defaclrole::regrole, d.defaclnamespace::regnamespace, d.defaclobjtype), d.defaclacl::text
  from pg_default_acl as d
) as o
union all
select 'comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description
from pg_description as d
where (pg_identify_object(d.classoid, d.objoid, d.objsubid)).schema in ('public', 'private', 'partitions')
union all
select 'publication', pubname, format('%s.%s', schemaname, tablename) from pg_publication_tables
order by 1, 2, 3
"""


@pytest.fixture
def history(bare_database: Database) -> Database:
    """A database made by applying every migration."""
    migrate(bare_database.admin, HISTORY)
    return bare_database


@pytest.fixture
def state(clone: Callable[[str], Database], bare_template: str) -> Database:
    """A database made from sql/."""
    database = clone(bare_template)
    install_procrastinate(database.admin)
    with psycopg.connect(database.admin, autocommit=True) as connection, connection.transaction():
        for file in sorted(STATE.glob("*.sql")):
            connection.execute(file.read_bytes())
    return database


def _differences(first: list[str], second: list[str]) -> str:
    return "\n".join(difflib.unified_diff(first, second, "supabase/migrations", "sql", lineterm="", n=1))


def test_the_catalogs_are_equal(history: Database, state: Database) -> None:
    found = []
    for database in (history, state):
        with psycopg.connect(database.admin) as connection:
            found.append([" | ".join(map(str, row)) for row in connection.execute(_CATALOG).fetchall()])
    assert len(found[0]) > 1000
    assert _differences(*found) == ""


def test_the_dumps_are_equal(history: Database, state: Database, postgres_bin: Path) -> None:
    program = _pg_dump(postgres_bin)
    found = []
    for database in (history, state):
        words = [
            program,
            "--schema-only",
            "--exclude-schema=supabase_migrations",
            f"--dbname={database.superuser}",
        ]
        dump = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        # Comments of pg_dump's own, and the random word that newer versions put at both ends.
        found.append(
            [line for line in dump.splitlines() if line and not re.match(r"--|\\(un)?restrict ", line)]
        )
    assert len(found[0]) > 1000
    assert _differences(*found) == ""


def _pg_dump(programs: Path) -> str:
    """A pg_dump that can read what these programs serve."""
    beside = programs / "pg_dump"
    others = [path for pattern in _PG_DUMPS for path in Path("/").glob(pattern.lstrip("/"))]
    served = major_version(programs)
    for path in (beside, *others):
        if path.exists():
            shown = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
            if int(re.findall(r"\d+", shown)[0]) >= served:
                return str(path)
    pytest.skip(f"there is no pg_dump here for Postgres {served}; the catalogs are compared instead")
