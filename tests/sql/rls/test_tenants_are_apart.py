"""No way leads from one tenant into another."""

from __future__ import annotations

import itertools

import psycopg
import pytest

from tests.sql.rls.cast import FORGER, OWNER, REMOVED, STRANGER, Cast
from tests.sql.rls.test_rights import MEMBERS

#: Tables with a tenant's rows, from the catalog.
_TENANT_TABLES = """
select c.relname from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id'
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1
"""
#: Foreign keys into a tenant's rows: table, columns, table they point into, and its columns.
_TENANT_KEYS = """
select k.conrelid::regclass::text, cols.names, k.confrelid::regclass::text, refs.names
from pg_constraint as k
join pg_class as c on c.oid = k.conrelid and c.relnamespace = 'public'::regnamespace
cross join lateral (select array_agg(a.attname::text order by o.n) as names from unnest(k.conkey) with ordinality as o (num, n)
  join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = o.num) as cols
cross join lateral (select array_agg(a.attname::text order by o.n) as names from unnest(k.confkey) with ordinality as o (num, n)
  join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = o.num) as refs
where k.contype = 'f' and k.conparentid = 0
  and exists (select from pg_attribute as a where a.attrelid = k.confrelid and a.attname = 'tenant_id')
"""


def _tables(cast: Cast) -> list[str]:
    return [name for (name,) in cast.world.rows(_TENANT_TABLES)]


@pytest.mark.parametrize("who", sorted(MEMBERS | {REMOVED, FORGER, STRANGER}))
def test_nobody_sees_a_row_of_another_tenant(cast: Cast, who: str) -> None:
    person = cast.people[who]
    own = cast.theirs["tenant"] if who == STRANGER else cast.ours["tenant"]
    seen = []
    for name in _tables(cast):
        query = f"select from public.{name} where tenant_id <> %s"
        if name == "memberships":  # one's own, to switch between tenants, are visible
            query += f" and user_id <> '{person.user_id}'"
        with cast.acting(who) as connection:
            try:
                if connection.execute(query.encode(), [own]).rowcount:
                    seen.append(name)
            except psycopg.errors.InsufficientPrivilege:
                continue
    assert seen == []


def test_a_public_scene_of_the_library_is_seen_by_all_tenants_but_not_its_scene(cast: Cast) -> None:
    with cast.world.admin.transaction(force_rollback=True):
        cast.world.run("update public.content_library set library_category = 'public' where id = %s", cast.ours["library"])
        assert cast.can(STRANGER, "select from public.content_library where id = %(library)s")
        assert not cast.can(STRANGER, "update public.content_library set preview_text = 'x' where id = %(library)s")
        assert not cast.can(STRANGER, "delete from public.content_library where id = %(library)s")
        assert not cast.can(STRANGER, "select from public.scenes where id = %(scene)s")


def test_every_key_into_a_tenants_rows_carries_the_tenant(cast: Cast) -> None:
    without = {(table, target) for table, columns, target, _ in cast.world.rows(_TENANT_KEYS) if "tenant_id" not in columns}
    # Within one job its id is enough: the task's own key to the job carries the tenant.
    assert without == {("task_attempts", "stage_tasks")}


def test_no_row_can_be_made_to_point_into_another_tenant(cast: Cast) -> None:
    for table, columns, target, references in cast.world.rows(_TENANT_KEYS):
        moved = [(column, reference) for column, reference in zip(columns, references, strict=True) if column != "tenant_id"]
        sets = ", ".join(
            f"{column} = (select f.{reference} from {target} as f where f.tenant_id = %(theirs)s limit 1)"
            for column, reference in moved
        )
        if table in ("scenes", "stage_tasks"):
            sets += ", scene_number = 99"  # or the row would be refused as a double
        one = f"select t.tableoid, t.ctid from {table} as t where t.tenant_id = %(ours)s limit 1"
        statement = f"update {table} as t set {sets} where (t.tableoid, t.ctid) = ({one})"
        names = {"theirs": cast.theirs["tenant"], "ours": cast.ours["tenant"]}
        with cast.world.admin.transaction(force_rollback=True):
            assert cast.world.admin.execute(one.encode(), names).rowcount == 1, f"{table} is empty"
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                cast.world.admin.execute(statement.encode(), names)


def test_no_row_moves_to_another_tenant_by_a_users_hand(cast: Cast) -> None:
    granted = cast.world.rows(
        "select table_name, privilege_type from information_schema.column_privileges"
        " where table_schema = 'public' and column_name = 'tenant_id' and grantee in ('anon', 'authenticated')"
        " and privilege_type = 'UPDATE'"
    )
    assert granted == []


@pytest.mark.parametrize(("who", "table"), list(itertools.product([OWNER, FORGER], ["projects", "scripts", "content_library", "memberships"])))
def test_no_row_is_made_in_another_tenant(cast: Cast, who: str, table: str) -> None:
    new = {
        "projects": "(tenant_id, original_idea) values (%(tenant)s, 'x')",
        "scripts": "(tenant_id, project_id, content) values (%(tenant)s, %(project)s, '{}')",
        "content_library": "(tenant_id, scene_id) values (%(tenant)s, %(scene)s)",
        "memberships": "(tenant_id, user_id) values (%(tenant)s, %(me)s)",
    }[table]
    names = {**cast.theirs, "me": cast.people[OWNER].user_id} if who == OWNER else cast.ours
    with cast.acting(who) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"insert into public.{table} {new}".encode(), names)
