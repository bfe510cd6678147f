"""What is kept for long enough goes, in small steps, and nothing else."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

_OLD = "2020-03-10 12:00+00"


def tidy(world: World) -> dict[str, list[str]]:
    """What is done until nothing is due."""
    world.one("select private.hurry_retention()")
    done: dict[str, list[str]] = {}
    for _ in range(100):
        step: dict[str, Any] = world.one("select private.tick_slowly()")
        if not step:
            return done
        for kind, what in step.items():
            if what:
                done.setdefault(kind, []).append(what)
    raise AssertionError(f"never ends: {done}")


def leaves(world: World) -> set[str]:
    return {
        name
        for (name,) in world.rows(
            "select relname from pg_class where relnamespace = 'partitions'::regnamespace and relispartition"
            " and relkind = 'r' and relname like '%%2020_03'"
        )
    }


@pytest.fixture
def old_job(world: World, ann: Person, worker: Worker) -> Any:
    """A job of a month long gone, with an attempt and events of then."""
    batch = world.create_batch(ann, world.add_project(ann))["batch_id"]
    worker.work()
    world.one("select private.ensure_month(%s)", _OLD)
    for statement in (
        "insert into public.generation_jobs (id, tenant_id, project_id, batch_id, position, topic, status, started_at,"
        " completed_at) select private.uuid_v7(%s), tenant_id, project_id, batch_id, 2, 'Old', 'completed', now(), now()"
        " from public.generation_jobs limit 1",
        "insert into public.stage_tasks (id, job_id, tenant_id, project_id, batch_id, stage, lane, status, content_key,"
        " completed_at) select private.uuid_v7(%s), id, tenant_id, project_id, batch_id, 'script_generation', 'standard',"
        " 'completed', 'k', now() from public.generation_jobs where topic = 'Old'",
        "insert into public.task_attempts (id, job_id, task_id, tenant_id, generation, number, worker_id, status,"
        " started_at, finished_at) select private.uuid_v7(%s), t.job_id, t.id, t.tenant_id, 1, 1, gen_random_uuid(),"
        " 'completed', '2020-03-10Z', '2020-03-10Z' from public.stage_tasks as t join public.generation_jobs as j"
        " on j.id = t.job_id where j.topic = 'Old'",
        "insert into public.job_events (id, job_id, tenant_id, project_id, batch_id, status, created_at)"
        " select private.uuid_v7(%s), id, tenant_id, project_id, batch_id, 'completed', '2020-03-10Z'"
        " from public.generation_jobs where topic = 'Old'",
    ):
        world.run(statement, _OLD)
    return batch


def test_months_of_records_go_and_what_users_see_stays(world: World, old_job: Any) -> None:
    jobs = world.one("select count(*) from public.generation_jobs")
    done = tidy(world)
    assert {kind for kind in done if "leaf" in done[kind][0]} == {
        "task_attempts",
        "job_events",
        "audit_events",
    }
    assert leaves(world) == {
        f"{table}_2020_03"
        for table in ("generation_jobs", "stage_tasks", "generated_content", "performance_metrics")
    }
    assert world.one("select count(*) from public.generation_jobs") == jobs
    assert world.one("select count(*) from public.job_events") > 0
    ((removed_at, step),) = world.rows(
        "select removed_at is not null, last_step from private.list_retention() where kind = 'job_events'"
    )
    assert removed_at
    assert step.startswith("dropped leaf job_events_2020_03")
    assert tidy(world) == {}


@pytest.mark.parametrize("why", ["newer row", "open job", "busy", "kept for ever"])
def test_a_month_that_is_not_over_stays(world: World, old_job: Any, why: str) -> None:
    match why:
        case "newer row":
            world.run("update public.job_events set created_at = now()")
        case "open job":
            world.run("alter table public.generation_jobs disable trigger user")
            world.run(
                "update public.generation_jobs set status = 'processing', completed_at = null where topic = 'Old'"
            )
        case "busy":
            other = world.connect()
            other.execute("begin")
            other.execute("select * from public.job_events")
        case _:
            world.one("select private.set_retention('job_events', null)")
    done = tidy(world)
    assert "job_events" not in done
    assert "job_events_2020_03" in leaves(world)
    if why == "busy":
        assert "lock timeout" in world.one(
            "select last_error from private.list_retention() where kind = 'job_events'"
        )


def test_a_policy_that_fails_says_why_and_lets_the_others_have_their_turn(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann), key="old")
    worker.fail(worker.take_running(Stage.SCRIPT), log="said")
    world.run("update public.idempotency_keys set created_at = now() - interval '31 days'")
    world.run("update private.attempt_logs set created_at = now() - interval '31 days'")
    world.run(
        "create function private.refuse() returns trigger language plpgsql as"
        " $$ begin raise exception 'It cannot be.'; end $$"
    )
    world.run(
        "create trigger refuse before delete on private.attempt_logs for each row execute function private.refuse()"
    )
    assert "idempotency_keys" in tidy(world)
    assert dict(
        world.rows("select kind, last_error from private.list_retention() where last_error is not null")
    ) == {"attempt_logs": "It cannot be."}


def test_rows_go_when_they_are_old(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), key="old")
    world.create_batch(ann, world.add_project(ann), key="new")
    worker.fail(worker.take_running(Stage.SCRIPT), log="said")
    world.run("update public.idempotency_keys set created_at = now() - interval '31 days' where key = 'old'")
    world.run("update private.attempt_logs set created_at = now() - interval '31 days'")
    world.run(
        "insert into public.asset_access (id, tenant_id, content_id, action, path)"
        " select private.uuid_v7(at), %s, gen_random_uuid(), 'issued', 'p'"
        " from unnest(array[now(), now() - interval '366 days']) as at",
        ann.tenant_id,
    )
    world.run(
        "insert into procrastinate.procrastinate_jobs (queue_name, task_name, args, status)"
        " select 'q', 't', '{}', s::procrastinate.procrastinate_job_status from unnest(array['succeeded', 'todo']) as s"
    )
    world.run("update procrastinate.procrastinate_events set at = now() - interval '2 days'")
    waiting = world.one("select count(*) from procrastinate.procrastinate_jobs where status <> 'succeeded'")
    done = tidy(world)
    assert done == {
        "idempotency_keys": ["1 rows"],
        "attempt_logs": ["1 rows"],
        "asset_access": ["1 rows"],
        "queue_entries": ["1 rows"],
    }
    assert world.rows("select key from public.idempotency_keys") == [("new",)]
    assert world.one("select count(*) from procrastinate.procrastinate_jobs") == waiting
    assert world.one("select sum(removed_count) from private.list_retention()") == 4


def test_batches_go_only_where_the_policy_says_so(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person), 2)
    worker.work()
    open_batch = world.create_batch(ann, world.add_project(ann))["batch_id"]
    world.run(
        "update public.batches set completed_at = now() - interval '40 days' where completed_at is not null"
    )
    assert tidy(world) == {}
    world.one("select private.set_retention('batches', '30 days')")
    assert len(tidy(world)["batches"]) == 2
    assert world.rows("select id::text from public.batches") == [(open_batch,)]
    assert world.one("select count(*) from public.generation_jobs") == 1
    assert_sound(world)
    with pytest.raises(psycopg.Error) as raised:
        world.one("select private.set_retention('batches', '1 hour')")
    assert raised.value.sqlstate == "CR001"


def test_one_worker_at_a_time_and_not_all_the_time(world: World, worker: Worker) -> None:
    tidy(world)
    assert worker._call("select private.tick_slowly()") == {}
    other = world.connect()
    other.execute("begin")
    other.execute("select pg_advisory_xact_lock(hashtext('cliprow.tick_slowly'))")
    assert worker._call("select private.tick_slowly()") is None


#: Children first.
_CONTENT = ("generated_content", "task_attempts", "stage_tasks", "generation_jobs")


@pytest.fixture
def old_batch(world: World, ann: Person, worker: Worker, old_job: Any) -> Any:
    """As `old_job`, in a batch of its own that ended then, with content, and with another empty month before it."""
    world.one("select private.ensure_month('2020-02-10Z')")
    batch = world.create_batch(ann, world.add_project(ann))["batch_id"]
    worker.work()
    world.run("alter table public.generation_jobs disable trigger user")
    world.run("alter table public.batches disable trigger user")
    world.run("update public.generation_jobs set batch_id = %s, position = 9 where topic = 'Old'", batch)
    world.run("delete from public.generation_jobs where batch_id = %s and topic <> 'Old'", batch)
    world.run("update public.batches set completed_at = '2020-03-11Z' where id = %s", batch)
    world.run("alter table public.generation_jobs enable trigger user")
    world.run("alter table public.batches enable trigger user")
    world.run(
        "insert into public.generated_content (id, tenant_id, project_id, job_id, content_type, file_path)"
        " select private.uuid_v7(%s), tenant_id, project_id, id, 'video', 'p' from public.generation_jobs"
        " where topic = 'Old'",
        _OLD,
    )
    return batch


def content_leaves(world: World) -> list[str]:
    return sorted(
        name
        for (name,) in world.rows(
            "select relname from pg_class where relnamespace = 'partitions'::regnamespace and relispartition"
            " and relkind = 'r' and relname ~ '_2020_' and relname !~ '^(job_events|audit|perf)'"
        )
    )


def test_a_month_whose_batches_are_gone_is_retired(world: World, old_batch: Any) -> None:
    jobs = world.one("select count(*) from public.generation_jobs")
    world.one("select private.set_retention('task_attempts', null)")
    both = sorted(f"{table}_2020_{month}" for table in _CONTENT for month in ("02", "03"))
    tidy(world)
    assert content_leaves(world) == both, "no policy says so"
    world.one("select private.set_retention('batches', '100 days')")
    done = tidy(world)["batches"]
    assert done[0].endswith("rows")
    assert done[1:] == [f"dropped leaf {table}_2020_{month}" for month in ("02", "03") for table in _CONTENT]
    assert content_leaves(world) == []
    assert world.one("select count(*) from public.generation_jobs") == jobs - 1
    assert world.one("select private.ensure_month(%s)", _OLD) >= len(_CONTENT), (
        "what is needed again is made again"
    )


@pytest.mark.parametrize("busy", ["generated_content", "stage_tasks", "generation_jobs"])
def test_a_month_is_not_retired_while_its_tables_are_busy(world: World, old_batch: Any, busy: str) -> None:
    world.one("select private.set_retention('batches', '100 days')")
    other = world.connect()
    other.execute("begin")
    other.execute(f"select from public.{busy}".encode())
    tidy(world)
    left = content_leaves(world)
    assert f"{busy}_2020_03" in left
    assert "lock timeout" in world.one(
        "select last_error from private.list_retention() where kind = 'batches'"
    )
    other.execute("rollback")
    tidy(world)
    assert content_leaves(world) == []


def test_a_month_with_a_kept_batch_keeps_all_its_leaves_but_empty_content(
    world: World, old_batch: Any
) -> None:
    world.run("delete from public.stage_tasks where id < private.uuid_at('2020-04-01Z')")
    world.run("delete from public.generated_content where id < private.uuid_at('2020-04-01Z')")
    world.run("update public.batches set completed_at = now() where id = %s", old_batch)
    world.one("select private.set_retention('batches', '100 days')")
    tidy(world)
    assert content_leaves(world) == ["generation_jobs_2020_03", "stage_tasks_2020_03"]
