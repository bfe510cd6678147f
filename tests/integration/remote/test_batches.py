"""Batches of a deployment elsewhere, in the words of this machine's own."""

from __future__ import annotations

import uuid
from pathlib import Path

import httpx
import msgspec
import psycopg
import pytest
from PIL import Image

from cliprow import batches, control
from cliprow.account import open_account
from cliprow.batches import Batch
from cliprow.control import Target
from cliprow.errors import Conflict, InvalidInput, NotFound, RowProblem
from cliprow.job_export import each_job
from cliprow.models import Stage
from cliprow.storage import upload_path
from tests.gateway import Gateway
from tests.integration.remote.conftest import Somebody
from tests.sql.world import Worker, World

TOPICS: list[dict[str, object]] = [
    {"topic": f"Topic {number}", "platforms": ["youtube"], "brief": "Something is known of it."}
    for number in range(1, 4)
]


@pytest.fixture
def made(ann: Somebody) -> Batch:
    """A batch of three jobs."""
    at = ann.batches
    return at.create_batch(at.find_or_create_project("Channel"), TOPICS, title="Three")[0]


def test_a_long_list_goes_in_chunks(ann: Somebody, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cliprow.filling.CHUNK_TOPICS", 2)
    at = ann.batches
    told: list[int] = []
    project = at.find_or_create_project("Channel")
    batch, is_new = at.create_batch(project, TOPICS, title="Long", on_progress=told.append)
    assert (batch.title, batch.job_count, is_new, told) == ("Long", 3, True, [2, 3])
    assert [job.topic for job in at.list_jobs(batch.id)] == [topic["topic"] for topic in TOPICS]


def test_a_batch_is_told_as_this_machines_own_would_be(ann: Somebody, made: Batch, gateway: Gateway) -> None:
    account = open_account(gateway.database.admin, ann.email)
    at = ann.batches
    with psycopg.connect(gateway.database.admin, autocommit=True) as admin:
        world = World(gateway.database, admin)
        worker = Worker(world, stages=(Stage.SCRIPT,), slots=1000)
        claimed = worker.take_running(Stage.SCRIPT)
        while claimed.job_id != at.list_jobs(made.id)[0].id:
            claimed = worker.take_running(Stage.SCRIPT)
        worker.complete(claimed)
        worker.leave()
        world.close()
    made = at.get_batch("last")
    assert made == batches.get_batch(account, str(made.number)) == at.get_batch("last")
    assert at.list_batches() == batches.list_batches(account)
    assert at.list_jobs(made.id) == batches.list_jobs(account, made.id) == list(each_job(account, made.id))
    assert at.get_job(f"{made.number}.2") == batches.get_job(account, f"{made.number}.2")
    assert at.count_stages(made.id) == batches.count_stages(account, made.id)
    job = at.list_jobs(made.id)[0]
    tasks = at.list_tasks(job.id)
    assert tasks == batches.list_tasks(account, job.id)
    assert tasks[0].made_by, "as packages say of themselves, wherever they are exported"
    assert at.list_packages(job.id) == batches.list_packages(account, job.id)
    assert at.offered_platforms()
    assert sorted(at.offered_platforms()) == sorted(batches.offered_platforms(account))
    account.connection.close()


def test_one_batch_and_one_job_are_asked_for_without_their_lists(
    ann: Somebody, made: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ann.batches
    for number in range(2):
        at.create_batch(at.find_or_create_project("Channel"), TOPICS[:1], title=str(number))
    asked: list[list[object]] = []
    get = ann.api.get

    def noted(path: str, **parameters: object) -> object:
        answer = get(path, **parameters)
        if path in ("/batches", "/jobs"):
            asked.append(answer["items"])
        return answer

    monkeypatch.setattr(ann.api, "get", noted)
    assert at.get_batch(str(made.number)) == made
    assert at.get_job(f"{made.number}.2").position == 2
    assert [len(each) for each in asked] == [1, 1, 1]


def test_a_dry_run_needs_no_project_and_makes_none(ann: Somebody) -> None:
    check = ann.batches.check_batch(
        "Of my own", [*TOPICS, {"topic": "", "platforms": ["youtube"]}], {"title": "Three"}
    )
    assert check.problems == [RowProblem(4, "topic", "is missing or empty")]
    assert (check.job_count, check.estimate.tasks[Stage.POST]) == (3, 3)
    assert ann.api.get("/projects")["items"] == []
    at = ann.batches
    at.find_or_create_project("Of my own")
    assert at.check_batch("Of my own", TOPICS).job_count == 3
    assert at.list_batches() == []


def test_a_long_dry_run_goes_in_chunks(ann: Somebody, monkeypatch: pytest.MonkeyPatch) -> None:
    topics: list[dict[str, object]] = [
        *TOPICS,
        {**TOPICS[0], "after_rows": [3]},
        {"topic": "", "platforms": ["youtube"]},
    ]
    whole = ann.batches.check_batch("Of my own", topics, {"budget": -1})
    monkeypatch.setattr("cliprow.filling.CHUNK_TOPICS", 2)
    parts = ann.batches.check_batch("Of my own", topics, {"budget": -1})
    assert parts.problems == whole.problems
    assert [(p.row, p.field) for p in parts.problems] == [(None, "budget"), (5, "topic")]
    assert (parts.job_count, parts.estimate) == (whole.job_count, whole.estimate)


def test_a_project_is_made_once(ann: Somebody) -> None:
    at = ann.batches
    assert at.find_or_create_project("One") == at.find_or_create_project("One")
    assert at.find_or_create_project("Two") != at.find_or_create_project("One")


def test_the_same_key_gives_the_same_batch(ann: Somebody) -> None:
    at, key = ann.batches, str(uuid.uuid4())
    project_id = at.find_or_create_project("Channel")
    first, is_new = at.create_batch(project_id, TOPICS, idempotency_key=key)
    assert is_new
    assert at.create_batch(project_id, TOPICS, idempotency_key=key) == (first, False)


def test_it_is_paused_resumed_and_cancelled(ann: Somebody, made: Batch) -> None:
    at, batch = ann.batches, Target("batch", made.id)
    at.ask(control.pause(batch))
    assert at.look_again(made).is_paused
    at.ask(control.resume(batch))
    assert not at.look_again(made).is_paused
    job = Target("job", at.get_job(f"{made.number}.1").id)
    at.ask(control.cancel(job))
    assert at.get_job(str(job.id)).status == "cancelled"
    assert at.ask(control.retry_job(job.id))["retried_tasks"] >= 1
    assert at.ask(control.cancel(batch))["changed_jobs"] == 3
    assert at.look_again(made).status == "cancelled"
    with pytest.raises(Conflict):
        at.ask(control.pause(job))


def test_what_is_not_there_is_named_as_here(ann: Somebody, made: Batch) -> None:
    at = ann.batches
    for name in ("99", str(uuid.uuid4())):
        with pytest.raises(NotFound):
            at.get_batch(name)
    for name in ("1.9", "9.1", str(uuid.uuid4())):
        with pytest.raises(NotFound):
            at.get_job(name)
    with pytest.raises(InvalidInput):
        at.get_batch("nonsense")


def test_bad_topics_are_named_with_their_rows(ann: Somebody) -> None:
    at = ann.batches
    with pytest.raises(InvalidInput, match="topic 2, platforms"):
        at.create_batch(
            at.find_or_create_project("Channel"), [*TOPICS[:1], {"topic": "x", "platforms": ["nowhere"]}]
        )


def test_a_dry_run_starts_nothing(ann: Somebody, gateway: Gateway) -> None:
    at = ann.batches
    check = at.check_batch("Not made yet", [*TOPICS, {"topic": "x", "platforms": ["nowhere"]}])
    assert check.job_count == 3
    assert [(problem.row, problem.field) for problem in check.problems] == [(4, "platforms")]
    assert check.estimate.seconds > 0
    assert at.list_batches() == []


def test_pictures_go_into_the_tenants_uploads_once(ann: Somebody, gateway: Gateway, tmp_path: Path) -> None:
    picture = tmp_path / "sky.png"
    Image.new("RGB", (40, 30), "navy").save(picture)
    at = ann.batches
    stored = at.store_images([picture, picture])
    ref = stored[picture]
    tenant_id = ann.api.get("/auth/session")["tenant_id"]
    assert ref.path == upload_path(tenant_id, ref.sha256)
    key = gateway.settings.secret_key
    answer = httpx.get(
        f"{gateway.url}/storage/v1/object/media/{ref.path}",
        headers={"apikey": key, "Authorization": f"Bearer {key}"},
    )
    assert answer.content == picture.read_bytes()
    assert ann.batches.store_images([picture]) == stored
    at.create_batch(at.find_or_create_project("C"), [{**TOPICS[0], "images": [msgspec.to_builtins(ref)]}])
    with pytest.raises(NotFound, match=r"gone\.png"):
        at.store_images([tmp_path / "gone.png"])
