"""What the database knows of changed rows: their types, their values as JSON, filters, and who may see them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from psycopg import AsyncConnection, errors, sql
from psycopg.types.json import Jsonb

from cliprow.local.gateway.keys import ROLES, Caller
from cliprow.local.gateway.realtime.decoder import Row
from cliprow.local.gateway.realtime.filters import Filter, identifier, type_name
from cliprow.local.gateway.realtime.policies import acting
from cliprow.local.gateway.realtime.subscriptions import InvalidSubscription, Subscription

logger = logging.getLogger(__name__)

PUBLICATION = "supabase_realtime"

_TABLES = (
    "select c.oid, c.relrowsecurity from pg_catalog.pg_publication_tables as p"
    " join pg_catalog.pg_namespace as n on n.nspname = p.schemaname"
    " join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = p.tablename"
    " where p.pubname = %(publication)s "
    " and %(schema)s::text in (p.schemaname::text, '*') and %(table)s::text in (p.tablename::text, '*')"
)
_COLUMNS = (
    "select a.attname, t.typname, pg_catalog.format_type(a.atttypid, a.atttypmod),"
    " coalesce(a.attnum = any (k.conkey), false),"
    " array(select r from unnest(%(roles)s::text[]) as r"
    "  where pg_catalog.has_column_privilege(r, a.attrelid, a.attnum, 'select'))"
    " from pg_catalog.pg_attribute as a"
    " join pg_catalog.pg_type as t on t.oid = a.atttypid"
    " left join pg_catalog.pg_constraint as k on k.conrelid = a.attrelid and k.contype = 'p'"
    " where a.attrelid = %(oid)s and a.attnum > 0 and not a.attisdropped order by a.attnum"
)
_AWAIT = "select local_stack.await_transactions(%s)"
_IS_SECURED = "select relrowsecurity from pg_catalog.pg_class where oid = %s"
_VISIBLE = "select caller, key from local_stack.visible_rows(%s::oid::regclass, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    #: As clients know it, like `int4`, and as SQL writes it, like `integer`.
    type: str
    sql_type: str
    is_key: bool
    #: Roles that may read it.
    readers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is now."""

    oid: int
    columns: Mapping[str, Column]
    is_secured: bool

    @property
    def key(self) -> list[str]:
        """The columns of the primary key."""
        return [column.name for column in self.columns.values() if column.is_key]


class Rows:
    """Asks over one connection of the superuser."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def table(self, oid: int) -> Table:
        """What there is to know about a table."""
        cursor = await self._connection.execute(_COLUMNS, {"oid": oid, "roles": sorted(ROLES)})
        columns = {
            name: Column(name, type_, sql_type, is_key, frozenset(readers))
            for name, type_, sql_type, is_key, readers in await cursor.fetchall()
        }
        secured = await (await self._connection.execute(_IS_SECURED, [oid])).fetchone()
        return Table(oid, columns, secured is not None and secured[0])

    async def check(self, subscription: Subscription, caller: Caller) -> None:
        """See that the subscription can be fulfilled.

        Raises:
            InvalidSubscription: no such table is published, or a filter or column does not fit it.
        """
        values = {"publication": PUBLICATION, "schema": subscription.schema, "table": subscription.table}
        found = await (await self._connection.execute(_TABLES, values)).fetchall()
        if not found:
            raise InvalidSubscription(
                "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the "
                f"given connect parameters: {subscription}"
            )
        for oid, _ in found:
            table = await self.table(oid)
            for name in (*(each.column for each in subscription.filters), *(subscription.select or ())):
                column = table.columns.get(name)
                if column is None or caller.role not in column.readers:
                    raise _unable(subscription, f"invalid column {name}")
            try:
                nothing: Row = dict.fromkeys(table.columns)
                await self._matches(table, nothing, subscription.filters)
                for each in subscription.filters:
                    if each.operator in ("match", "imatch"):
                        await self._connection.execute("select '' ~ %s", each.values)
            except (errors.DataError, errors.ProgrammingError) as error:
                raise _unable(subscription, str(error).partition("\n")[0]) from error

    async def as_json(self, table: Table, row: Row) -> dict[str, msgspec.Raw]:
        """The values of a row as JSON, those that the log does not have left out."""
        known = {name: value for name, value in _known(table, row).items() if value is not None}
        values: dict[str, msgspec.Raw] = {name: msgspec.Raw(b"null") for name in _known(table, row)}
        if known:
            columns = sql.SQL(", ").join(
                sql.SQL("to_jsonb({}::{})::text").format(
                    sql.Placeholder(), type_name(table.columns[name].sql_type)
                )
                for name in known
            )
            cursor = await self._connection.execute(
                sql.SQL("select {}").format(columns), [value.decode() for value in known.values()]
            )
            converted = await cursor.fetchone()
            assert converted is not None
            values |= {name: msgspec.Raw(text.encode()) for name, text in zip(known, converted, strict=True)}
        return values

    async def matching(
        self, table: Table, row: Row, filters: Iterable[tuple[Filter, ...]]
    ) -> set[tuple[Filter, ...]]:
        """Which of these sets of conditions the row meets; one that fails, fails alone."""
        met = set()
        for conditions in filters:
            if not conditions:
                met.add(conditions)
            elif all(each.column in _known(table, row) for each in conditions):
                try:
                    if await self._matches(table, row, conditions):
                        met.add(conditions)
                except (errors.DataError, errors.ProgrammingError) as error:
                    logger.warning("A filter no longer fits its table: %s", error)
        return met

    async def settled(self, transactions: Collection[int]) -> None:
        """Wait until everybody can see what these transactions did."""
        await self._connection.execute(_AWAIT, [list(transactions)])

    async def visible(
        self, table: Table, keys: Sequence[Sequence[str]], callers: Sequence[Caller]
    ) -> set[tuple[int, int]]:
        """Which rows each caller may read: pairs of the places of a caller and a key."""
        asked = [acting(caller) for caller in callers]
        cursor = await self._connection.execute(
            _VISIBLE, [table.oid, table.key, Jsonb([list(key) for key in keys]), Jsonb(asked)]
        )
        return {(caller - 1, key - 1) for caller, key in await cursor.fetchall()}

    async def _matches(self, table: Table, row: Row, conditions: Sequence[Filter]) -> bool:
        if not conditions:
            return True
        known = _known(table, row)
        names = {each.column for each in conditions}
        columns = sql.SQL(", ").join(
            sql.SQL("{}::{} as {}").format(
                sql.Placeholder(), type_name(table.columns[name].sql_type), identifier(name)
            )
            for name in names
        )
        met = sql.SQL(" and ").join(
            each.condition(table.columns[each.column].sql_type) for each in conditions
        )
        values: list[str | None] = [value for each in conditions for value in each.values]
        for name in names:
            value = known[name]
            values.append(None if value is None else value.decode())
        cursor = await self._connection.execute(
            sql.SQL("select {} from (select {}) as r").format(met, columns), values
        )
        answer = await cursor.fetchone()
        return answer is not None and answer[0] is True


def _known(table: Table, row: Row) -> dict[str, bytes | None]:
    """The values that the log has, of columns that there still are."""
    return {
        name: value
        for name, value in row.items()
        if name in table.columns and (value is None or isinstance(value, bytes))
    }


def _unable(subscription: Subscription, reason: str) -> InvalidSubscription:
    return InvalidSubscription(
        "Unable to subscribe to changes with given parameters. An exception happened so please check your connect "
        f"parameters: {subscription}. Exception: {reason}"
    )
