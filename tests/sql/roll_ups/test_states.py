"""Illegal moves are refused, and counters follow what is deleted."""

from __future__ import annotations

import itertools

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

_TABLES = {"batch": "batches", "job": "generation_jobs", "task": "stage_tasks"}
_STATUSES = {
    "batch": ["pending", "processing", "completed", "partial", "failed", "cancelled"],
    "job": ["pending", "processing", "completed", "failed", "cancelled"],
    "task": ["blocked", "pending", "queued", "processing", "completed", "failed", "cancelled"],
}


@pytest.mark.parametrize("entity", _TABLES)
def test_a_move_is_possible_if_and_only_if_it_is_listed(world: World, ann: Person, entity: str) -> None:
    world.create_batch(ann, world.add_project(ann))
    listed = set(
        world.rows("select from_status, to_status from private.legal_moves() where entity = %s", entity)
    )
    refused = set()
    for move in itertools.permutations(_STATUSES[entity], 2):
        try:
            with world.admin.transaction(force_rollback=True):
                # Only the guard is asked: no checks, no other triggers.
                _strip(world, _TABLES[entity], move[0])
                world.run(f"update public.{_TABLES[entity]} set status = %s", move[1])
        except psycopg.Error as error:
            assert error.sqlstate == "CR004", error
            refused.add(move)
    assert set(itertools.permutations(_STATUSES[entity], 2)) - refused == listed


def _strip(world: World, table: str, status: str) -> None:
    """Put the row into a status, without the checks and triggers that are not under test."""
    for (name,) in world.rows(
        "select conname from pg_constraint where conrelid = %s::regclass and contype = 'c'", f"public.{table}"
    ):
        world.run(f'alter table public.{table} drop constraint "{name}"')
    world.run(f"alter table public.{table} disable trigger user")
    world.run(f"update public.{table} set status = %s", status)
    world.run(f"alter table public.{table} enable trigger guard_move")


def test_deleting_jobs_takes_them_out_of_every_counter(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    world.create_batch(bob, world.add_project(bob), 2)
    world.create_batch(ann, world.add_project(ann), 4)
    worker.take_running()
    worker.work(Stage.SCRIPT, limit=2)
    for _ in range(4):
        world.run(
            "delete from public.generation_jobs where id = (select id from public.generation_jobs where tenant_id = %s order by id limit 1)",
            ann.tenant_id,
        )
        assert_sound(world)
    assert world.rows("select job_count, status from public.batches where tenant_id = %s", ann.tenant_id) == [
        (0, "processing")
    ]


def test_deleting_a_job_does_not_change_how_a_batch_ended(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), 2)
    worker.fail(worker.take_running())
    worker.work()
    assert world.one("select status from public.batches") == "partial"
    world.run("delete from public.generation_jobs where status = 'failed'")
    assert world.rows("select status, job_count from public.batches") == [("partial", 1)]


@pytest.mark.parametrize("table", ["batches", "projects", "tenants"])
def test_deleting_a_batch_project_or_tenant_leaves_nothing_behind(
    world: World, ann: Person, bob: Person, worker: Worker, table: str
) -> None:
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person), 2)
    worker.take_running()
    worker.work(limit=12)
    column = "id" if table == "tenants" else "tenant_id"
    world.run(f"delete from public.{table} where {column} = %s", ann.tenant_id)
    assert_sound(world)
    for name in ("generation_jobs", "stage_tasks", "task_attempts"):
        assert world.one(f"select count(*) from public.{name} where tenant_id = %s", ann.tenant_id) == 0
    assert world.one("select count(*) from private.backlogs where tenant_id = %s", ann.tenant_id) == 0
    assert (
        world.one(
            "select count(*) from private.windows as w where w.scope = %s and not exists (select from public.batches as b"
            " where w.scope_id in (b.id, b.project_id, b.tenant_id))",
            {"batches": "batch", "projects": "project", "tenants": "tenant"}[table],
        )
        == 0
    )
    worker.work()
    assert world.rows("select distinct status from public.batches where tenant_id = %s", bob.tenant_id) == [
        ("completed",)
    ]
