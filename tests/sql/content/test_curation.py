"""Content is scored, and scenes of the library are promoted and archived by how videos with them perform."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.world import Person, Worker, World


def _report(world: World, person: Person, content: UUID, **figures: float) -> None:
    with world.admin.transaction():
        world.run("select set_config('request.jwt.claims', %s, true)", person.claims)
        world.run("select private.record_performance(%s, 'youtube', %s)", content, Jsonb(figures))


def _video(world: World, job: UUID) -> UUID:
    found: UUID = world.one(
        "select id from public.generated_content where job_id = %s and role = 'video' and platform = 'youtube'",
        job,
    )
    return found


def _library(world: World, worker: Worker, person: Person) -> tuple[UUID, UUID]:
    """A finished job, and an item made of its second scene."""
    world.create_batch(person, world.add_project(person), ["Tea"])
    worker.work()
    item = world.one(
        "insert into public.content_library (tenant_id, scene_id) select tenant_id, id from public.scenes where scene_number = 2 returning id"
    )
    return world.one("select id from public.generation_jobs"), item


def test_files_are_scored_when_they_are_kept_and_by_their_reports(
    world: World, ann: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann), ["Tea"])
    worker.work(Stage.SCRIPT)
    claimed = worker.take_running(Stage.AUDIO)
    worker.complete(
        claimed,
        {
            "sample_count": 48_000,
            "words": [],
            "lufs": -18.5,
            "true_peak_dbtp": -0.5,
            "timing": "proportional",
        },
    )
    assert (
        world.one("select quality_score from public.generated_content where task_id = %s", claimed.task_id)
        == 3
    )
    worker.work()
    video = _video(world, claimed.job_id)
    score = "select quality_score from public.generated_content where id = %s"
    assert world.one(score, video) == 10
    _report(world, ann, video, performance_score=5)
    assert world.one(score, video) == 8
    _report(world, ann, video, engagement_rate=0.05)
    assert world.one(score, video) == 8


@pytest.mark.parametrize(
    ("score", "category", "becomes"),
    [
        (8, "experimental", "high_performance"),
        (3, "high_performance", "experimental"),
        (1, "experimental", "archived"),
        (9, "favorite", "favorite"),
    ],
)
def test_by_its_reports(
    world: World, ann: Person, worker: Worker, score: int, category: str, becomes: str
) -> None:
    job, item = _library(world, worker, ann)
    world.run("update public.content_library set library_category = %s", category)
    for _ in range(3):
        _report(world, ann, _video(world, job), performance_score=score)
    state = "select library_category, performance_score from public.content_library"
    before = world.rows(state)
    told = world.call(ann, "curate_library", True)
    assert told["is_dry_run"] and [c["new_category"] for c in told["changes"]] == [becomes]
    assert world.rows(state) == before
    assert world.call(ann, "curate_library")["changes"] == told["changes"]
    assert world.rows(state) == [(becomes, score)]
    assert world.call(ann, "curate_library")["changes"] == []
    assert UUID(told["changes"][0]["item_id"]) == item


def test_what_nobody_uses_is_archived_and_few_reports_decide_nothing(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    job, _item = _library(world, worker, ann)
    _report(world, ann, _video(world, job), performance_score=1)
    [change] = world.call(ann, "curate_library")["changes"]
    assert (change["new_category"], change["score"]) == ("experimental", 1)
    world.run("delete from public.performance_metrics")
    world.run("update public.content_library set created_at = now() - interval '181 days'")
    assert [c["reason"] for c in world.call(ann, "curate_library", True)["changes"]] == [
        "not used for 180 days"
    ]
    patient = world.call(ann, "curate_library", True, Jsonb({"archive_unused_days": 200}))
    assert [c["new_category"] for c in patient["changes"]] == ["experimental"]
    assert world.call(bob, "curate_library")["changes"] == []


def test_videos_that_took_a_scene_count_for_it(world: World, ann: Person, worker: Worker) -> None:
    _job, item = _library(world, worker, ann)
    made = world.create_batch(
        ann,
        world.add_project(ann),
        [{"topic": "Coffee", "platforms": ["youtube"], "library_items": [str(item)]}],
    )
    worker.work()
    job = world.one("select id from public.generation_jobs where batch_id = %s", made["batch_id"])
    for _ in range(3):
        _report(world, ann, _video(world, job), engagement_rate=0.09)
    [change] = world.call(ann, "curate_library")["changes"]
    assert (change["new_category"], change["report_count"]) == ("high_performance", 3)


def test_a_tenant_has_a_policy_and_may_have_it_done_by_itself(
    world: World, ann: Person, worker: Worker
) -> None:
    job, _item = _library(world, worker, ann)
    _report(world, ann, _video(world, job), performance_score=6)
    world.run(
        """update public.tenants set settings = '{"curation": {"promote_at": 6, "min_reports": 1, "is_automatic": true, "demote_below": "x"}}'"""
    )
    for _ in range(20):
        worker.connection.execute("select private.sweep_content()")
    assert world.rows("select library_category from public.content_library") == [("high_performance",)]
    with pytest.raises(psycopg.Error) as refused:
        world.call(ann, "curate_library", True, Jsonb({"promote_at": "x"}))
    assert refused.value.sqlstate == "CR001"
    with pytest.raises(psycopg.Error) as refused:
        world.call(world.add_member(ann, "viewer"), "curate_library", True)
    assert refused.value.sqlstate == "CR003"
