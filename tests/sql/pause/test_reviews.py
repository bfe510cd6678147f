"""Jobs that pause by themselves after a stage, to be looked at: nothing of a later stage runs before they are resumed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World, result_of

STAGES = list(Stage)
#: All but the last, after which there is nothing to hold back.
GATES = STAGES[:-1]


def _job(world: World, ann: Person, pause_after: Stage, topic: str | dict[str, object] = "Tea") -> UUID:
    batch = world.create_batch(ann, world.add_project(ann), [topic], pause_after=pause_after)
    found: UUID = world.one("select id from public.generation_jobs where batch_id = %s", batch["batch_id"])
    return found


def _pause(world: World, job_id: UUID) -> tuple[Any, ...]:
    """Stage to pause after, stage paused after, whether paused, and by whom."""
    return world.rows(
        "select pause_after, paused_after, paused_at is not null, paused_by from public.generation_jobs where id = %s",
        job_id,
    )[0]


def _done(world: World, job_id: UUID) -> set[str]:
    return {
        row[0]
        for row in world.rows(
            "select stage from public.stage_tasks where job_id = %s and status in ('queued', 'processing', 'completed')",
            job_id,
        )
    }


@pytest.mark.parametrize("gate", GATES)
def test_a_job_pauses_by_itself_after_the_stage_and_goes_on_when_resumed(
    world: World, ann: Person, bob: Person, worker: Worker, gate: Stage
) -> None:
    job_id = _job(world, ann, gate)
    world.create_batch(bob, world.add_project(bob), ["Coffee"])
    assert _pause(world, job_id) == (gate, None, False, None)
    worker.work()
    assert _pause(world, job_id) == (None, gate, True, None)
    assert _done(world, job_id) == {str(stage) for stage in STAGES[: STAGES.index(gate) + 1]}
    assert world.rows("select status from public.generation_jobs where tenant_id = %s", bob.tenant_id) == [
        ("completed",)
    ]
    assert_sound(world)
    told = world.ask(ann, "select private.live_job(j) from public.generation_jobs as j where id = %s", job_id)
    assert (told["pause_after"], told["paused_after"]) == (None, gate)
    assert world.call(ann, "resume_job", job_id)["paused_at"] is None
    assert _pause(world, job_id) == (None, None, False, None)
    worker.work()
    assert world.one("select status from public.generation_jobs where id = %s", job_id) == "completed"
    assert_sound(world)


def test_no_scene_goes_on_before_the_stage_is_done_in_all(world: World, ann: Person, worker: Worker) -> None:
    job_id = _job(world, ann, Stage.AUDIO)
    worker.work(Stage.SCRIPT)
    first, second = worker.take_running(Stage.AUDIO), worker.take_running(Stage.AUDIO)
    worker.complete(first)
    assert worker.take(Stage.VIDEO) is None
    assert _pause(world, job_id) == (Stage.AUDIO, None, False, None)
    assert world.one("select count(*) from public.stage_tasks where held_at is not null") == 2, (
        "a scene, two rasters"
    )
    assert_sound(world)
    worker.complete(second)
    assert _pause(world, job_id) == (None, Stage.AUDIO, True, None)
    assert worker.take(Stage.VIDEO) is None
    assert_sound(world)


def test_a_scene_that_failed_does_not_keep_the_others_from_being_looked_at(
    world: World, ann: Person, worker: Worker
) -> None:
    job_id = _job(world, ann, Stage.AUDIO)
    worker.work(Stage.SCRIPT)
    first, second = worker.take_running(Stage.AUDIO), worker.take_running(Stage.AUDIO)
    worker.complete(first)
    worker.fail(second)
    assert _pause(world, job_id) == (None, Stage.AUDIO, True, None)
    assert_sound(world)
    world.call(ann, "retry_task", job_id, second.task_id)
    assert _pause(world, job_id) == (Stage.AUDIO, None, False, None), "what is done again is shown again"
    worker.work()
    assert _pause(world, job_id) == (None, Stage.AUDIO, True, None)
    assert_sound(world)
    world.call(ann, "resume_job", job_id)
    worker.work()
    assert world.one("select status from public.generation_jobs where id = %s", job_id) == "completed"


def test_what_waits_for_a_failed_scene_locks_no_job_for_ever(
    world: World, ann: Person, worker: Worker
) -> None:
    job_id = _job(world, ann, Stage.PLATFORM)
    worker.work(Stage.SCRIPT, Stage.AUDIO)
    worker.fail(worker.take_running(Stage.VIDEO))
    worker.work()
    assert _pause(world, job_id) == (None, Stage.PLATFORM, True, None)
    assert_sound(world)
    world.call(ann, "resume_job", job_id)
    worker.work()
    assert world.one("select status from public.generation_jobs where id = %s", job_id) == "failed"


def test_a_job_of_which_nothing_can_go_on_fails_and_does_not_pause(
    world: World, ann: Person, worker: Worker
) -> None:
    job_id = _job(world, ann, Stage.SCRIPT)
    worker.fail(worker.take_running())
    assert _pause(world, job_id) == (Stage.SCRIPT, None, False, None)
    assert world.one("select status from public.generation_jobs where id = %s", job_id) == "failed"
    world.retry_job(ann, job_id)
    worker.work()
    assert _pause(world, job_id) == (None, Stage.SCRIPT, True, None), "nobody has looked at it yet"
    assert_sound(world)


def test_resuming_it_before_the_stage_is_done_lets_it_pause_there_all_the_same(
    world: World, ann: Person, worker: Worker
) -> None:
    job_id = _job(world, ann, Stage.AUDIO)
    worker.work(Stage.SCRIPT)
    worker.complete(worker.take_running(Stage.AUDIO))
    world.call(ann, "pause_job", job_id)
    assert _pause(world, job_id) == (Stage.AUDIO, None, True, ann.user_id)
    assert_sound(world)
    world.call(ann, "resume_job", job_id)
    assert _pause(world, job_id) == (Stage.AUDIO, None, False, None)
    assert worker.take(Stage.VIDEO) is None
    assert_sound(world)
    worker.work()
    assert _pause(world, job_id) == (None, Stage.AUDIO, True, None)


def test_the_stage_may_end_while_somebody_has_paused_it_and_one_resume_is_enough(
    world: World, ann: Person, worker: Worker
) -> None:
    job_id = _job(world, ann, Stage.SCRIPT)
    running = worker.take_running()
    world.call(ann, "pause_job", job_id)
    worker.complete(running)
    assert _pause(world, job_id) == (None, Stage.SCRIPT, True, ann.user_id)
    assert_sound(world)
    world.call(ann, "resume_job", job_id)
    worker.work()
    assert world.one("select status from public.generation_jobs where id = %s", job_id) == "completed"


def test_many_pause_in_one_call_and_go_on_by_one(world: World, ann: Person, worker: Worker) -> None:
    topics = [f"Topic {number}" for number in range(12)]
    world.create_batch(ann, world.add_project(ann), topics, pause_after=Stage.SCRIPT)
    held = [worker.take_running(Stage.SCRIPT) for _ in topics]
    results = [
        {"job_id": str(c.job_id), "task_id": str(c.task_id), "attempt_id": str(c.attempt_id), "facts": result_of(c)[0],
         "files": [], "timings": {}}
        for c in held
    ]  # fmt: skip
    worker._call("select private.complete_tasks(%s)", Jsonb(results))
    assert world.rows("select distinct paused_after from public.generation_jobs") == [(Stage.SCRIPT,)]
    assert world.one("select count(distinct paused_at) from public.generation_jobs") == 1
    assert_sound(world)
    done = world.call(ann, "act_on_jobs", "resume", [c.job_id for c in held])
    assert (done["changed_jobs"], done["skipped_jobs"]) == (12, 0)
    worker.work()
    assert world.rows("select distinct status, paused_after from public.generation_jobs") == [
        ("completed", None)
    ]
    assert_sound(world)


def test_a_script_that_was_there_already_is_looked_at_too(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), ["Tea"])
    worker.work()
    job_id = _job(world, ann, Stage.AUDIO)
    assert worker.work() == 0, "all of it is found again"
    assert _pause(world, job_id) == (None, Stage.AUDIO, True, None)
    assert _done(world, job_id) == {Stage.SCRIPT, Stage.AUDIO}
    assert_sound(world)


def test_a_cancelled_one_is_withdrawn_and_runs_again_without_a_pause(
    world: World, ann: Person, worker: Worker
) -> None:
    job_id = _job(world, ann, Stage.SCRIPT)
    worker.work()
    assert world.call(ann, "cancel_job", job_id)["status"] == "cancelled"
    assert_sound(world)
    world.retry_job(ann, job_id)
    assert _pause(world, job_id) == (None, None, False, None)
    worker.work()
    assert world.one("select status from public.generation_jobs where id = %s", job_id) == "completed"
    assert_sound(world)


def test_a_retry_after_it_went_on_does_not_pause_again(world: World, ann: Person, worker: Worker) -> None:
    job_id = _job(world, ann, Stage.SCRIPT)
    worker.work()
    world.call(ann, "resume_job", job_id)
    worker.work()
    world.retry_job(ann, job_id, Stage.SCRIPT)
    worker.work()
    assert world.one("select status from public.generation_jobs where id = %s", job_id) == "completed"


def test_a_scene_changed_while_it_is_looked_at_is_what_it_goes_on_with(
    world: World, ann: Person, worker: Worker
) -> None:
    job_id = _job(world, ann, Stage.SCRIPT)
    worker.work()
    changes = Jsonb({"scenes": {"2": {"voiceover_text": "Another text"}}, "voice": "amy"})
    told = world.call(ann, "retry_job", job_id, None, changes)
    assert (told["retried_tasks"], told["generation"]) == (0, 2)
    assert _pause(world, job_id) == (None, Stage.SCRIPT, True, None), "it waits on"
    assert world.rows("select status, progress, current_step from public.generation_jobs") == [
        ("processing", 5, 1)
    ]
    assert_sound(world)
    world.call(ann, "resume_job", job_id)
    spoken = sorted(worker.take_running(Stage.AUDIO).answer["inputs"]["text"] for _ in range(2))
    assert spoken == ["Another text", "Tea, part 1"]
    assert_sound(world)


def test_what_is_changed_up_to_the_stage_is_made_anew_and_shown_again(
    world: World, ann: Person, worker: Worker
) -> None:
    job_id = _job(world, ann, Stage.AUDIO)
    worker.work()
    changes = Jsonb({"scenes": {"2": {"voiceover_text": "Another text"}}})
    assert world.call(ann, "retry_job", job_id, None, changes)["retried_tasks"] > 0
    assert _pause(world, job_id) == (Stage.AUDIO, None, False, None)
    assert_sound(world)
    assert worker.work() == 1, "the other scene is found again"
    assert _pause(world, job_id) == (None, Stage.AUDIO, True, None)
    assert_sound(world)
    world.call(ann, "resume_job", job_id)
    worker.work()
    assert world.one("select status from public.generation_jobs where id = %s", job_id) == "completed"
    assert_sound(world)


def test_another_script_can_be_asked_for_and_is_shown_again(
    world: World, ann: Person, worker: Worker
) -> None:
    job_id = _job(world, ann, Stage.SCRIPT)
    worker.work()
    first = world.one("select content_key from public.stage_tasks where stage = 'script_generation'")
    world.retry_job(ann, job_id, Stage.SCRIPT)
    assert worker.work() == 1
    assert _pause(world, job_id) == (None, Stage.SCRIPT, True, None)
    assert world.one("select content_key from public.stage_tasks where stage = 'script_generation'") != first
    assert_sound(world)


def test_one_narration_can_be_asked_for_anew(world: World, ann: Person, worker: Worker) -> None:
    job_id = _job(world, ann, Stage.AUDIO)
    worker.work()
    task_id = world.one(
        "select id from public.stage_tasks where stage = 'audio_generation' and scene_number = 1"
    )
    world.call(ann, "retry_task", job_id, task_id)
    assert_sound(world)
    assert worker.work() == 1
    assert _pause(world, job_id) == (None, Stage.AUDIO, True, None)
    assert_sound(world)


def test_other_platforms_can_be_chosen_while_it_is_looked_at(
    world: World, ann: Person, worker: Worker
) -> None:
    job_id = _job(world, ann, Stage.VIDEO, {"topic": "Tea", "platforms": ["youtube"]})
    worker.work()
    world.call(ann, "retry_job", job_id, None, Jsonb({"platforms": ["youtube", "tiktok"]}))
    assert _pause(world, job_id) == (Stage.VIDEO, None, False, None), (
        "pictures of another raster are to be looked at"
    )
    assert_sound(world)
    worker.work()
    assert _pause(world, job_id) == (None, Stage.VIDEO, True, None)
    world.call(ann, "resume_job", job_id)
    worker.work()
    assert world.rows("select status, platforms from public.generation_jobs") == [
        ("completed", ["tiktok", "youtube"])
    ]
    assert_sound(world)


def test_without_anything_to_do_again_a_retry_of_it_is_refused(
    world: World, ann: Person, worker: Worker
) -> None:
    job_id = _job(world, ann, Stage.SCRIPT)
    worker.work()
    with pytest.raises(psycopg.Error, match="nothing of it failed"):
        world.retry_job(ann, job_id)
    world.call(ann, "pause_job", job_id)
    assert _pause(world, job_id) == (None, Stage.SCRIPT, True, None)


def test_topics_that_come_later_and_jobs_that_wait_for_others_pause_too(
    world: World, ann: Person, worker: Worker
) -> None:
    one = {"topic": "Tea", "platforms": ["youtube"]}
    batch = world.create_batch(
        ann, world.add_project(ann), [one], pause_after=Stage.SCRIPT, is_filling=True
    )["batch_id"]  # fmt: skip
    more = Jsonb([{**one, "topic": "Coffee", "after_rows": [1]}])
    world.call(ann, "append_topics", batch, 2, more, True)
    worker.work()
    assert world.rows("select paused_after, blocked_at is null from public.generation_jobs order by position") == [
        (Stage.SCRIPT, True), (None, False),
    ]  # fmt: skip
    world.call(ann, "resume_job", world.one("select id from public.generation_jobs where position = 1"))
    worker.work()
    world.tick()
    worker.work()
    assert world.rows("select paused_after, status from public.generation_jobs order by position") == [
        (None, "completed"), (Stage.SCRIPT, "processing"),
    ]  # fmt: skip
    assert_sound(world)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("post_processing", "names the last stage, after which there is nothing to hold back"),
        (
            "script",
            "is not one of script_generation, audio_generation, video_generation, platform_adaptation",
        ),
        (3, "is not one of script_generation, audio_generation, video_generation, platform_adaptation"),
    ],
)
def test_only_a_stage_that_others_follow_can_be_named(
    world: World, ann: Person, given: object, reason: str
) -> None:
    with pytest.raises(psycopg.Error) as refused:
        world.create_batch(ann, world.add_project(ann), pause_after=given)
    assert refused.value.diag.sqlstate == "CR001"
    assert reason in (refused.value.diag.message_detail or "")
    assert world.create_batch(ann, world.add_project(ann, "B"), pause_after=None)["job_count"] == 1
