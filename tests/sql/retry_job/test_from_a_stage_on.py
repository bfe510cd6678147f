"""retry_job with a stage computes that stage anew, and what follows where its inputs became others."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World, result_of

#: Tasks of a job of two scenes for one platform, by stage.
COUNTS = {Stage.SCRIPT: 1, Stage.AUDIO: 2, Stage.VIDEO: 2, Stage.PLATFORM: 1, Stage.POST: 1}
STAGES = list(Stage)


@pytest.fixture
def job_id(world: World, ann: Person, bob: Person, worker: Worker) -> UUID:
    """A completed job, beside another tenant's of the same topic."""
    for person in (bob, ann):
        world.create_batch(person, world.add_project(person), [{"topic": "Tea", "platforms": ["youtube"]}])
    worker.work()
    found: UUID = world.one("select id from public.generation_jobs where tenant_id = %s", ann.tenant_id)
    return found


def _ran(worker: Worker) -> list[Stage]:
    """Completes what there is with the same results as before; returns the stages of what was computed."""
    stages = []
    while (claimed := worker.take()) is not None:
        if claimed.verdict == "run":
            stages.append(claimed.stage)
            worker.complete(claimed)
    return sorted(stages, key=STAGES.index)


def _content(world: World, job_id: UUID) -> list[tuple[object, ...]]:
    return world.rows(
        "select role, platform, count(*) from public.generated_content where job_id = %s group by 1, 2 order by 1, 2",
        job_id,
    )


@pytest.mark.parametrize("stage", STAGES)
def test_a_completed_job_is_done_again_from_there(
    world: World, ann: Person, worker: Worker, job_id: UUID, stage: Stage
) -> None:
    content, attempts = _content(world, job_id), world.one("select count(*) from public.task_attempts")
    kept = STAGES[: STAGES.index(stage)]
    answer = world.retry_job(ann, job_id, stage)
    redone = [stage] if stage is Stage.SCRIPT else STAGES[STAGES.index(stage) :]
    assert answer == {
        "job_id": str(job_id),
        "retried_tasks": sum(COUNTS[each] for each in redone),
        "generation": 2,
    }
    assert world.rows(
        "select status, result_data, completed_at, generation from public.generation_jobs where id = %s",
        job_id,
    ) == [("processing" if kept else "pending", None, None, 2)]
    assert dict(
        world.rows(
            "select stage, bool_and(status = 'completed') from public.stage_tasks where job_id = %s group by 1",
            job_id,
        )
    ) == {str(each): each in kept for each in [*kept, *redone]}
    assert [role for role, _, _ in _content(world, job_id)] == [
        role
        for role, _, _ in content
        if {
            "narration": Stage.AUDIO,
            "segment": Stage.VIDEO,
            "video": Stage.PLATFORM,
            "thumbnail": Stage.POST,
        }[str(role)]
        in kept
    ]
    assert_sound(world)

    # The test's results are named by their content key, so that each redone one gives others to work from.
    ran = _ran(worker)
    assert ran[: COUNTS[stage]] == [stage] * COUNTS[stage], "computed, not found"
    assert world.rows("select status, progress from public.generation_jobs where id = %s", job_id) == [
        ("completed", 100)
    ]
    assert _content(world, job_id) == content
    if stage is not Stage.SCRIPT:  # whose tasks of before are gone with their attempts
        assert world.one("select count(*) from public.task_attempts") == attempts + len(ran)
    assert (
        world.one(
            "select count(*) from public.generation_jobs where tenant_id <> %s and generation > 1",
            ann.tenant_id,
        )
        == 0
    )
    assert_sound(world)


def test_what_follows_is_found_again_where_it_has_the_same_inputs(
    world: World, ann: Person, worker: Worker, job_id: UUID
) -> None:
    world.retry_job(ann, job_id, Stage.SCRIPT)
    assert _ran(worker) == [Stage.SCRIPT], "the same script again: nothing else is computed"
    assert world.one(
        "select bool_and(is_reused) from public.stage_tasks where job_id = %s and stage <> 'script_generation'",
        job_id,
    )
    assert world.one("select count(*) from public.scripts where job_id = %s", job_id) == 2
    assert_sound(world)


def test_another_script_may_have_other_scenes(
    world: World, ann: Person, worker: Worker, job_id: UUID
) -> None:
    item = world.one(
        "insert into public.content_library (tenant_id, scene_id) select tenant_id, id from public.scenes where tenant_id = %s limit 1 returning id",
        ann.tenant_id,
    )
    world.retry_job(ann, job_id, Stage.SCRIPT)
    script = worker.take_running()
    facts, _ = result_of(script, scene_count=3)
    scenes = facts["scenes"]
    assert isinstance(scenes, list)
    for scene in scenes:
        scene["voiceover_text"] += ", told anew"
    worker.complete(script, facts)
    assert _ran(worker) == [Stage.AUDIO] * 3 + [Stage.VIDEO] * 3 + [Stage.PLATFORM, Stage.POST]
    assert world.rows(
        "select stage, count(*), count(distinct scene_number) from public.stage_tasks where job_id = %s group by 1 order by min(position)",
        job_id,
    ) == [(str(stage), n, k) for stage, n, k in zip(STAGES, (1, 3, 3, 1, 1), (0, 3, 3, 0, 0), strict=True)]
    assert (
        world.rows(
            "select s.voiceover_text like '%%told anew' from public.generated_content as c join public.scenes as s on s.id = c.scene_id where c.job_id = %s",
            job_id,
        )
        == [(True,)] * 6
    ), "what there is belongs to the scenes there are"
    assert world.one("select count(*) from public.content_library where id = %s", item) == 1, (
        "what the library keeps stays"
    )
    assert_sound(world)


def test_every_redo_is_another_and_is_nobody_elses(
    world: World, ann: Person, worker: Worker, job_id: UUID
) -> None:
    world.create_batch(ann, world.add_project(ann), [{"topic": "Tea", "platforms": ["youtube"]}])
    assert _ran(worker) == [], "found"
    twin = world.one(
        "select id from public.generation_jobs where tenant_id = %s and id <> %s", ann.tenant_id, job_id
    )
    for each in (job_id, job_id, twin):
        world.retry_job(ann, each, Stage.AUDIO)
        assert Stage.AUDIO in _ran(worker)
    assert (
        world.one(
            "select count(distinct content_key) from public.artifacts where tenant_id = %s and stage = 'audio_generation'",
            ann.tenant_id,
        )
        == 2 + 3 * 2
    )
    assert_sound(world)


def test_a_redo_that_fails_keeps_to_its_result_when_it_is_retried(
    world: World, ann: Person, worker: Worker, job_id: UUID
) -> None:
    world.retry_job(ann, job_id, Stage.AUDIO)
    first = worker.take_running()
    worker.complete(first)
    worker.fail(worker.take_running(Stage.AUDIO))
    _ran(worker)
    assert world.rows("select status from public.generation_jobs where id = %s", job_id) == [("failed",)]
    assert world.retry_job(ann, job_id)["retried_tasks"] == 1
    assert _ran(worker).count(Stage.AUDIO) == 1
    assert world.rows("select status from public.generation_jobs where id = %s", job_id) == [("completed",)]
    assert_sound(world)


def test_of_a_failed_job_what_failed_before_that_stage_runs_too(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann), [{"topic": "Tea", "platforms": ["youtube"]}])
    worker.complete(worker.take_running())
    worker.fail(worker.take_running(Stage.AUDIO))
    worker.work()
    job_id = world.one("select id from public.generation_jobs")
    assert world.retry_job(ann, job_id, Stage.VIDEO)["retried_tasks"] == 2, (
        "the sound that failed, the picture that was there"
    )
    assert _ran(worker) == [Stage.AUDIO, Stage.VIDEO, Stage.VIDEO, Stage.PLATFORM, Stage.POST]
    assert world.rows("select status from public.generation_jobs") == [("completed",)]
    assert_sound(world)


def test_content_with_figures_stays_in_its_project(
    world: World, ann: Person, worker: Worker, job_id: UUID
) -> None:
    published = world.one(
        "select id from public.generated_content where job_id = %s and role = 'video'", job_id
    )
    world.run(
        "insert into public.performance_metrics (tenant_id, project_id, content_id, platform, views)"
        " select tenant_id, project_id, id, platform, 7 from public.generated_content where id = %s",
        published,
    )
    world.retry_job(ann, job_id, Stage.SCRIPT)
    _ran(worker)
    assert world.rows(
        "select job_id, task_id, scene_id from public.generated_content where id = %s", published
    ) == [(None, None, None)]
    assert world.rows("select views, content_id from public.performance_metrics") == [(7, published)]
    assert [count for role, _, count in _content(world, job_id) if role == "video"] == [1]
    assert_sound(world)


def test_an_attempt_of_a_task_that_is_gone_is_stale(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    worker.complete(worker.take_running())
    late = worker.take_running()
    world.call(ann, "cancel_job", late.job_id)
    world.retry_job(ann, late.job_id, Stage.SCRIPT)
    for tell in (lambda: worker.report(late, 5), lambda: worker.complete(late), lambda: worker.fail(late)):
        with pytest.raises(psycopg.Error) as refused:
            tell()
        assert refused.value.sqlstate == "CR005"
    worker.work()
    assert world.rows("select status from public.generation_jobs") == [("completed",)]
    assert_sound(world)


@pytest.mark.parametrize("state", ["pending", "processing"])
def test_a_job_that_has_not_ended_is_refused(world: World, ann: Person, worker: Worker, state: str) -> None:
    world.create_batch(ann, world.add_project(ann))
    if state == "processing":
        worker.take_running()
    with pytest.raises(psycopg.Error, match=f"The job is {state}; only one that has ended") as refused:
        world.retry_job(ann, world.one("select id from public.generation_jobs"), Stage.AUDIO)
    assert refused.value.sqlstate == "CR004"


def test_a_stage_that_is_none_is_refused(world: World, ann: Person, worker: Worker, job_id: UUID) -> None:
    with pytest.raises(psycopg.Error, match="no stage montage") as refused:
        world.call(ann, "retry_job", job_id, "montage")
    assert refused.value.sqlstate == "CR001"
    assert str(refused.value.diag.message_hint).startswith("Use one of script_generation, audio_generation")
    with pytest.raises(psycopg.Error, match="nothing of it failed") as again:
        world.retry_job(ann, job_id)
    assert again.value.sqlstate == "CR004"


def test_the_result_of_a_redo_by_a_slow_worker_of_before_is_refused(
    world: World, ann: Person, worker: Worker, job_id: UUID
) -> None:
    """A worker that died over the first attempt comes back after the second has begun."""
    world.retry_job(ann, job_id, Stage.POST)
    lost = worker.take_running(Stage.POST)
    worker.die(world)
    world.tick()
    other = Worker(world)
    again = other.take_running(Stage.POST)
    with pytest.raises(psycopg.Error) as refused:
        worker.complete(lost)
    assert refused.value.sqlstate == "CR005"
    other.complete(again)
    assert world.rows("select status from public.generation_jobs where id = %s", job_id) == [("completed",)]
    assert_sound(world)
