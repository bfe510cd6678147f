"""/rest/v1: which function is called, which table is read, and what is not supported."""

from __future__ import annotations

import difflib
from typing import Any
from urllib.parse import unquote

import msgspec
import psycopg
from litestar import HttpMethod, Response, route
from litestar.handlers.base import BaseRouteHandler

from cliprow.local.gateway.keys import Keyring
from cliprow.local.gateway.rest import failures
from cliprow.local.gateway.rest.answers import Request, Wishes, read_wishes, respond
from cliprow.local.gateway.rest.catalog import SCHEMA, Catalog, Function
from cliprow.local.gateway.rest.database import Act, Database
from cliprow.local.gateway.rest.failures import RestFailure, unsupported
from cliprow.local.gateway.rest.queries import RESERVED, looks_like_filter, read_query
from cliprow.local.gateway.rest.reads import Statement, relation, rows_as_json
from cliprow.local.gateway.rest.routines import call_with_json, call_with_text, choose

BASE = "/rest/v1"
#: Largest body of a call, in bytes.
MAX_BODY_BYTES = 16 << 20
#: What the database says of names that the catalog still had and it no longer has.
_STALE = frozenset({"42883", "42P01", "42703"})
_WRITING = (HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE)


def rest_routes(keyring: Keyring, database: Database) -> list[BaseRouteHandler]:
    """The routes of the REST interface."""

    async def run(
        act: Act, statement: Statement, *, is_read_only: bool, function: Function | None = None
    ) -> dict[str, Any]:
        settings = function.settings if function else {}
        try:
            async with database.transaction(act, is_read_only=is_read_only, settings=settings) as connection:
                row = await (await connection.execute(statement.text, statement.parameters)).fetchone()
        except psycopg.Error as error:
            if error.sqlstate in _STALE:
                database.forget_catalog()
            raise failures.of_database(error, signed_in=act.is_signed_in) from error
        assert row is not None
        return row

    async def find(name: str, arguments: set[str]) -> Function:
        try:
            return choose(await database.catalog(), name, arguments)
        except RestFailure:
            if not database.forget_catalog():
                raise
            return choose(await database.catalog(), name, arguments)

    async def columns_of(name: str) -> tuple[str, ...]:
        catalog = await database.catalog()
        if name not in catalog.relations and database.forget_catalog():
            catalog = await database.catalog()
        if name not in catalog.relations:
            raise _no_table(catalog, name)
        return catalog.relations[name]

    async def call(
        request: Request, act: Act, function: Function, wishes: Wishes, statement: Statement, query: Any
    ) -> Response[Any]:
        is_read_only = request.method != "POST" or not function.is_volatile
        row = await run(act, statement, is_read_only=is_read_only, function=function)
        return respond(request, row, query, wishes, is_one=not function.is_set, is_void=function.is_void)

    @route(f"{BASE}/rpc/{{name:str}}", http_method=[HttpMethod.POST], status_code=200)
    async def call_function(request: Request) -> Response[Any]:
        act, wishes = _act(request, keyring), read_wishes(request)
        body = await _read_object(request)
        function = await find(_name(request, f"{BASE}/rpc/"), set(body))
        query = read_query(list(request.query_params.multi_items()), request.headers.get("range"))
        text = msgspec.json.encode(body).decode()
        statement = call_with_json(function, text, set(body), query, with_total=wishes.with_total)
        return await call(request, act, function, wishes, statement, query)

    @route(f"{BASE}/rpc/{{name:str}}", http_method=[HttpMethod.GET, HttpMethod.HEAD], status_code=200)
    async def call_reading_function(request: Request) -> Response[Any]:
        act, wishes = _act(request, keyring), read_wishes(request)
        name, given = _name(request, f"{BASE}/rpc/"), list(request.query_params.multi_items())
        known = {
            argument.name
            for function in (await database.catalog()).functions.get(name, ())
            for argument in function.arguments
        }
        values = {
            key: value
            for key, value in given
            if key in known or (key not in RESERVED and not looks_like_filter(value))
        }
        function = await find(name, set(values))
        query = read_query(given, request.headers.get("range"), values)
        statement = call_with_text(function, values, query, with_total=wishes.with_total)
        return await call(request, act, function, wishes, statement, query)

    @route(f"{BASE}/{{name:str}}", http_method=[HttpMethod.GET, HttpMethod.HEAD], status_code=200)
    async def read(request: Request) -> Response[Any]:
        act, wishes = _act(request, keyring), read_wishes(request)
        name = _name(request, f"{BASE}/")
        query = read_query(list(request.query_params.multi_items()), request.headers.get("range"))
        statement = rows_as_json(
            relation(name), [], query, columns=await columns_of(name), with_total=wishes.with_total
        )
        row = await run(act, statement, is_read_only=True)
        return respond(request, row, query, wishes)

    @route(f"{BASE}/{{name:str}}", http_method=list(_WRITING), status_code=200)
    async def write(request: Request) -> Response[Any]:
        _act(request, keyring)
        raise unsupported(f"writing to tables ({request.method})")

    @route(BASE, http_method=[HttpMethod.GET, HttpMethod.HEAD], status_code=200)
    async def describe(request: Request) -> Response[Any]:
        _act(request, keyring)
        raise unsupported("the description of the interface (OpenAPI)")

    return [call_function, call_reading_function, read, write, describe]


def _act(request: Request, keyring: Keyring) -> Act:
    secret = {"authorization", "apikey", "cookie"}
    headers = {name: value for name, value in request.headers.items() if name not in secret}
    caller = keyring.identify(request.headers)
    path = request.scope["path"].removeprefix(BASE)
    return Act(caller, request.method, path, headers, {})


def _name(request: Request, prefix: str) -> str:
    """The last part of the path, as it was sent."""
    return unquote(request.scope["raw_path"].decode("latin-1").removeprefix(prefix).rstrip("/"))


async def _read_object(request: Request) -> dict[str, msgspec.Raw]:
    """The arguments in a body, each left as it is.

    Raises:
        RestFailure: it is too large, or no JSON object.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY_BYTES:
            raise RestFailure(413, "PGRST102", "The body of this request is too large")
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if data and kind != "application/json" and not kind.endswith("+json"):
        raise unsupported(f"bodies of the type {kind[:60]}")
    try:
        return msgspec.json.decode(bytes(data) or b"{}", type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RestFailure(
            400,
            "PGRST102",
            "Empty or invalid json",
            details=str(error),
            hint="Send one JSON object with the arguments by name.",
        ) from error


def _no_table(catalog: Catalog, name: str) -> RestFailure:
    near = difflib.get_close_matches(name, catalog.relations, 1, 0.75)
    return RestFailure(
        404,
        "PGRST205",
        f"Could not find the table '{SCHEMA}.{name}' in the schema cache",
        hint=f"Perhaps you meant the table '{SCHEMA}.{near[0]}'" if near else None,
    )
