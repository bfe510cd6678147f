"""cliprow.statements: the same cuts as the Supabase CLI makes."""

from __future__ import annotations

import pytest

from cliprow.statements import split


@pytest.mark.parametrize(
    "statement",
    [
        "select ';'",
        "select 'it''s; here'",
        r"select E'a\';b'",
        'select 1 as "a;b"',
        "-- one; two\nselect 1",
        "select 1 /* a; /* b; */ c; */ + 1",
        "do $$ begin perform 1; end $$",
        "do $body$ begin perform '$$;'; end $body$",
        "create function f() returns int begin atomic select case when true then 1 else 2 end; select 2; end",
        "create function f() returns int language sql return case when true then 1 end",
        "create table a$b$c (id int)",
    ],
)
def test_a_semicolon_inside_a_statement_does_not_end_it(statement: str) -> None:
    assert split(f"{statement};\nselect 2;") == [statement, "select 2"]


def test_nothing_comes_of_space_and_empty_statements() -> None:
    assert split(" ;;\n;") == []


def test_comments_belong_to_the_statement_after_them() -> None:
    text = "-- first\nselect 1; -- second\nselect 2;\n-- the end\n"
    assert split(text) == ["-- first\nselect 1", "-- second\nselect 2", "-- the end"]


def test_the_last_statement_needs_no_semicolon() -> None:
    assert split("select 1;\nselect 2") == ["select 1", "select 2"]
