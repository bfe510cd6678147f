"""Conditions on changed rows, as clients write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliprow.local.gateway.realtime.filters import Filter, InvalidFilter, read_filters

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def quoted(value: str) -> str:
    """As supabase-js writes a value with reserved characters."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("", ()),
        ("  ", ()),
        ("id=eq.1", (Filter("id", "eq", "1"),)),
        ("id=eq.", (Filter("id", "eq", ""),)),
        ("id=not.eq.1", (Filter("id", "eq", "1", is_negated=True),)),
        ("name=eq.a=b.c", (Filter("name", "eq", "a=b.c"),)),
        ("id=gt.1, id=lt.5", (Filter("id", "gt", "1"), Filter("id", "lt", "5"))),
        ('name=eq."a,b"', (Filter("name", "eq", "a,b"),)),
        ('name=eq.a"b', (Filter("name", "eq", 'a"b'),)),
        ("id=in.(1,2)", (Filter("id", "in", '{"1","2"}'),)),
        ('name=in.("a,b",c d, "e\\"f")', (Filter("name", "in", '{"a,b","c d","e\\"f"}'),)),
        ("id=is.null", (Filter("id", "is", "null"),)),
        ("name=like.(a,b)", (Filter("name", "like", "(a,b)"),)),
    ],
)
def test_what_is_understood(text: str, filters: tuple[Filter, ...]) -> None:
    assert read_filters(text) == filters


@pytest.mark.parametrize(
    "text",
    ["id", "=eq.1", "id=1", "id=eq", "id=near.1", "id=in.1", "id=is.1", ",", "id=eq.1,,id=eq.2", "a=not.b"],
)
def test_what_is_not(text: str) -> None:
    with pytest.raises(InvalidFilter):
        read_filters(text)


def test_at_most_a_hundred_values_may_be_listed() -> None:
    read_filters(f"id=in.({','.join('1' * 100)})")
    with pytest.raises(InvalidFilter, match="Maximum 100"):
        read_filters(f"id=in.({','.join('1' * 101)})")


@given(texts, texts)
def test_quoted_values_may_hold_anything(first: str, second: str) -> None:
    assert read_filters(f"a=eq.{quoted(first)},b=not.neq.{quoted(second)}") == (
        Filter("a", "eq", first),
        Filter("b", "neq", second, is_negated=True),
    )


@given(st.text())
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        read_filters(text)
    except InvalidFilter as invalid:
        assert str(invalid)
