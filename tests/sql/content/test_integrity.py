"""Damaged files mark what is made of them; it is not used again, and exactly it is computed anew."""

from __future__ import annotations

from collections.abc import Set

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.content.storage import check_all, keep_files, remove, stored
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def _narration(world: World, person: Person) -> tuple[str, str]:
    """Content key and path of the narration of the first scene."""
    return world.rows(
        "select generation_metadata ->> 'content_key', file_path from public.generated_content"
        " where tenant_id = %s and role = 'narration' order by file_path limit 1",
        person.tenant_id,
    )[0]


def _finish(world: World, worker: Worker, person: Person, *topics: str) -> None:
    world.create_batch(person, world.add_project(person), list(topics))
    worker.work()
    keep_files(world)


def _damage(world: World, worker: Worker, person: Person, broken: Set[str]) -> None:
    """Find these files broken, and have them removed."""
    paths = check_all(world, worker, person, set(broken))
    assert set(paths) == broken
    remove(world, paths)
    worker.connection.execute("select private.forget_files(%s)", [paths])


def test_what_is_sound_is_only_noted(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    for person in (ann, bob):
        _finish(world, worker, person, "Tea")
    assert check_all(world, worker, ann) == []
    health = world.call(ann, "content_health")
    assert (health["waiting"], health["never_checked"], health["damaged"]) == (0, 0, 0)
    assert health["checked"] > 0 == world.call(bob, "content_health")["checked"]


def test_what_is_damaged_is_told_and_listed(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    _finish(world, worker, ann, "Tea")
    key, path = _narration(world, ann)
    _damage(world, worker, ann, {path})
    jobs = [str(j) for (j,) in world.rows("select id from public.generation_jobs")]
    with world.acting(ann) as connection:
        rows = connection.execute(
            "select content_key, stage, is_repairing, jobs from public.list_damaged()"
        ).fetchall()
    assert rows == [(key, "audio_generation", False, jobs)]
    assert world.ask(bob, "select count(*) from public.list_damaged()") == 0
    assert world.rows("select stage, error_code from public.job_events where error_code is not null") == [
        ("audio_generation", "CONTENT_DAMAGED")
    ]
    assert world.rows(
        "select distinct file_path = %s from public.generated_content where quality_score = 0", path
    ) == [(True,)]
    assert path not in stored(world), "a file with other bytes than its name says is of no use"


def test_repair_computes_exactly_what_is_damaged(world: World, ann: Person, worker: Worker) -> None:
    _finish(world, worker, ann, "Tea", "Coffee")
    before = world.rows("select file_path from public.generated_content order by 1")
    _key, path = _narration(world, ann)
    _damage(world, worker, ann, {path})
    told = world.call(ann, "repair_content", None)
    assert (told["damaged"], told["retried_jobs"], told["is_finished"]) == (1, 1, True)
    claimed = worker.take_running()
    assert claimed.stage is Stage.AUDIO
    with world.acting(ann) as connection:
        assert connection.execute("select is_repairing from public.list_damaged()").fetchall() == [(True,)]
    worker.complete(claimed)
    assert worker.work() == 0, "all that follows is found again"
    keep_files(world)
    assert world.rows("select distinct status from public.artifacts") == [("ready",)]
    assert world.rows("select distinct status from public.generation_jobs") == [("completed",)]
    assert world.rows("select file_path from public.generated_content order by 1") == before
    assert path in stored(world)
    assert_sound(world)


def test_it_is_not_used_again_before_that(world: World, ann: Person, worker: Worker) -> None:
    _finish(world, worker, ann, "Tea")
    _key, path = _narration(world, ann)
    _damage(world, worker, ann, {path})
    world.create_batch(ann, world.add_project(ann), ["Tea"])
    claimed = worker.take_running()
    assert claimed.stage is Stage.AUDIO, "the script, and the other narration, are found"
    worker.complete(claimed)
    assert worker.work() == 0
    assert world.call(ann, "content_health")["damaged"] == 0
    assert_sound(world)


def test_one_that_cannot_be_computed_is_damaged_as_before(world: World, ann: Person, worker: Worker) -> None:
    _finish(world, worker, ann, "Tea")
    key, path = _narration(world, ann)
    _damage(world, worker, ann, {path})
    world.call(ann, "repair_content", key)
    worker.fail(worker.take_running())
    assert world.rows(
        "select status, facts is not null from public.artifacts where content_key = %s", key
    ) == [("damaged", True)]
    assert world.rows("select status from public.generation_jobs") == [("failed",)]
    assert world.call(ann, "retry_failed")["retried_tasks"] == 1
    worker.work()
    assert world.rows("select status from public.generation_jobs") == [("completed",)]
    assert_sound(world)
    world.run("delete from public.tenants where id = %s", ann.tenant_id)
    assert world.one("select count(*) from public.artifacts where tenant_id = %s", ann.tenant_id) == 0


def test_a_file_that_several_share_damages_all_of_them(world: World, ann: Person, worker: Worker) -> None:
    _finish(world, worker, ann, "Tea")
    _key, path = _narration(world, ann)
    world.run(
        "update public.artifacts set files = jsonb_set(files, '{0,path}', to_jsonb(%s::text)) where stage = 'post_processing'",
        path,
    )
    _damage(world, worker, ann, {path})
    assert dict(
        world.rows("select stage, count(*) from public.artifacts where status = 'damaged' group by stage")
    ) == {
        "audio_generation": 1,
        "post_processing": 3,
    }


def test_a_check_of_what_was_made_anew_since_says_nothing(world: World, ann: Person, worker: Worker) -> None:
    _finish(world, worker, ann, "Tea")
    world.call(ann, "verify_content", None, None)
    row = worker.connection.execute("select private.take_checks(1000)").fetchone()
    assert row is not None
    world.run("update public.artifacts set ready_at = ready_at + interval '1 second'")
    results = [
        {k: t[k] for k in ("tenant_id", "content_key", "ready_at")} | {"broken": t["files"]} for t in row[0]
    ]
    settled = worker.connection.execute("select private.settle_checks(%s)", [Jsonb(results)]).fetchone()
    assert settled == ([],)
    assert world.call(ann, "content_health")["damaged"] == 0


def test_every_artifact_has_its_turn_in_each_round(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    for person in (ann, bob):
        _finish(world, worker, person, "Tea")
    total = world.one("select count(*) from public.artifacts where files <> '[]'")
    assert world.one("select private.list_checks()") == 0, "a round begins"
    for part in (3, 2, 1):
        world.run("update private.content_rounds set started_at = now() - interval '30 days' / %s", part)
        world.one("select private.list_checks()")
    assert world.one("select count(*) from private.due_checks") == total
    assert world.one("select tenant_id is null from private.content_rounds"), "it is through"
    world.run("delete from private.due_checks")
    assert world.one("select private.list_checks()") == 0
    assert world.one("select artifact_count from private.content_rounds") == total, "the next one begins"


def test_who_may_repair(world: World, ann: Person, worker: Worker) -> None:
    _finish(world, worker, ann, "Tea")
    key, path = _narration(world, ann)
    with pytest.raises(psycopg.Error) as refused:
        world.call(ann, "repair_content", key)
    assert refused.value.sqlstate == "CR002", "it is not damaged"
    _damage(world, worker, ann, {path})
    with pytest.raises(psycopg.Error) as refused:
        world.call(world.add_member(ann, "viewer"), "repair_content", None)
    assert refused.value.sqlstate == "CR003"
    assert world.call(world.add_member(ann, "editor"), "repair_content", None)["retried_jobs"] == 0, (
        "not her project"
    )
    assert world.call(world.add_member(ann, "admin"), "repair_content", None)["retried_jobs"] == 1
