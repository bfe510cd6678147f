"""What the database offers: functions, tables and views of the exposed schema, and the settings of roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import DictRow

#: The schema that callers see.
SCHEMA = "public"
#: Settings of a function that count from the first statement of its transaction on.
HOISTED = frozenset({"statement_timeout", "default_transaction_isolation"})

_FUNCTIONS = """
select p.proname as name,
       p.provolatile = 'v' as is_volatile,
       p.proretset as is_set,
       t.typname = 'void' as is_void,
       t.typtype = 'c' or t.typname = 'record'
           or coalesce(p.proargmodes && array['t', 'o', 'b']::"char"[], false) as is_composite,
       p.pronargdefaults as defaults,
       coalesce(p.proconfig, '{}') as config,
       array(
           select coalesce(p.proargnames[place], '')
           from generate_subscripts(modes.of_arguments, 1) as place
           where modes.of_arguments[place] in ('i', 'b', 'v')
           order by place
       ) as names,
       array(
           select pg_catalog.format_type(type, null) from unnest(p.proargtypes) with ordinality as input (type, place)
           order by place
       ) as types
from pg_catalog.pg_proc as p
join pg_catalog.pg_type as t on t.oid = p.prorettype
cross join lateral (
    select coalesce(p.proargmodes, array_fill('i'::"char", array[p.pronargs::integer])) as of_arguments
) as modes
where p.pronamespace = %s::regnamespace
  and p.prokind = 'f'
  and t.typname not in ('trigger', 'event_trigger', 'internal')
"""
# Partitions are left out: row-level security of the table they belong to does not protect them.
_RELATIONS = """
select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
from pg_catalog.pg_class as c
join pg_catalog.pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = %s::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
group by c.relname
"""
_ROLE_SETTINGS = """
select r.rolname as role, setting.entry
from pg_catalog.pg_db_role_setting as s
join pg_catalog.pg_roles as r on r.oid = s.setrole
cross join unnest(s.setconfig) as setting (entry)
join pg_catalog.pg_settings as known
    on known.name = split_part(setting.entry, '=', 1) and known.context = 'user'
where r.rolname = any(%s)
  and s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
order by s.setdatabase
"""


@dataclass(frozen=True)
class Argument:
    """One input of a function."""

    name: str
    #: As SQL writes it, with its schema.
    type: str
    is_optional: bool


@dataclass(frozen=True)
class Function:
    """One function, or one of several of the same name."""

    name: str
    arguments: tuple[Argument, ...]
    is_volatile: bool
    is_set: bool
    is_void: bool
    #: Whether it gives rows with columns, not single values.
    is_composite: bool
    #: Settings for the whole of its transaction.
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_callable_by_name(self) -> bool:
        """Whether every argument has a name."""
        return all(argument.name for argument in self.arguments)

    def takes(self, names: set[str]) -> bool:
        """Whether it can be called with exactly these arguments, the others having defaults."""
        known = {argument.name for argument in self.arguments}
        needed = {argument.name for argument in self.arguments if not argument.is_optional}
        return self.is_callable_by_name and needed <= names <= known

    def signature(self) -> str:
        """The function as messages name it."""
        arguments = ", ".join(f"{argument.name} => {argument.type}" for argument in self.arguments)
        return f"{SCHEMA}.{self.name}({arguments})"


@dataclass(frozen=True)
class Catalog:
    """All that is offered, as of one moment."""

    functions: Mapping[str, tuple[Function, ...]]
    #: Columns of each table and view.
    relations: Mapping[str, tuple[str, ...]]
    #: Settings of each role.
    role_settings: Mapping[str, Mapping[str, str]]


async def read_catalog(connection: AsyncConnection[DictRow], roles: list[str]) -> Catalog:
    """Read the catalog in one transaction."""
    async with connection.transaction():
        # With nothing on the search path, types are written with their schemas.
        await connection.execute("select set_config('search_path', '', true)")
        functions: dict[str, tuple[Function, ...]] = {}
        for row in await (await connection.execute(_FUNCTIONS, [SCHEMA])).fetchall():
            functions[row["name"]] = (*functions.get(row["name"], ()), _function(row))
        relations = {
            row["name"]: tuple(row["columns"])
            for row in await (await connection.execute(_RELATIONS, [SCHEMA])).fetchall()
        }
        settings: dict[str, dict[str, str]] = {role: {} for role in roles}
        for row in await (await connection.execute(_ROLE_SETTINGS, [roles])).fetchall():
            name, _, value = row["entry"].partition("=")
            settings[row["role"]][name] = value
    return Catalog(functions, relations, settings)


def _function(row: dict[str, Any]) -> Function:
    names, types = row["names"], row["types"]
    first_optional = len(types) - row["defaults"]
    config = dict(entry.split("=", 1) for entry in row["config"])
    return Function(
        name=row["name"],
        arguments=tuple(
            Argument(name, type_, place >= first_optional)
            for place, (name, type_) in enumerate(zip(names, types, strict=True))
        ),
        is_volatile=row["is_volatile"],
        is_set=row["is_set"],
        is_void=row["is_void"],
        is_composite=row["is_composite"],
        settings={name: value for name, value in config.items() if name in HOISTED},
    )
