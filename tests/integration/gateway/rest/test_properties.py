"""Whatever stands in a query, it is read, refused clearly, or said to be unsupported."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cliprow.local.gateway.rest.failures import RestFailure
from cliprow.local.gateway.rest.queries import MAX_ROWS, Query, read_query
from tests.integration.gateway.rest.conftest import Person

TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
#: Pieces of which real queries consist.
TERMS = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            ",",
            ".",
            ":",
            "(",
            ")",
            '"',
            "\\",
            "eq",
            "in",
            "not",
            "desc",
            "nullslast",
            "*",
            "->",
            "::",
            " ",
        ]
    ),
    max_size=8,
).map("".join)
NAMES = st.one_of(st.sampled_from(["select", "order", "limit", "offset", "a", "or", "on_conflict"]), TEXTS)


@given(
    parameters=st.lists(st.tuples(NAMES, st.one_of(TERMS, TEXTS)), max_size=4),
    asked=st.one_of(st.none(), TEXTS),
)
@settings(max_examples=500)
def test_a_query_is_read_or_refused(parameters: list[tuple[str, str]], asked: str | None) -> None:
    try:
        query = read_query(parameters, asked)
    except RestFailure as failure:
        assert failure.status in {400, 416, 501}
        assert failure.message
        return
    assert isinstance(query, Query)
    assert 0 <= query.limit <= MAX_ROWS
    assert query.offset >= 0
    names = [*(column.name for column in query.columns or ()), *(each.column for each in query.filters)]
    assert all(name and "\0" not in name for name in names)


@given(value=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_text_reaches_the_function_and_comes_back(anna: Person, value: str) -> None:
    assert anna.call("rest_echo", value=value) == value


@given(value=st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_in_a_filter_breaks_anything(anna: Person, value: str) -> None:
    params: dict[str, Any] = {"title": f"eq.{value}", "select": "id"}
    answer = anna.http.get("/rest_notes", params=params)
    assert answer.status_code == (400 if "\0" in value else 200), answer.text
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    answer = anna.http.get("/rest_notes", params={"title": f'in.("{quoted}",x)', "select": "id"})
    assert answer.status_code == (400 if "\0" in value else 200), answer.text


@pytest.mark.parametrize(
    "path", ["/rpc/", "/rpc", "/rpc/a/b", "/a/b", "/%00", "/%ff", "/..", "//", "/rpc/%2e%2e"]
)
def test_odd_paths_are_not_found(anna: Person, path: str) -> None:
    assert anna.http.get(path).status_code in {404, 501}
    assert anna.http.post(path, json={}).status_code in {404, 405, 501}
