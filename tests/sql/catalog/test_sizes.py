"""What users write has a bound in the database, whichever way it comes in."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from tests.sql.catalog.conftest import Look
from tests.sql.world import Person, World

_UNBOUNDED = """
select c.relname || '.' || a.attname
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
  and a.atttypid::regtype::text in ('text', 'json', 'jsonb', 'bytea', 'text[]', 'uuid[]')
  and (has_column_privilege('authenticated', c.oid, a.attnum, 'insert')
    or has_column_privilege('authenticated', c.oid, a.attnum, 'update'))
  and not exists (
    select from pg_constraint as k
    where k.conrelid = c.oid and k.contype = 'c' and a.attnum = any(k.conkey)
      and pg_get_constraintdef(k.oid) ~ format('(length\\(\\(?%1$s|%1$s = ANY)', a.attname))
  and not exists (
    select from pg_constraint as k where k.conrelid = c.oid and k.contype = 'f' and k.conkey = array[a.attnum])
"""


def test_every_column_that_users_write_has_a_bound(look: Look) -> None:
    assert look(_UNBOUNDED) == []


@pytest.mark.parametrize(
    "change",
    [
        "update public.projects set metadata = jsonb_build_object('a', repeat('x', 70000)) where id = %s",
        "update public.projects set original_idea = repeat('x', 10001) where id = %s",
        "update public.tenants set settings = jsonb_build_object('a', repeat('x', 70000))"
        " where id = (select tenant_id from public.projects where id = %s)",
    ],
)
def test_too_much_is_refused_by_name(world: World, ann: Person, change: str) -> None:
    project_id: UUID = world.add_project(ann)
    with pytest.raises(psycopg.errors.CheckViolation, match="at_most"):
        with world.acting(ann) as connection:
            connection.execute(change.encode(), [project_id])


def test_a_batch_takes_no_options_without_end(world: World, ann: Person) -> None:
    project_id = world.add_project(ann)
    with pytest.raises(psycopg.errors.CheckViolation, match="batches_options"):
        world.create_batch(ann, project_id, x="y" * 70_000)
