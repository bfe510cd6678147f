"""A deleted tenant: everybody is out at once, its work ends, and later nothing is left but a tombstone and the audit."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.content.storage import keep_files, stored, sweep
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

#: What outlives a tenant, by design.
_KEPT = {"public.audit_events", "private.tombstones", "private.freed_content"}


def purge(world: World, worker: Worker) -> list[str]:
    """What is done until nothing is due, with the workers removing files meanwhile."""
    done: list[str] = []
    for _ in range(300):
        world.run(
            "update private.retention set ran_at = case when kind = 'deleted_tenants' then null else now() end"
        )
        step = world.one("select private.tick_slowly()")
        assert set(step) == {"deleted_tenants"}
        if step["deleted_tenants"] is None and not sweep(world, worker):
            return done
        done += [step["deleted_tenants"]] if step["deleted_tenants"] else []
    raise AssertionError(f"never ends: {done}")


def tables_naming(world: World, tenant_id: Any) -> set[str]:
    """Tables in which a tenant is named, in whatever column."""
    found = set()
    for (table,) in world.rows(
        "select format('%I.%I', n.nspname, c.relname) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
        " where n.nspname in ('public', 'private', 'storage') and c.relkind in ('r', 'p') and not c.relispartition"
    ):
        if world.one(f"select exists (select from {table} as t where t::text like %s)", f"%{tenant_id}%"):
            found.add(table)
    return found


def age(world: World, tenant_id: Any) -> None:
    world.run(
        "update private.tombstones set deleted_at = now() - interval '8 days' where tenant_id = %s", tenant_id
    )


@pytest.fixture
def full(world: World, ann: Person, bob: Person, worker: Worker) -> Person:
    """Ann's tenant, with something of everything, files too, and work under way; bob's has some of the same."""
    for person in (bob, ann):
        project = world.add_project(person)
        world.create_batch(person, project, ["Tea", "Coffee"], key="k")
        worker.work()
    project = world.add_project(ann)
    world.create_batch(ann, project, ["Milk"])
    worker.fail(worker.take_running(Stage.SCRIPT), log="said")
    world.create_batch(ann, project, ["Water", "Juice"])
    worker.take_running(Stage.SCRIPT)
    topics = [{"topic": "Sky", "platforms": ["youtube"]}]
    world.call(ann, "create_schedule", project, Jsonb({"name": "S", "cron": "@daily", "topics": topics}))
    world.call(ann, "create_webhook", Jsonb({"url": "https://example.org", "events": ["batch.ended"]}))
    world.add_member(ann, "editor")
    with world.acting(ann) as connection:
        scene = connection.execute("select id from public.scenes limit 1").fetchone()
        connection.execute(
            "insert into public.content_library (scene_id, library_category) values (%s, 'public')", scene
        )
    world.run(
        "insert into public.performance_metrics (tenant_id, project_id, platform, content_id, collected_at)"
        " select tenant_id, project_id, 'youtube', id, now() from public.generated_content"
    )
    keep_files(world)
    for name in ("uploads/a.png", "elsewhere/b.mp4"):
        world.run(
            "insert into storage.objects (bucket_id, name) values ('media', %s)", f"{ann.tenant_id}/{name}"
        )
    return ann


def test_everybody_is_out_at_once_and_work_is_withdrawn(
    world: World, full: Person, bob: Person, worker: Worker
) -> None:
    editor = world.add_member(full, "editor")
    epoch = world.one("select epoch from public.tenants where id = %s", full.tenant_id)
    topic = f"tenant:{full.tenant_id}:{epoch}"
    assert world.ask(full, "select private.may_follow(%s)", topic)
    told = world.call(full, "delete_tenant", full.tenant_id)
    assert (told["changed_jobs"], told["remaining_jobs"], told["purged_from"] > told["deleted_at"]) == (
        2,
        0,
        True,
    )
    for person in (full, editor):
        assert world.ask(person, "select count(*) from public.projects") == 0
        assert not world.ask(person, "select private.may_follow(%s)", topic)
        assert not world.ask(person, "select private.may_follow(%s)", f"tenant:{full.tenant_id}:{epoch + 1}")
        assert (
            world.ask(person, "select count(*) from public.list_my_tenants() where id = %s", full.tenant_id)
            == 0
        )
    assert world.one("select epoch from public.tenants where id = %s", full.tenant_id) == epoch + 1
    assert world.ask(bob, "select count(*) from public.public_library") == 0
    assert worker.take(Stage.SCRIPT) is None
    assert (
        world.one(
            "select count(*) from public.stage_tasks where status in ('pending', 'queued', 'processing')"
        )
        == 0
    )
    entry = world.one("select private.find_audit(jsonb_build_object('entity', 'tenants'))")[0]
    assert (entry["action"], entry["user_id"], entry["role"]) == ("delete", str(full.user_id), "owner")
    assert_sound(world)


def test_the_purge_leaves_nothing_but_a_tombstone_and_the_audit(
    world: World, full: Person, bob: Person, worker: Worker
) -> None:
    before = {
        table: world.one(f"select count(*) from public.{table} where tenant_id = %s", bob.tenant_id)
        for table in ("projects", "generation_jobs", "stage_tasks", "artifacts", "job_events")
    }
    files = {path for path in stored(world) if not path.startswith(str(full.tenant_id))}
    world.call(full, "delete_tenant", full.tenant_id)
    assert purge(world, worker) == [], "not before its time"
    age(world, full.tenant_id)
    audited = world.one("select count(*) from public.audit_events")
    done = purge(world, worker)
    assert done[-1] == "1 rows, the last of a tenant"
    assert any("files" in step for step in done)
    assert tables_naming(world, full.tenant_id) <= _KEPT
    assert stored(world) == files
    ((name, purged, rows),) = world.rows(
        "select name, purged_at is not null, row_count from private.list_deleted_tenants()"
    )
    assert (name.split("-")[0], purged, rows > 20) == ("ann", True, True)
    assert world.one("select count(*) from public.audit_events") == audited + 1, (
        "the purge, and not each of its rows"
    )
    assert before == {
        table: world.one(f"select count(*) from public.{table} where tenant_id = %s", bob.tenant_id)
        for table in before
    }
    assert world.one("select count(*) from auth.users where id = %s", full.user_id) == 1
    assert_sound(world)
    world.run("update private.tombstones set purged_at = now() - interval '3 years'")
    world.one("select private.hurry_retention()")
    while world.one("select private.tick_slowly()"):
        pass
    assert world.one("select count(*) from private.tombstones") == 0


def test_an_operator_deletes_and_restores(world: World, full: Person, worker: Worker) -> None:
    jobs = world.ask(full, "select count(*) from public.generation_jobs")
    world.one("select private.delete_any_tenant(%s)", full.tenant_id)
    with pytest.raises(psycopg.Error, match="There is no tenant"):
        world.one("select private.delete_any_tenant(%s)", full.tenant_id)
    assert world.one("select private.restore_tenant(%s)", full.tenant_id)["name"].startswith("ann")
    assert world.ask(full, "select count(*) from public.generation_jobs") == jobs
    assert world.rows("select * from private.list_deleted_tenants()") == []
    world.create_batch(full, world.add_project(full), ["Again"])
    assert worker.work() > 0
    world.one("select private.delete_any_tenant(%s)", full.tenant_id)
    age(world, full.tenant_id)
    world.run(
        "update private.retention set ran_at = case when kind = 'deleted_tenants' then null else now() end"
    )
    assert world.one("select private.tick_slowly()")["deleted_tenants"].endswith(" rows")
    with pytest.raises(psycopg.Error) as raised:
        world.one("select private.restore_tenant(%s)", full.tenant_id)
    assert raised.value.sqlstate == "CR004"


@pytest.mark.parametrize(("role", "code"), [("viewer", "CR003"), ("editor", "CR003"), ("admin", "CR003")])
def test_only_an_owner_deletes_its_own_tenant(
    world: World, ann: Person, bob: Person, role: str, code: str
) -> None:
    member = world.add_member(ann, role)
    for person, expected in ((member, code), (bob, "CR002")):
        with pytest.raises(psycopg.Error) as raised:
            world.call(person, "delete_tenant", ann.tenant_id)
        assert raised.value.sqlstate == expected
    assert world.ask(ann, "select count(*) from public.tenants") == 1


def test_what_does_not_fit_into_the_call_starts_nothing_and_is_withdrawn_by_the_purge(
    world: World, ann: Person, worker: Worker
) -> None:
    world.call(ann, "pause_tenant")
    world.create_batch(ann, world.add_project(ann), 3)
    # As it is left by a call that had no time for these.
    world.run(
        "update public.tenants set deleted_at = now(), paused_at = null, paused_by = null where id = %s",
        ann.tenant_id,
    )
    world.run("insert into private.tombstones (tenant_id, name) values (%s, 'ann')", ann.tenant_id)
    world.tick()
    assert worker.take(Stage.SCRIPT) is None
    age(world, ann.tenant_id)
    assert purge(world, worker)[0] == "3 jobs withdrawn"
    assert tables_naming(world, ann.tenant_id) <= _KEPT


def test_two_deletions_at_once_are_one(world: World, full: Person) -> None:
    codes: list[str | None] = []

    def delete(connection: psycopg.Connection[Any]) -> None:
        try:
            connection.execute("select private.delete_any_tenant(%s)", [full.tenant_id])
            codes.append(None)
        except psycopg.Error as error:
            codes.append(error.sqlstate)

    threads = [threading.Thread(target=delete, args=[world.connect()]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes, key=str) == ["CR002", None]


def test_a_tenant_that_is_restored_while_its_purge_waits_is_not_purged(world: World, full: Person) -> None:
    jobs = world.ask(full, "select count(*) from public.generation_jobs")
    world.one("select private.delete_any_tenant(%s)", full.tenant_id)
    age(world, full.tenant_id)
    world.run(
        "update private.retention set ran_at = case when kind = 'deleted_tenants' then null else now() end"
    )
    restoring, purging = world.connect(), world.connect()
    steps: list[Any] = []
    with restoring.transaction():
        restoring.execute("select private.restore_tenant(%s)", [full.tenant_id])
        thread = threading.Thread(
            target=lambda: steps.append(purging.execute("select private.tick_slowly()").fetchone())
        )
        thread.start()
        while thread.is_alive() and not world.one(
            "select %s = any(pg_blocking_pids(%s))", restoring.info.backend_pid, purging.info.backend_pid
        ):
            time.sleep(0.01)
    thread.join()
    assert steps == [({"deleted_tenants": None},)]
    assert world.ask(full, "select count(*) from public.generation_jobs") == jobs


def test_a_tenant_whose_files_are_being_removed_is_not_restored(world: World, ann: Person) -> None:
    world.one("select private.delete_any_tenant(%s)", ann.tenant_id)
    world.run(
        "insert into storage.objects (bucket_id, name) values ('media', %s)", f"{ann.tenant_id}/uploads/a"
    )
    age(world, ann.tenant_id)
    for _ in range(20):
        world.run(
            "update private.retention set ran_at = case when kind = 'deleted_tenants' then null else now() end"
        )
        # As if it had no rows but its own.
        world.run("update private.tombstones set row_count = 0")
        if "files" in str(world.one("select private.tick_slowly()")):
            break
    with pytest.raises(psycopg.Error) as raised:
        world.one("select private.restore_tenant(%s)", ann.tenant_id)
    assert raised.value.sqlstate == "CR004"
