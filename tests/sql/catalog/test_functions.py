"""Functions: what each one sets, says and how long it is."""

from __future__ import annotations

import re
from pathlib import Path

from tests.sql.catalog.conftest import Look

SOURCES = sorted((Path(__file__).parents[3] / "sql").glob("*.sql"))
OURS = "p.pronamespace::regnamespace::text in ('public', 'private', 'partitions')"
MAX_LINES = 60

#: From `create function` to the statement's end; the body's dollar quotes may hold semicolons.
_FUNCTION = re.compile(r"^create function (?P<name>[\w.]+)\(.*?(?:^return\b[^;]*;|\$\$.*?\$\$;)", re.M | re.S)


def functions() -> dict[str, str]:
    """The text of every function in `sql/`, by name."""
    found: dict[str, str] = {}
    for path in SOURCES:
        for match in _FUNCTION.finditer(path.read_text(encoding="utf-8")):
            assert match["name"] not in found, f"{match['name']} is made twice"
            found[match["name"]] = match[0]
    return found


def test_every_function_of_the_database_stands_in_one_sql_file(look: Look) -> None:
    assert set(
        look(f"select p.pronamespace::regnamespace || '.' || p.proname from pg_proc as p where {OURS}")
    ) == set(functions())


def test_every_function_has_an_empty_search_path(look: Look) -> None:
    assert (
        look(f"""
        select p.oid::regprocedure::text from pg_proc as p
        where {OURS} and not coalesce('search_path=""' = any(p.proconfig), false)
    """)
        == []
    )


def test_every_function_of_the_queue_library_has_a_search_path_of_its_own(look: Look) -> None:
    assert (
        look("""
        select p.oid::regprocedure::text from pg_proc as p
        where p.pronamespace = 'procrastinate'::regnamespace
          and not coalesce('search_path=procrastinate, pg_temp' = any(p.proconfig), false)
    """)
        == []
    )


def test_every_function_that_runs_as_its_definer_says_why(look: Look) -> None:
    definers = set(
        look(
            f"select p.pronamespace::regnamespace || '.' || p.proname from pg_proc as p where {OURS} and p.prosecdef"
        )
    )
    explained = {
        name
        for name, text in functions().items()
        if re.search(r"^-- definer: .+\nsecurity definer$", text, re.M)
    }
    assert definers == explained


def test_functions_are_short() -> None:
    long = {
        name: count for name, text in functions().items() if (count := len(text.splitlines())) > MAX_LINES
    }
    assert long == {}


def test_functions_that_raise_name_a_code_and_a_next_step() -> None:
    raised = [
        (name, statement)
        for name, text in functions().items()
        for statement in re.findall(r"raise exception(?:[^;']|'[^']*')*;", text)
    ]
    assert raised
    assert [
        (name, statement)
        for name, statement in raised
        if not re.search(r"errcode = 'CR00\d'", statement) or "hint = '" not in statement
    ] == []


def test_functions_and_their_arguments_are_told_from_columns_by_their_names(look: Look) -> None:
    """Arguments of private functions begin with p_; those of public ones are what the API's callers name.

    The hook's is named as Supabase Auth documents it.
    """
    assert (
        look("""
        select p.oid::regprocedure::text, a.name
        from pg_proc as p
        cross join unnest(p.proargnames[1:p.pronargs]) as a (name)
        where p.pronamespace = 'private'::regnamespace and a.name !~ '^p_' and p.proname <> 'custom_access_token'
    """)
        == []
    )
