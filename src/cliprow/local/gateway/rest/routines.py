"""Calling functions by the names of their arguments."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from psycopg import sql

from cliprow.local.gateway.rest.catalog import SCHEMA, Catalog, Function
from cliprow.local.gateway.rest.failures import RestFailure
from cliprow.local.gateway.rest.names import identifier, type_name
from cliprow.local.gateway.rest.queries import Query
from cliprow.local.gateway.rest.reads import Statement, rows_as_json


def choose(catalog: Catalog, name: str, arguments: set[str]) -> Function:
    """The function of this name that takes these arguments.

    Raises:
        RestFailure: there is none, or more than one.
    """
    overloads = catalog.functions.get(name, ())
    fitting = [function for function in overloads if function.takes(arguments)]
    if len(fitting) > 1:
        listed = ", ".join(function.signature() for function in fitting)
        raise RestFailure(
            300,
            "PGRST203",
            f"Could not choose the best candidate function between: {listed}",
            hint="Try renaming the parameters or the function itself in the database so function overloading"
            " can be resolved",
        )
    if not fitting:
        raise _missing(catalog, name, overloads, sorted(arguments))
    return fitting[0]


def call_with_json(
    function: Function, body: str, names: set[str], query: Query, *, with_total: bool
) -> Statement:
    """A call whose arguments stand in a JSON object; the database reads them as their types want it."""
    used = [argument for argument in function.arguments if argument.name in names]
    if not used:
        return _call(function, sql.SQL(""), sql.SQL(""), [], query, with_total=with_total)
    record = sql.SQL(", ").join(
        sql.SQL("{} {}").format(identifier(argument.name), type_name(argument.type)) for argument in used
    )
    arguments = sql.SQL(", ").join(
        sql.SQL("{0} := given.{0}").format(identifier(argument.name)) for argument in used
    )
    given = sql.SQL("json_to_record(%s::json) as given ({}), lateral ").format(record)
    return _call(function, given, arguments, [body], query, with_total=with_total)


def call_with_text(
    function: Function, values: Mapping[str, str], query: Query, *, with_total: bool
) -> Statement:
    """A call whose arguments stand in a URL, each as text that its type reads."""
    used = [argument for argument in function.arguments if argument.name in values]
    arguments = sql.SQL(", ").join(
        sql.SQL("{} := %s::{}").format(identifier(argument.name), type_name(argument.type))
        for argument in used
    )
    parameters: list[object] = [values[argument.name] for argument in used]
    return _call(function, sql.SQL(""), arguments, parameters, query, with_total=with_total)


def _call(
    function: Function,
    given: sql.SQL | sql.Composed,
    arguments: sql.SQL | sql.Composed,
    parameters: list[object],
    query: Query,
    *,
    with_total: bool,
) -> Statement:
    selected = sql.SQL("called.*" if function.is_composite else "called.value")
    alias = sql.SQL("called" if function.is_composite else "called (value)")
    source = sql.SQL("with source as materialized (select {} from {}{}.{}({}) as {})").format(
        selected, given, identifier(SCHEMA), identifier(function.name), arguments, alias
    )
    return rows_as_json(
        source,
        parameters,
        query,
        columns=None if function.is_composite else {"value"},
        with_total=with_total,
        is_scalar=not function.is_composite,
    )


def _missing(
    catalog: Catalog, name: str, overloads: tuple[Function, ...], arguments: list[str]
) -> RestFailure:
    listed = ", ".join(arguments)
    called = f"{SCHEMA}.{name}"
    many = "parameters" if len(arguments) > 1 else "parameter"
    hint = None
    if overloads:
        known = ", ".join(sorted(argument.name for argument in overloads[0].arguments))
        hint = f"Perhaps you meant to call the function {called}({known})"
    elif near := difflib.get_close_matches(name, catalog.functions, 1, 0.75):
        hint = f"Perhaps you meant to call the function {SCHEMA}.{near[0]}"
    return RestFailure(
        404,
        "PGRST202",
        f"Could not find the function {called}{f'({listed})' if arguments else ' without parameters'}"
        " in the schema cache",
        details=f"Searched for the function {called}"
        f"{f' with {many} {listed}' if arguments else ' without parameters'}"
        ", but no matches were found in the schema cache.",
        hint=hint,
    )
