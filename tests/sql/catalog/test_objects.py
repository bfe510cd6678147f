"""What must be true of every object of ours, read from the catalog."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cliprow.db import ERRORS
from tests.cluster import Database

SQL = Path(__file__).parents[3] / "sql"
OURS = "('public', 'private', 'partitions')"
#: Functions of ours; not those of extensions, nor what the queue library brings.
_FUNCTIONS = f"""
select p.oid::regprocedure::text as signature, p.* from pg_proc as p
where p.pronamespace in (select oid from pg_namespace where nspname in {OURS})
  and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
"""


@pytest.fixture(scope="module")
def rows(catalog: Database) -> Any:
    """Runs a query on the catalog of a migrated database."""
    with psycopg.connect(catalog.admin, autocommit=True) as connection:
        yield lambda query: connection.execute(query.encode()).fetchall()


def test_every_exposed_table_and_leaf_has_row_level_security(rows: Any) -> None:
    assert (
        rows(
            "select c.oid::regclass from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
            " where n.nspname in ('public', 'partitions') and c.relkind in ('r', 'p') and not c.relrowsecurity"
        )
        == []
    )


def test_every_table_with_row_level_security_has_a_policy(rows: Any) -> None:
    assert (
        rows(
            "select c.oid::regclass from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
            " and not exists (select from pg_policy as p where p.polrelid = c.oid)"
        )
        == []
    )


def test_leaves_and_private_tables_are_granted_to_nobody(rows: Any) -> None:
    assert (
        rows(
            "select c.oid::regclass, a.grantee::regrole, a.privilege_type from pg_class as c"
            " join pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('partitions', 'private')"
            " cross join lateral aclexplode(c.relacl) as a where a.grantee <> c.relowner"
        )
        == []
    )


def test_every_leaf_is_in_its_schema(rows: Any) -> None:
    assert (
        rows(
            "select c.oid::regclass from pg_class as c join pg_inherits as i on i.inhrelid = c.oid and c.relkind = 'r'"
            " join pg_class as r on r.oid = i.inhparent and r.relnamespace = 'public'::regnamespace"
            " where c.relnamespace <> 'partitions'::regnamespace"
        )
        == []
    )
    assert (
        len(rows("select from pg_class where relnamespace = 'partitions'::regnamespace and relkind = 'r'"))
        == 4 * 6
    )


def test_private_is_entered_only_by_who_calls_its_functions(rows: Any) -> None:
    assert rows(
        "select n.nspname, string_agg(distinct a.grantee::regrole::text, ' ' order by a.grantee::regrole::text)"
        " from pg_namespace as n cross join lateral aclexplode(n.nspacl) as a"
        f" where n.nspname in {OURS} and n.nspname <> 'public' and a.grantee <> n.nspowner group by 1"
    ) == [("private", "authenticated cliprow_worker service_role")]


def test_every_function_has_a_search_path(rows: Any) -> None:
    assert (
        rows(
            f"select signature from ({_FUNCTIONS}) as f where not coalesce(proconfig @> array['search_path=\"\"'], false)"
        )
        == []
    )


def test_no_function_is_for_everybody(rows: Any) -> None:
    assert (
        rows(
            f"select signature from ({_FUNCTIONS}) as f"
            " where exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) as a where a.grantee = 0)"
        )
        == []
    )


def test_queue_functions_have_a_search_path(rows: Any) -> None:
    assert (
        rows(
            "select proname from pg_proc where pronamespace = 'procrastinate'::regnamespace"
            " and not coalesce(proconfig @> array['search_path=procrastinate, pg_temp'], false)"
        )
        == []
    )


#: Who may call what; the rest of `private` is called by these.
CALLED_BY = {
    "anon": set(),
    "authenticated": {
        "create_batch", "retry_job", "claims", "user_id", "membership", "tenant_id", "has_role", "uuid_v7", "uuid_at", "uuid_time",
        "controlled_project_ids", "analysed_project_ids", "controlled_script_ids", "text_config", "script_text",
    },
    "service_role": {
        "claims", "user_id", "membership", "tenant_id", "has_role", "uuid_v7", "uuid_at", "uuid_time",
        "controlled_project_ids", "analysed_project_ids", "controlled_script_ids", "text_config", "script_text",
    },
    "cliprow_worker": {
        "claim_task", "complete_task", "report_progress", "fail_task", "hand_back_task", "register_worker", "beat",
        "drain_worker", "leave", "tick",
    },
}  # fmt: skip


@pytest.mark.parametrize("role", CALLED_BY)
def test_roles_call_what_they_are_meant_to(rows: Any, role: str) -> None:
    found = rows(
        f"select proname from ({_FUNCTIONS}) as f where has_function_privilege('{role}', oid, 'execute')"
    )
    assert {name for (name,) in found} == CALLED_BY[role]


def test_workers_touch_no_table_but_the_queues(rows: Any) -> None:
    found = rows(
        "select c.oid::regclass::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')"
        " and has_table_privilege('cliprow_worker', c.oid, 'select, insert, update, delete, truncate, references, trigger')"
    )
    assert {name for (name,) in found} == {
        f"procrastinate.procrastinate_{name}" for name in ("jobs", "events", "workers", "periodic_defers")
    }
    assert (
        rows(
            "select n.nspname from pg_namespace as n where has_schema_privilege('cliprow_worker', n.oid, 'create')"
            " and n.nspname !~ '^pg_'"
        )
        == []
    )
    assert rows(
        "select rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolinherit from pg_roles"
        " where rolname = 'cliprow_worker'"
    ) == [(False,) * 6]
    assert rows("select from pg_auth_members where member = 'cliprow_worker'::regrole") == []


def test_everything_has_a_comment(rows: Any) -> None:
    assert (
        rows(f"select signature from ({_FUNCTIONS}) as f where obj_description(oid, 'pg_proc') is null") == []
    )
    assert (
        rows(
            "select c.oid::regclass from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
            f" where n.nspname in {OURS} and c.relkind in ('r', 'p', 'v', 'm') and obj_description(c.oid, 'pg_class') is null"
        )
        == []
    )
    assert (
        rows(
            "select t.oid::regtype from pg_type as t join pg_namespace as n on n.oid = t.typnamespace"
            " left join pg_class as c on c.oid = t.typrelid"
            f" where n.nspname in {OURS} and (t.typtype in ('e', 'd') or c.relkind = 'c') and obj_description(t.oid, 'pg_type') is null"
        )
        == []
    )
    assert (
        rows(
            f"select nspname from pg_namespace where nspname in {OURS} and obj_description(oid, 'pg_namespace') is null"
        )
        == []
    )


def test_every_status_and_role_has_a_comment_that_names_each_value(rows: Any) -> None:
    checked = rows(
        "select c.oid::regclass::text, a.attname, col_description(c.oid, a.attnum), pg_get_constraintdef(k.oid)"
        " from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attname in ('status', 'role') and a.atttypid = 'text'::regtype"
        " join pg_constraint as k on k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]"
        " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
    )
    assert len(checked) >= 7
    lacking = [
        (table, column, value)
        for table, column, comment, definition in checked
        for value in re.findall(r"'(\w+)'::text", definition)
        if not re.search(rf"\b{value}\b", comment or "")
    ]
    assert lacking == []


def test_every_foreign_key_has_an_index(rows: Any) -> None:
    assert (
        rows(
            "select k.conrelid::regclass, k.conname from pg_constraint as k join pg_class as c on c.oid = k.conrelid"
            f" join pg_namespace as n on n.oid = c.relnamespace and n.nspname in {OURS}"
            " where k.contype = 'f' and k.conparentid = 0 and not exists ("
            "   select from pg_index as i where i.indrelid = k.conrelid"
            "   and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] operator(pg_catalog.@>) k.conkey)"
        )
        == []
    )


def test_every_column_a_policy_compares_has_an_index(rows: Any) -> None:
    """Our policies compare a column with a helper's result: it leads an index."""
    assert (
        rows(
            "select c.oid::regclass, a.attname from pg_class as c"
            " join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id'"
            " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not exists ("
            "   select from pg_index as i where i.indrelid = c.oid and i.indkey[0] = a.attnum) and c.relname <> 'job_events'"
        )
        == []
    )


def test_policies_call_helpers_once_per_statement(rows: Any) -> None:
    """Inside a subselect a helper's result is an initplan, not a call per row."""
    bare = []
    for table, name, used, checked in rows(
        "select polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) from pg_policy"
        " where polrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)"
    ):
        text = f"{used} {checked}"
        inside = re.sub(r"\( SELECT private\.\w+\([^()]*\) AS \w+\)", "", text)
        if re.search(
            r"private\.\w+\(",
            inside.replace("SELECT private.controlled_", "").replace("SELECT private.analysed_", ""),
        ):
            bare.append((table, name, text))
    assert bare == []


def test_one_permissive_policy_per_table_and_action(rows: Any) -> None:
    assert (
        rows(
            "select polrelid::regclass, polcmd from pg_policy where polpermissive group by 1, 2 having count(*) > 1"
        )
        == []
    )


def _functions() -> dict[str, str]:
    """Source of every function in sql/, by its name."""
    found = {}
    for file in sorted(SQL.glob("*.sql")):
        for match in re.finditer(
            r"^create function (\S+?)\s*\(.*?^(?:\$\$|return\b.*?);$", file.read_text(), re.S | re.M
        ):
            found[match[1]] = match[0]
    return found


def test_every_definer_function_is_known_and_says_why(rows: Any) -> None:
    definers = {f"{schema}.{name}" for schema, name in rows(
        f"select pronamespace::regnamespace::text, proname from ({_FUNCTIONS}) as f where prosecdef"
    )}  # fmt: skip
    workers = {f"private.{name}" for name in CALLED_BY["cliprow_worker"]}
    assert definers == workers | {
        "public.create_batch", "public.retry_job", "private.membership", "private.controlled_project_ids",
        "private.analysed_project_ids", "private.create_tenant_for_user", "private.keep_an_owner", "private.ensure_month",
        "private.forget_windows", "private.tasks_changed", "private.tasks_moved", "private.jobs_changed",
    }  # fmt: skip
    sources = _functions()
    assert [name for name in definers if "-- definer: " not in sources[name]] == []


def test_functions_are_short(rows: Any) -> None:
    sources = _functions()
    assert len(sources) == len(rows(_FUNCTIONS))
    assert {name: text.count("\n") for name, text in sources.items() if text.count("\n") > 65} == {}


def test_public_holds_no_function_that_is_not_for_users(rows: Any) -> None:
    assert {name for (name,) in rows(
        f"select proname from ({_FUNCTIONS}) as f where pronamespace = 'public'::regnamespace"
    )} == {"create_batch", "retry_job"}  # fmt: skip


def test_every_error_code_of_the_sql_is_known_to_python_and_says_what_to_do() -> None:
    text = "".join(_functions().values())
    raised = re.findall(r"raise exception.*?;\n", text, re.S)
    codes = {match for each in raised for match in re.findall(r"errcode = '(\w+)'", each)}
    assert codes == {code for code in ERRORS if code.startswith("CR")}
    assert [each for each in raised if "errcode = 'CR" not in each or "hint = " not in each] == []


def test_realtime_publishes_the_unpartitioned_ones(rows: Any) -> None:
    assert rows(
        "select tablename from pg_publication_tables where pubname = 'supabase_realtime' order by 1"
    ) == [("batches",), ("projects",)]
