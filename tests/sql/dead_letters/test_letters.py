"""Dead letters are found, shown, run again and discarded: by users in their tenant, by operators over all."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Claimed, Person, Worker, World


def fail_scripts(world: World, worker: Worker, *codes: str) -> list[Claimed]:
    """Scripts that fail for good, one for each code."""
    claimed = [worker.take_running(Stage.SCRIPT) for _ in codes]
    for each, code in zip(claimed, codes, strict=True):
        worker.fail(each, code=code, log=f"line one\nline two of {code}")
    return claimed


def operate(world: World, call: str, *arguments: object) -> Any:
    """What a function answers an operator who came through the API."""
    with world.admin.transaction():
        world.run("set local role service_role")
        found = world.one(f"select private.{call}", *arguments)
        world.run("set local role none")
        return found


def test_a_tenant_lists_shows_and_discards_its_own(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    project = world.add_project(ann)
    batch = world.create_batch(ann, project, 3)["batch_id"]
    first, second, _ = fail_scripts(world, worker, "PROVIDER_BUSY", "IMAGE_UNREADABLE", "PROVIDER_BUSY")
    world.create_batch(bob, world.add_project(bob))
    fail_scripts(world, worker, "PROVIDER_BUSY")

    found = world.ask(ann, "select public.list_dead_letters()")
    assert [each["error_code"] for each in found] == ["PROVIDER_BUSY", "IMAGE_UNREADABLE", "PROVIDER_BUSY"]
    last = found[0]
    rest = world.ask(
        ann,
        "select public.list_dead_letters(before => %s, before_id => %s)",
        last["failed_at"],
        last["task_id"],
    )
    assert [each["task_id"] for each in rest] == [str(second.task_id), str(first.task_id)]
    by_code = "select public.list_dead_letters(error_code => 'IMAGE_UNREADABLE', batch_id => %s)"
    assert [each["remedy"] for each in world.ask(ann, by_code, batch)] == ["change"]
    old = "select public.list_dead_letters(until => now() - interval '1 hour')"
    assert world.ask(ann, old) == []
    groups = world.ask(ann, "select public.count_dead_letters()")
    assert [(g["error_code"], g["count"], g["remedy"]) for g in groups] == [
        ("PROVIDER_BUSY", 2, "replay"),
        ("IMAGE_UNREADABLE", 1, "change"),
    ]

    shown = world.call(ann, "show_dead_letter", first.job_id, first.task_id)
    assert shown["inputs"]["topic"] == shown["topic"]
    assert [attempt["log"] for attempt in shown["attempts"]] == [["line one", "line two of PROVIDER_BUSY"]]
    assert [event["status"] for event in shown["events"]][-1] == "failed"

    before = world.rows("select status, failed_count from public.batches where id = %s", batch)
    told = world.ask(ann, "select public.discard_letters('Known', error_code => 'PROVIDER_BUSY')")
    assert told == {"discarded_letters": 2, "is_finished": True}
    assert world.rows("select status, failed_count from public.batches where id = %s", batch) == before
    assert [each["task_id"] for each in world.ask(ann, "select public.list_dead_letters()")] == [
        str(second.task_id)
    ]
    kept = world.ask(ann, "select public.list_dead_letters(is_discarded => true)")
    assert {each["discarded"]["reason"] for each in kept} == {"Known"}
    assert len(world.ask(bob, "select public.list_dead_letters()")) == 1
    # What was discarded is left alone by a replay of all, and comes back as a new letter if it fails once more.
    assert world.call(ann, "retry_failed")["retried_tasks"] == 1
    assert world.call(ann, "retry_task", first.job_id, first.task_id)["retried_tasks"] == 1
    assert_sound(world)
    fail_scripts(world, worker, "PROVIDER_BUSY", "PROVIDER_BUSY")
    assert len(world.ask(ann, "select public.list_dead_letters()")) == 2
    assert_sound(world)


def test_what_is_refused(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    (letter,) = fail_scripts(world, worker, "BROKEN")
    viewer, editor = world.add_member(ann, "viewer"), world.add_member(ann, "editor")
    one = f"job_id => '{letter.job_id}', task_id => '{letter.task_id}'"
    for person, call, code in (
        (viewer, "discard_letters('Known')", "CR003"),
        (editor, f"discard_letters('Known', {one})", "CR003"),
        (bob, f"discard_letters('Known', {one})", "CR002"),
        (ann, f"discard_letters(' ', {one})", "CR001"),
        (viewer, f"show_dead_letter({one})", "CR003"),
        (bob, f"show_dead_letter({one})", "CR002"),
    ):
        with pytest.raises(psycopg.Error) as raised:
            world.ask(person, f"select public.{call}")
        assert raised.value.sqlstate == code, call
    assert len(world.ask(viewer, "select public.list_dead_letters()")) == 1, "members see what failed"
    assert world.ask(editor, "select public.discard_letters('Known')")["discarded_letters"] == 0


def test_operators_work_over_all_tenants(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    for person in (ann, bob):
        world.create_batch(person, world.add_project(person), 2)
    letters = fail_scripts(world, worker, "PROVIDER_BUSY", "BROKEN", "PROVIDER_BUSY", "BROKEN")
    assert len(operate(world, "find_letters('{}')")) == 4
    of_ann = json.dumps({"tenant_id": str(ann.tenant_id)})
    assert {each["tenant_id"] for each in operate(world, "find_letters(%s)", of_ann)} == {str(ann.tenant_id)}
    groups = operate(world, "count_letters('{}')")
    assert {(g["error_code"], g["count"], g["tenants"]) for g in groups} == {
        ("PROVIDER_BUSY", 2, 2),
        ("BROKEN", 2, 2),
    }
    shown = operate(world, "inspect_letter(%s, %s)", letters[0].job_id, letters[0].task_id)
    assert shown["attempts"][0]["log"]
    with pytest.raises(psycopg.Error, match="has no color"):
        operate(world, "replay_letters(%s)", '{"color": "red"}')

    told = operate(world, "replay_letters(%s)", '{"error_code": "PROVIDER_BUSY"}')
    assert (told["retried_tasks"], told["retried_jobs"], told["is_finished"]) == (2, 2, True)
    one = json.dumps({"job_id": str(letters[1].job_id), "task_id": str(letters[1].task_id)})
    assert operate(world, "drop_letters(%s, 'Known')", one)["discarded_letters"] == 1
    with pytest.raises(psycopg.Error) as raised:
        operate(
            world,
            "drop_letters(%s, 'Known')",
            json.dumps({"job_id": str(letters[0].job_id), "task_id": str(letters[0].task_id)}),
        )
    assert raised.value.sqlstate == "CR002"
    assert len(operate(world, "find_letters('{}')")) == 1
    assert_sound(world)


def test_a_letter_whose_inputs_are_gone_can_still_be_shown(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    worker.work(Stage.SCRIPT, Stage.AUDIO)
    claimed = worker.take_running(Stage.VIDEO)
    worker.fail(claimed)
    world.run("delete from public.artifacts where stage = 'audio_generation'")
    world.run("delete from public.scripts")
    shown = world.call(ann, "show_dead_letter", claimed.job_id, claimed.task_id)
    assert shown["error_code"] == "BROKEN"


def test_replays_and_discards_are_audited(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), 2)
    first, second = fail_scripts(world, worker, "BROKEN", "BROKEN")
    world.call(ann, "retry_task", first.job_id, first.task_id)
    world.ask(ann, "select public.discard_letters('Known', %s, %s)", second.job_id, second.task_id)
    entries = world.ask(ann, "select public.list_audit(action => a) from unnest(array['replay']) as a")
    assert [each["entity_id"] for each in entries] == [f"{first.job_id}/{first.task_id}"]
    (entry,) = world.ask(ann, "select public.list_audit(action => 'discard')")
    assert entry["after"]["reason"] == "Known"
    assert (entry["user_id"], entry["role"]) == (str(ann.user_id), "owner")
