"""The SQL of an answer: rows of some source, filtered, sorted, cut and written as JSON by the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from psycopg import sql

from cliprow.local.gateway.rest.failures import RestFailure
from cliprow.local.gateway.rest.names import identifier
from cliprow.local.gateway.rest.queries import Filter, Order, Query


@dataclass(frozen=True)
class Statement:
    """SQL with its parameters."""

    text: sql.SQL | sql.Composed
    parameters: list[object]


def rows_as_json(
    source: sql.SQL | sql.Composed,
    parameters: list[object],
    query: Query,
    *,
    columns: Collection[str] | None,
    with_total: bool,
    is_scalar: bool = False,
) -> Statement:
    """A statement whose one row has `body` (text), `page` (how many rows that is) and `total`, or null.

    Args:
        source: a FROM item called `source`, or what comes before it; its parameters are `parameters`.
        columns: those there are, as far as known; others are refused before the database sees them.
        with_total: whether all rows that meet the filters are counted.
        is_scalar: whether the source has one nameless value a row, in the column `value`.

    Raises:
        RestFailure: a column does not exist.
    """
    check_columns(query, columns)
    conditions = [_condition(item) for item in query.filters]
    where: sql.SQL | sql.Composed = (
        sql.SQL(" where ") + sql.SQL(" and ").join(conditions) if conditions else sql.SQL("")
    )
    values: list[object] = [_operand(item) for item in query.filters]
    selected: sql.SQL | sql.Composed = sql.SQL("source.*")
    if query.columns is not None:
        selected = sql.SQL(", ").join(
            sql.SQL("source.{} as {}").format(identifier(column.name), identifier(column.alias))
            for column in query.columns
        )
    order: sql.SQL | sql.Composed = sql.SQL("")
    if query.order:
        order = sql.SQL(" order by ") + sql.SQL(", ").join(_ordering(item) for item in query.order)
    page = sql.SQL("select {} from source{}{} limit %s offset %s").format(selected, where, order)
    total = (
        sql.SQL("(select count(*) from source{})").format(where) if with_total else sql.SQL("null::bigint")
    )
    text = sql.SQL(
        "{}, page as ({}) select coalesce(json_agg({}), '[]')::text as body, count(*) as page, {} as total from page"
    ).format(source, page, sql.SQL("page.value" if is_scalar else "page"), total)
    return Statement(text, [*parameters, *values, query.limit, query.offset, *(values if with_total else [])])


def relation(name: str) -> sql.SQL | sql.Composed:
    """A table or view of the exposed schema as source."""
    return sql.SQL("with source as not materialized (select * from public.{})").format(identifier(name))


def check_columns(query: Query, columns: Collection[str] | None) -> None:
    """Refuse columns that do not exist.

    Raises:
        RestFailure: one does not.
    """
    if columns is None:
        return
    named = [
        *(column.name for column in query.columns or ()),
        *(item.column for item in query.filters),
        *(item.column for item in query.order),
    ]
    for name in named:
        if name not in columns:
            raise RestFailure(400, "42703", f"column {name} does not exist")


def _condition(item: Filter) -> sql.SQL | sql.Composed:
    column = identifier(item.column)
    if item.operator == "in":
        return sql.SQL("source.{} = any(%s)").format(column)
    return sql.SQL("source.{} = %s").format(column)


def _operand(item: Filter) -> str:
    """The value of a condition as text, whose type the database takes from the column."""
    if item.operator == "eq":
        return item.values[0]
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in item.values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def _ordering(item: Order) -> sql.SQL | sql.Composed:
    nulls = {"first": " nulls first", "last": " nulls last", None: ""}[item.nulls]
    direction = " desc" if item.is_descending else " asc"
    return sql.SQL("source.{}{}").format(identifier(item.column), sql.SQL(direction + nulls))
