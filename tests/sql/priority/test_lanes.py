"""Work that waits is put before others, or behind them, also when it is queued already."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


@pytest.mark.parametrize("scope", ["job", "batch", "project"])
def test_what_waits_and_what_is_queued_goes_before_the_others(world: World, ann: Person, scope: str) -> None:
    first, later = world.add_project(ann), world.add_project(ann)
    for project, count in ((first, 4), (later, 2)):
        world.create_batch(ann, project, count)
    worker = Worker(world, slots=3)
    target: UUID = world.one(
        f"select {'id' if scope == 'job' else scope + '_id'} from public.generation_jobs order by id desc limit 1"
    )
    assert world.one("select count(*) from public.stage_tasks where status = 'queued'") == 6
    told = world.call(ann, f"set_{scope}_lane", target, "urgent")
    assert told["lane"] == "urgent"
    moved = 1 if scope == "job" else 2
    if scope != "job":
        assert (told["changed_jobs"], told["is_finished"]) == (moved, True)
        assert world.call(ann, f"set_{scope}_lane", target, "urgent")["changed_jobs"] == 0
    assert_sound(world)
    claimed = [worker.take_running() for _ in range(6)]
    lanes = dict(world.rows("select id, lane from public.generation_jobs"))
    assert [lanes[each.job_id] for each in claimed] == ["urgent"] * moved + ["standard"] * (6 - moved)
    for each in claimed:
        worker.complete(each)
    assert world.rows(
        "select count(*) from public.stage_tasks as t join public.generation_jobs as j on j.id = t.job_id where t.lane <> j.lane"
    ) == [(0,)], "what follows from the script has its lane too"
    world.call(ann, f"set_{scope}_lane", target, "standard")
    assert world.rows("select distinct lane from public.stage_tasks") == [("standard",)]
    assert_sound(world)
    worker.work()
    assert world.rows("select distinct status from public.generation_jobs") == [("completed",)]
    assert_sound(world)


def test_who_may_and_what_is_refused(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    project = world.add_project(ann)
    batch = world.create_batch(ann, project, 1)["batch_id"]
    job = world.one("select id from public.generation_jobs")
    targets = {"job": job, "batch": batch, "project": project}
    for person, code in (
        (bob, "CR002"),
        (world.add_member(ann, "viewer"), "CR003"),
        (world.add_member(ann, "editor"), "CR003"),
    ):
        for scope, target in targets.items():
            with pytest.raises(psycopg.Error) as refused:
                world.call(person, f"set_{scope}_lane", target, "urgent")
            assert refused.value.sqlstate == code
    for scope, target in targets.items():
        with pytest.raises(psycopg.Error, match="no lane fast") as unknown:
            world.call(ann, f"set_{scope}_lane", target, "fast")
        assert unknown.value.sqlstate == "CR001"
    worker.work(Stage.SCRIPT)
    worker.fail(worker.take_running(Stage.AUDIO))
    worker.work()
    for scope in ("job", "batch"):
        with pytest.raises(psycopg.Error, match="is failed") as ended:
            world.call(ann, f"set_{scope}_lane", targets[scope], "urgent")
        assert ended.value.sqlstate == "CR004"
    assert world.call(ann, "set_project_lane", project, "urgent")["changed_jobs"] == 0
