"""Artifacts that nothing refers to are condemned, and removed after a grace time, file and row; nothing else is."""

from __future__ import annotations

import threading

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.content.storage import due_again, keep_files, named, remove, step, stored, sweep
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def _finished(world: World, worker: Worker, person: Person, *topics: str) -> None:
    world.create_batch(person, world.add_project(person), list(topics))
    worker.work()
    keep_files(world)


def _statuses(world: World, person: Person) -> set[str]:
    return {
        s for (s,) in world.rows("select status from public.artifacts where tenant_id = %s", person.tenant_id)
    }


def test_what_a_kept_job_or_a_user_refers_to_stays(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    _finished(world, worker, ann, "Tea", "Coffee")
    _finished(world, worker, bob, "Tea")
    before = stored(world)
    due_again(world)
    assert sweep(world, worker) == set()
    world.run("delete from public.generation_jobs where topic = 'Coffee'")
    due_again(world)
    removed = sweep(world, worker)
    assert removed and stored(world) == before - removed == named(world)
    assert not removed & {p for (p,) in world.rows("select file_path from public.generated_content")}
    assert _statuses(world, ann) == _statuses(world, bob) == {"ready"}
    freed = world.call(ann, "content_garbage")["freed"]
    assert (freed["files"], freed["bytes"]) == (len(removed), 10 * len(removed))
    assert world.call(bob, "content_garbage")["freed"]["files"] == 0
    assert_sound(world)


def test_nothing_is_removed_before_the_grace_time(world: World, ann: Person, worker: Worker) -> None:
    _finished(world, worker, ann, "Tea")
    world.run("delete from public.batches")
    due_again(world, grace="7 days")
    assert sweep(world, worker) == set()
    assert _statuses(world, ann) == {"condemned"}
    told = world.call(ann, "content_garbage")
    assert told["condemned"]["artifacts"] == world.one("select count(*) from public.artifacts")
    assert told["unreferenced"]["artifacts"] == 0
    world.run("update public.artifacts set condemned_at = now() - interval '8 days'")
    assert sweep(world, worker) and stored(world) == set()
    assert world.one("select count(*) from public.artifacts") == 0


def test_whoever_wants_a_condemned_artifact_has_it(world: World, ann: Person, worker: Worker) -> None:
    _finished(world, worker, ann, "Tea")
    world.run("delete from public.batches")
    assert world.call(ann, "collect_garbage")["condemned_now"] > 0
    world.create_batch(ann, world.add_project(ann), ["Tea"])
    assert worker.work() == 0, "everything is found"
    due_again(world)
    assert sweep(world, worker) == set()
    assert _statuses(world, ann) == {"ready"}


def test_one_that_was_used_at_the_moment_it_was_condemned_stays(
    world: World, ann: Person, worker: Worker
) -> None:
    _finished(world, worker, ann, "Tea")
    # As if the sweep had looked before the job was there, and written after it.
    world.run("update public.artifacts set status = 'condemned', condemned_at = now() - interval '30 days'")
    assert sweep(world, worker) == set()
    assert _statuses(world, ann) == {"ready"}


def test_a_claim_and_the_removal_of_a_row_go_one_after_the_other(
    world: World, ann: Person, worker: Worker
) -> None:
    _finished(world, worker, ann, "Tea")
    world.run("delete from public.batches")
    world.call(ann, "collect_garbage")
    world.run("update private.content_settings set grace = '0'")
    world.create_batch(ann, world.add_project(ann), ["Tea"])
    entry = worker.fetch(Stage.SCRIPT)
    assert entry is not None
    remover = world.connect()
    remover.autocommit = False
    remover.execute("select private.sweep_content()")
    verdicts: list[str] = []
    claiming = threading.Thread(target=lambda: verdicts.append(worker.claim(*entry).verdict))
    claiming.start()
    remover.commit()
    claiming.join(30)
    assert verdicts == ["run"], "the artifact was gone: it is made again"


def test_a_crash_at_any_point_leaves_no_file_without_a_row(world: World, ann: Person, worker: Worker) -> None:
    _finished(world, worker, ann, "Tea")
    world.run("delete from public.batches")
    due_again(world)
    for _ in range(50):
        done = step(worker)
        if done["paths"]:
            break
        assert stored(world) <= named(world)
    assert done["paths"] and stored(world) == named(world)
    # The worker is gone before it told the storage; another one gets them after the lease.
    assert not step(worker)["paths"]
    world.run("update private.condemned_files set taken_at = now() - interval '1 hour'")
    again = step(worker)["paths"]
    assert set(again) == set(done["paths"])
    # Gone after it told the storage, before it said so.
    remove(world, again)
    world.run("update private.condemned_files set taken_at = now() - interval '1 hour'")
    assert sweep(world, worker) >= set(again)
    assert stored(world) == named(world) == set()


def test_a_result_with_a_listed_file_takes_it_off_the_list(world: World, ann: Person, worker: Worker) -> None:
    _finished(world, worker, ann, "Tea")
    world.run("delete from public.batches")
    due_again(world)
    while not world.one("select count(*) from private.condemned_files"):
        step(worker)
    world.create_batch(ann, world.add_project(ann), ["Tea"])
    worker.work()
    files = {p for (p,) in world.rows("select file_path from public.generated_content")}
    assert not files & sweep(world, worker)
    assert files <= stored(world)
    assert_sound(world)


def test_a_result_with_a_file_that_is_just_removed_is_made_again(
    world: World, ann: Person, worker: Worker
) -> None:
    _finished(world, worker, ann, "Tea")
    world.run("delete from public.batches")
    due_again(world)
    while not (taken := step(worker)["paths"]):
        pass
    world.create_batch(ann, world.add_project(ann), ["Tea"])
    worker.work(Stage.SCRIPT)
    claimed = worker.take_running(Stage.AUDIO)
    with pytest.raises(psycopg.Error, match="just being removed") as refused:
        worker.complete(claimed)
    assert refused.value.sqlstate == "CR004"
    worker.fail(claimed, retriable=True, retry_after_s=0)
    remove(world, taken)
    worker.connection.execute("select private.forget_files(%s)", [taken])
    world.run("update public.stage_tasks set run_at = null")
    world.one("select private.release()")
    worker.work()
    keep_files(world)
    assert sweep(world, worker) == set()
    assert stored(world) == named(world)


def test_files_without_a_row_go_and_uploads_stay(world: World, ann: Person, worker: Worker) -> None:
    _finished(world, worker, ann, "Tea")
    kept = stored(world)
    paths = [f"{ann.tenant_id}/artifacts/{n * 64}" for n in "ab"] + [f"{ann.tenant_id}/uploads/{'c' * 64}"]
    gone = f"0190f5fe-7c00-7a00-8000-000000000001/uploads/{'d' * 64}"
    for path in [*paths, gone]:
        world.run(
            "insert into storage.objects (bucket_id, name, created_at, updated_at, metadata)"
            " values ('media', %s, now() - interval '8 days', now() - interval '8 days', '{\"size\": 7}')",
            path,
        )
    world.run("update storage.objects set created_at = now(), updated_at = now() where name = %s", paths[1])
    due_again(world, grace="7 days")
    assert world.call(ann, "content_garbage")["orphans"] == {"files": 1, "bytes": 7}
    assert sweep(world, worker) == {paths[0], gone}, "old ones, and those of tenants that are gone"
    assert stored(world) == kept | set(paths[1:])


def test_what_the_library_was_made_of_outlives_its_job(world: World, ann: Person, worker: Worker) -> None:
    _finished(world, worker, ann, "Tea")
    world.run(
        "insert into public.content_library (tenant_id, scene_id) select tenant_id, id from public.scenes where scene_number = 2"
    )
    due_again(world)
    sweep(world, worker)
    world.run("delete from public.generation_jobs")
    due_again(world)
    assert sweep(world, worker)
    assert dict(world.rows("select stage, count(*) from public.artifacts group by stage")) == {
        "audio_generation": 1,
        "video_generation": 2,
    }
    world.run("delete from public.content_library")
    due_again(world)
    sweep(world, worker)
    assert stored(world) == named(world) == set()


def test_only_admins_look_after_content(world: World, ann: Person) -> None:
    for function in ("content_garbage", "collect_garbage", "verify_content"):
        for role in ("editor", "viewer"):
            with pytest.raises(psycopg.Error) as refused:
                world.call(world.add_member(ann, role), function)
            assert refused.value.sqlstate == "CR003"
        assert world.call(world.add_member(ann, "admin"), function)


def test_operators_collect_the_garbage_of_all_tenants_step_by_step(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    for person in (ann, bob):
        _finished(world, worker, person, "Tea")
        world.run("delete from public.batches where tenant_id = %s", person.tenant_id)
    tenants = world.one("select count(*) from public.tenants")
    artifacts = world.one("select count(*) from public.artifacts")
    size = world.one("select sum(size_bytes) from public.artifacts")
    could = world.one("select private.collect_garbage_of_all(null, true)")
    assert (could["tenants"], could["artifacts"], could["bytes"]) == (tenants, artifacts, size)
    assert could["is_finished"] and _statuses(world, ann) == _statuses(world, bob) == {"ready"}
    steps = [world.one("select private.collect_garbage_of_all(null, false, 0)")]
    while not steps[-1]["is_finished"] and len(steps) < 10:
        steps.append(
            world.one("select private.collect_garbage_of_all(%s, false, 0)", steps[-1]["next_after"])
        )
    assert [step["tenants"] for step in steps] == [1] * tenants + [0], "one in no time at all"
    assert sum(step["artifacts"] for step in steps) == artifacts
    assert _statuses(world, ann) == _statuses(world, bob) == {"condemned"}
    assert world.one("select private.collect_garbage_of_all()")["artifacts"] == 0
    assert_sound(world)
