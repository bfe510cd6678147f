"""complete_task keeps the result, adds what follows from a script, and lets dependents run."""

from __future__ import annotations

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def test_a_script_adds_tasks_per_scene_raster_and_platform(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    worker.complete(worker.take_running())
    assert world.rows(
        "select stage, status, count(*), count(distinct (width, height)) from public.stage_tasks"
        " group by stage, status, position / 1000 order by position / 1000"
    ) == [
        ("script_generation", "completed", 1, 1),
        ("audio_generation", "queued", 2, 1),
        ("video_generation", "blocked", 4, 2),
        ("platform_adaptation", "blocked", 3, 2),
        ("post_processing", "blocked", 3, 2),
    ]
    assert world.rows("select scene_number, voiceover_text like '%part %' from public.scenes order by 1") == [
        (1, True),
        (2, True),
    ]
    assert world.rows("select word_count, language from public.scripts") == [
        (8, "en")
    ]  # "Topic <uuid>, part 1", twice


def test_a_platform_waits_only_for_its_own_raster(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), [{"topic": "Tea", "platforms": ["youtube", "tiktok"]}])
    worker.complete(worker.take_running())
    worker.work(Stage.AUDIO)
    for _ in range(4):
        claimed = worker.take_running(Stage.VIDEO)
        if claimed.answer["inputs"]["aspect"] == "16:9":
            worker.complete(claimed)
    assert world.rows(
        "select platform, status from public.stage_tasks where stage = 'platform_adaptation' order by 1"
    ) == [("tiktok", "blocked"), ("youtube", "queued")]
    worker.complete(worker.take_running(Stage.PLATFORM))
    worker.complete(worker.take_running(Stage.POST))
    assert world.one("select status from public.generation_jobs") == "processing"
    assert_sound(world)


def test_said_twice_it_does_no_harm(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    claimed = worker.take_running()
    worker.complete(claimed)
    before = world.rows("select id, status, version from public.stage_tasks order by 1")
    worker.complete(claimed)
    assert world.rows("select id, status, version from public.stage_tasks order by 1") == before
    assert world.one("select count(*) from public.scripts") == 1


def test_files_become_content_of_the_job(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), [{"topic": "Tea", "platforms": ["youtube"]}])
    worker.work()
    assert world.rows(
        "select role, content_type, platform, resolution, format, duration_ms, scene_id is not null, count(*)"
        " from public.generated_content group by 1, 2, 3, 4, 5, 6, 7 order by 1"
    ) == [
        ("narration", "audio", "universal", None, "flac", 1000, True, 2),
        ("segment", "video", "universal", "1920x1080", "mp4", 1000, True, 2),
        ("thumbnail", "thumbnail", "youtube", None, "jpg", None, False, 1),
        ("video", "video", "youtube", "1920x1080", "mp4", 2000, False, 1),
    ]
    assert world.rows("select distinct duration, duration_ms from public.scenes") == [(1, 1000)]


def test_a_job_works_from_its_newest_script(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann))
    worker.complete(worker.take_running())
    job_id = world.one("select id from public.generation_jobs")
    newer = world.one(
        "insert into public.scripts (tenant_id, project_id, job_id, content) select tenant_id, project_id, job_id, '{}'"
        " from public.scripts returning id"
    )
    assert world.one("select (private.script_of(%s, %s)).id", job_id, ann.tenant_id) == newer
