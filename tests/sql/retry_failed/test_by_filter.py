"""retry_failed runs dead letters again, those of a filter, in pieces that stay short."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World

_FAILED = "select count(*) from public.stage_tasks where status = 'failed' and tenant_id = %s"


def test_what_the_filter_names_runs_again(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    project, other = world.add_project(ann), world.add_project(ann)
    world.create_batch(bob, world.add_project(bob))
    batch = world.create_batch(ann, project, 2)["batch_id"]
    world.create_batch(ann, other, 2)
    scripts = [worker.take_running(Stage.SCRIPT) for _ in range(5)]
    worker.complete(scripts.pop())
    for number, claimed in enumerate(scripts):
        worker.fail(claimed, code="BROKEN" if number % 2 else "QUOTA")
    sound = worker.take_running(Stage.AUDIO)
    worker.fail(sound, code="QUOTA")
    editor = world.add_member(ann, "editor")
    assert world.one(_FAILED, ann.tenant_id) == 4
    assert world.call(editor, "retry_failed")["retried_tasks"] == 0, "controls nothing"
    for code, count in (("BROKEN", 1), ("BROKEN", 0), ("NONE", 0)):
        answer = world.ask(ann, "select public.retry_failed(error_code => %s, batch_id => %s)", code, batch)
        assert (answer["retried_tasks"], answer["retried_jobs"], answer["is_finished"]) == (
            count,
            count,
            True,
        )
    assert_sound(world)
    sounds = "select public.retry_failed(project_id => %s, stage => 'audio_generation', since => now() + %s::interval)"
    where = world.one("select project_id from public.generation_jobs where id = %s", sound.job_id)
    assert world.ask(ann, sounds, where, "1 hour")["retried_tasks"] == 0
    before = sounds.replace("since", "until")
    assert world.ask(ann, before, where, "-1 hour")["retried_tasks"] == 0
    assert world.ask(ann, sounds, where, "-1 hour")["retried_tasks"] == 1
    worker.fail(worker.take_running(Stage.AUDIO), code="QUOTA")
    assert world.ask(ann, before, where, "1 hour")["retried_tasks"] == 1
    assert_sound(world)
    world.call(ann, "retry_failed")
    assert world.one(_FAILED, ann.tenant_id) == 0
    assert world.one(_FAILED, bob.tenant_id) == 1
    assert_sound(world)


def test_what_is_refused(world: World, ann: Person, bob: Person) -> None:
    project = world.add_project(ann)
    batch = world.create_batch(ann, project)["batch_id"]
    for person, call, code in (
        (world.add_member(ann, "viewer"), "retry_failed()", "CR003"),
        (world.add_member(ann, "editor"), f"retry_failed(project_id => '{project}')", "CR003"),
        (world.add_member(ann, "editor"), f"retry_failed(batch_id => '{batch}')", "CR003"),
        (bob, f"retry_failed(batch_id => '{batch}')", "CR002"),
        (bob, f"retry_failed(project_id => '{uuid.uuid4()}')", "CR002"),
        (ann, "retry_failed(stage => 'montage')", "CR001"),
    ):
        with pytest.raises(psycopg.Error) as refused:
            world.ask(person, f"select public.{call}")
        assert refused.value.sqlstate == code
