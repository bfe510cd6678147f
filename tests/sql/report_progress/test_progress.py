"""Progress of tasks, jobs and batches: weighted by stage, and never back within one generation."""

from __future__ import annotations

from cliprow.models import Stage
from tests.sql.world import Person, Worker, World

_PROGRESS = "select t.progress, j.progress, b.progress from public.stage_tasks as t join public.generation_jobs as j on j.id = t.job_id" \
    " join public.batches as b on b.id = j.batch_id where t.stage = %s"  # fmt: skip


def test_it_rolls_up_by_the_stages_weights(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    world.create_batch(bob, world.add_project(bob))
    project = world.add_project(ann)
    world.create_batch(ann, project, [{"topic": "Tea", "platforms": ["youtube"]}])
    while (claimed := worker.take_running()).answer["tenant_id"] != str(ann.tenant_id):
        pass
    worker.report(claimed, 60)
    assert world.rows(_PROGRESS + " and t.project_id = %s", "script_generation", project) == [(60, 3, 3)]
    seen = []
    worker.complete(claimed)
    for stage in (Stage.AUDIO, Stage.VIDEO, Stage.PLATFORM, Stage.POST):
        worker.work(stage)
        seen.append(
            world.rows(
                "select stage, current_step, progress from public.generation_jobs where project_id = %s",
                project,
            )[0]
        )
    assert seen == [
        ("video_generation", 2, 20),
        ("platform_adaptation", 3, 70),
        ("post_processing", 4, 90),
        ("post_processing", 5, 100),
    ]


def test_it_never_goes_back_and_never_says_done(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    claimed = worker.take_running()
    seen = []
    for percent in (50, 20, -5, 100, 1000):
        worker.report(claimed, percent)
        seen.append(world.one("select progress from public.stage_tasks"))
    assert seen == [50, 50, 50, 99, 99]


def test_a_job_does_not_go_back_when_a_task_begins_again(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), 2)
    claimed = worker.take_running()
    worker.report(claimed, 80)
    worker.hand_back(claimed)
    assert world.rows(_PROGRESS + " and t.id = %s", "script_generation", claimed.task_id) == [(0, 4, 2)]
    assert (
        world.one("select status from public.generation_jobs where id = %s", claimed.job_id) == "processing"
    )
