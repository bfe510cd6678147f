"""Pause, cancel, priority, caps and retries, on a database of one's own and on a deployment."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from cliprow.cli.control import ask_until_done
from cliprow.errors import Conflict, InvalidInput, NotFound
from tests.cluster import Database
from tests.integration.commands import Run, ann, api_url, run
from tests.sql.world import Worker, World

__all__ = ["ann", "api_url", "run"]
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
LATER = (datetime.now(UTC) + timedelta(days=2)).isoformat()
TOPICS = '[{"topic": "Tea"}, {"topic": "Milk"}, {"topic": "Coffee"}]'


@pytest.fixture
def behind(request: pytest.FixtureRequest, run: Run) -> Database:
    """The database behind the commands."""
    if request.node.callspec.params["run"] == "own":
        own: Database = request.getfixturevalue("database")
        return own
    database: Database = request.getfixturevalue("gateway").database
    return database


@pytest.fixture
def dsn(behind: Database) -> str:
    """The same, as its administrator."""
    return behind.admin


def fail(dsn: str, batch_id: str, error_code: str) -> None:
    """Makes dead letters of what may run of a batch."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "update public.stage_tasks set status = 'queued', entry_id = 1, queued_at = now()"
            " where status = 'pending' and batch_id = %s",
            [batch_id],
        )
        connection.execute(
            "update public.stage_tasks set status = 'processing', attempt_id = gen_random_uuid(),"
            " worker_id = gen_random_uuid(), started_at = now() where status = 'queued' and batch_id = %s",
            [batch_id],
        )
        connection.execute(
            "update public.stage_tasks set status = 'failed', error_code = %s, error_message = 'It broke.',"
            " completed_at = now() where status = 'processing' and batch_id = %s",
            [error_code, batch_id],
        )


def test_work_is_held_back_put_before_others_and_withdrawn(run: Run) -> None:
    def told(*words: str) -> Any:
        return json.loads(run(*words, "--json"))

    run("batch", "create", "-", "--project", "Tea", stdin=TOPICS)
    assert "what runs is stopped" in run("batch", "pause", "last", "--now")
    assert "Batch 1 goes on. 3 jobs changed." in run("batch", "resume")
    assert "what runs is stopped" in run("job", "pause", "1.2", "--now")
    run("job", "resume", "1.2")
    assert "Job 1.3 waits in the lane urgent." in run("job", "priority", "1.3", "urgent")
    assert "2 jobs of Batch 1 moved to urgent." in run("batch", "priority", "1", "urgent")
    assert told("project", "priority", "Tea", "standard")["changed_jobs"] == 3
    assert "Batch 1 may have 2 tasks active at once." in run("batch", "cap", "1", "2")
    assert told("project", "cap", "Tea", "7")["max_concurrent_tasks"] == 7
    assert "has no cap of its own" in run("project", "cap", "Tea", "none")
    assert "may have 5 tasks" in run("tenant", "cap", "5")
    assert "what runs is stopped" in run("project", "pause", "Tea", "--now")
    assert "paused" in run("project", "list")
    assert "goes on" in run("project", "resume", "Tea")
    assert "what runs is finished" in run("tenant", "pause")
    assert "at most 5 tasks active, paused since" in run("tenant", "show")
    assert "goes on" in run("tenant", "resume")
    with pytest.raises(NotFound):
        run("project", "pause", "Milk")
    assert told("project", "cancel", "Tea") | {"project_id": ""} == {
        "project_id": "", "changed_jobs": 3, "remaining_jobs": 0,
    }  # fmt: skip
    run("batch", "create", "-", "--project", "Tea", stdin=TOPICS)
    assert "3 jobs of Team" in run("tenant", "cancel", "--yes")


def test_a_job_is_created_and_told_when_it_runs(run: Run) -> None:
    def told(*words: str) -> Any:
        return json.loads(run(*words, "--json"))

    words = ("job", "create", "Tea", "--platforms", "tiktok,youtube", "--tone", "casual", "--at", TOMORROW)
    made = told(*words, "--deadline", LATER, "--idempotency-key", "tea")
    assert (made["topic"], made["platforms"], made["position"]) == ("Tea", ["tiktok", "youtube"], 1)
    assert "was made with this key before" in run(*words, "--deadline", LATER, "--idempotency-key", "tea")
    assert told("job", "deadline", "1.1", TOMORROW, "--warn")["deadline"]
    assert "has no deadline" in run("job", "deadline", "1.1")
    assert "must have ended at" in run("job", "deadline", "1.1", LATER, "--cancel")
    run("batch", "create", "-", stdin='[{"topic": "Milk"}, {"topic": "Coffee", "after_rows": [1]}]')
    assert "may begin" in run("job", "start", "2.2")
    assert told("job", "start", "2.2")["blocked_at"] is None
    run("batch", "cancel", "2")
    assert "runs again what was withdrawn. 2 jobs changed." in run("batch", "retry", "2", "--cancelled")


def test_failures_are_retried_by_task_filter_and_with_changes(run: Run, dsn: str) -> None:
    def told(*words: str) -> Any:
        return json.loads(run(*words, "--json"))

    run("batch", "create", "-", "--project", "Tea", stdin=TOPICS)
    batch_id = told("batch", "show", "1")["batch"]["id"]
    fail(dsn, batch_id, "BROKEN")
    assert "1 task of job 1.1 will run again" in run("job", "retry", "1.1", "--task", "script_generation")
    with pytest.raises(NotFound):
        run("job", "retry", "1.2", "--task", "audio_generation/7")
    with pytest.raises(InvalidInput):
        run("job", "retry", "1.2", "--task", "script_generation", "--voice", "en-gb")
    assert told("batch", "retry", "1", "--error-code", "OTHER")["retried_tasks"] == 0
    assert told("batch", "retry", "1", "--stage", "script_generation")["retried_jobs"] == 2
    fail(dsn, batch_id, "BROKEN")
    assert "3 tasks of 3 jobs of Project Tea" in run("project", "retry", "Tea", "--error-code", "BROKEN")
    fail(dsn, batch_id, "BROKEN")
    assert told("tenant", "retry")["retried_tasks"] == 3
    with pytest.raises(Conflict):
        run("job", "retry", "1.1")
    run("job", "cancel", "1.1")
    assert (
        told("job", "retry", "1.1", "--voice", "en-gb", "--platforms", "tiktok,youtube")["retried_tasks"] == 1
    )
    shown = told("job", "show", "1.1")["job"]
    assert shown["platforms"] == ["tiktok", "youtube"]
    run("job", "cancel", "1.2")
    with pytest.raises(InvalidInput) as refused:
        run("job", "retry", "1.2", "--say", "2=Hello")
    assert "before there is a script" in str(refused.value) + str(refused.value.problems)
    with pytest.raises(InvalidInput, match="does not say of which scene"):
        run("job", "retry", "1.2", "--say", "Hello")
    with pytest.raises(InvalidInput, match="not a JSON object"):
        run("job", "retry", "1.2", "--changes", "-", stdin="[]")
    run("job", "retry", "1.2", "--changes", "-", stdin='{"tone": "casual"}')


def test_what_pauses_by_itself_is_looked_at_and_goes_on(run: Run, behind: Database) -> None:
    def told(*words: str) -> Any:
        return json.loads(run(*words, "--json"))

    run("batch", "create", "-", "--pause-after", "script_generation", stdin=TOPICS)
    run("job", "create", "Cocoa", "--pause-after", "audio_generation")
    with psycopg.connect(behind.admin, autocommit=True) as admin:
        Worker(World(behind, admin), slots=10).work()
    assert [job["paused_after"] for job in told("batch", "show", "1")["jobs"]] == ["script_generation"] * 3
    shown = run("batch", "show", "1")
    assert shown.count("to review") == 3
    assert "Next: `cliprow batch resume 1 --reviewed`" in shown
    assert "It paused after audio_generation, to be looked at." in run("job", "show", "2.1")
    assert told("job", "retry", "1.2", "--say", "1=Hello")["retried_tasks"] == 0
    assert told("job", "resume", "1.1")["paused_after"] is None
    assert "Batch 1 goes on with what was looked at. 2 jobs changed." in run(
        "batch", "resume", "1", "--reviewed"
    )
    assert "0 jobs changed" in run("batch", "resume", "1", "--reviewed")
    assert told("job", "show", "2.1")["job"]["paused_after"] == "audio_generation"


def test_what_takes_several_calls_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    class Deployment:
        def __init__(self) -> None:
            self.answers = [
                {"changed_jobs": 10_000, "remaining_jobs": 5},
                {"changed_jobs": 5, "remaining_jobs": 0},
            ]

        def ask(self, _question: object) -> object:
            return self.answers.pop(0)

    assert ask_until_done(Deployment(), None) == {"changed_jobs": 10_005, "remaining_jobs": 0}  # type: ignore[arg-type]
    assert "10,000 jobs done, 5 to go" in capsys.readouterr().err
