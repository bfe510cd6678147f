"""Pause, resume, cancel, retry and the dry run, as a command line has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from cliprow import batches
from cliprow.account import LOCAL_EMAIL, Account, open_local_account
from cliprow.cli.dry_run import finish_dry_run
from cliprow.cli.main import cliprow
from cliprow.dry_run import check_batch
from cliprow.errors import CliprowError, Conflict, NotFound
from cliprow.models import Stage
from cliprow.topics import TopicRow, Topics
from tests.cluster import Database

TOPIC: dict[str, object] = {"topic": "Why the sky is blue", "platforms": ["youtube"]}
Run = Callable[..., Result]


@pytest.fixture
def account(database: Database) -> Iterator[Account]:
    account = open_local_account(database.admin)
    yield account
    account.connection.close()


@pytest.fixture
def run(database: Database, account: Account, tmp_path: Path) -> Run:
    """Runs a command against the test's database; what goes wrong is raised."""
    environment = {
        "DATABASE_URL": database.admin,
        "CLIPROW_HOME": str(tmp_path),
        "CLIPROW_USER": LOCAL_EMAIL,
    }

    def _run(*words: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cliprow, words, input=stdin, env=environment)
        if isinstance(result.exception, CliprowError):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return _run


def _batch(account: Account, count: int = 2) -> batches.Batch:
    topics = [TOPIC | {"topic": f"Topic {n}"} for n in range(count)]
    return batches.create_batch(account, batches.find_or_create_project(account, "Channel"), topics)[0]


def _fail(database: Database) -> None:
    """Makes a dead letter of every task, as if each had failed at once."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute(
            "update public.stage_tasks set status = 'processing', attempt_id = gen_random_uuid(),"
            " worker_id = gen_random_uuid(), started_at = now() where status = 'queued'"
        )
        connection.execute(
            "update public.stage_tasks set status = 'failed', error_code = 'BROKEN', error_message = 'It broke.',"
            " completed_at = now() where status = 'processing'"
        )


def test_a_batch_is_paused_resumed_cancelled_and_retried(account: Account, run: Run) -> None:
    made = _batch(account)
    assert "Batch 1 is paused; what runs is finished. 2 jobs changed." in run("batch", "pause", "1").output
    assert "0 jobs changed" in run("batch", "pause", "last").output
    assert batches.get_batch(account, "1").is_paused
    assert "Batch 1 goes on. 2 jobs changed." in run("batch", "resume", str(made.id)).output
    assert "Next: `cliprow batch retry 1`." in run("batch", "cancel", "1").output
    with pytest.raises(Conflict, match="nothing left to pause"):
        run("batch", "pause", "1")
    assert "2 jobs changed" in run("batch", "retry", "1").output
    answer = json.loads(run("batch", "cancel", "1", "--json").output)
    assert (answer["batch"]["status"], answer["changed_jobs"]) == ("cancelled", 2)
    with pytest.raises(NotFound):
        run("batch", "cancel", "7")


def test_a_job_is_paused_resumed_cancelled_and_retried(
    account: Account, run: Run, database: Database
) -> None:
    _batch(account)
    assert "Job 1.2 is paused" in run("job", "pause", "1.2").output
    assert "Job 1.2 goes on" in run("job", "resume", "1.2").output
    assert "Job 1.1 is cancelled" in run("job", "cancel", "1.1").output
    assert batches.get_job(account, "1.2").status == "pending"
    assert "1 task of job 1.1 will run again" in run("job", "retry", "1.1").output
    _fail(database)
    answer = json.loads(run("job", "retry", "1.1", "--stage", "video_generation", "--json").output)
    assert answer["retried_tasks"] == 1
    assert batches.get_job(account, "1.1").generation == 3
    refused = run("job", "retry", "1.1", "--stage", "montage")
    assert refused.exit_code == 2
    assert "audio_generation" in refused.output


def test_an_operator_holds_back_a_stage(account: Account, run: Run, database: Database) -> None:
    _batch(account)
    words = ("ops", "stage", "pause", "script_generation", "--reason", "It is mended.", "--now")
    assert "script_generation is held back; 2 tasks taken back." in run(*words).output
    assert "It is mended." in run("ops", "stage", "list").output
    [script, *_] = json.loads(run("ops", "stage", "list", "--json").output)
    assert (script["waiting_count"], script["queued_count"]) == (2, 0)
    assert "goes on; 2 tasks released." in run("ops", "stage", "resume", "script_generation").output


def test_a_dry_run_prints_what_a_batch_takes_and_starts_nothing(account: Account, run: Run) -> None:
    words = ("batch", "create", "-", "--dry-run", "--project", "Of my own", "--platforms", "youtube,tiktok")
    good = run(*words, stdin="topic,duration_s\nTea,15\nCoffee,30\n")
    assert good.exit_code == 0
    lines = [line.split() for line in good.output.splitlines()]
    assert ["script_generation", "2"] in lines
    assert ["video_generation", "12"] in lines
    assert "2 jobs in about" in good.output
    assert "Cost: 0 USD" in good.output
    with account.acting() as connection:
        assert connection.execute("select count(*) from projects").fetchone() == (0,)
    bad = run(*words, "--json", stdin='[{"topic": "Tea"}, {"topic": ""}, {"topic": "Milk", "tone": "loud"}]')
    assert bad.exit_code == 1
    told = json.loads(bad.stdout)
    assert told["job_count"] == 1
    assert len(told["problems"]) == 2
    assert told["estimate"]["cost"]["amount"] == 0
    assert batches.list_batches(account) == []


def test_what_the_database_alone_finds_is_told_by_line(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    topics = Topics(
        rows=(TopicRow(line=2, topic="Tea"), TopicRow(line=4, topic="Milk")), problems=(), warnings=()
    )
    check = check_batch(account, None, [TOPIC, TOPIC | {"voice": "x" * 101}], {"title": "x" * 201})
    with pytest.raises(SystemExit):
        finish_dry_run(topics, check, as_json=False)
    said = capsys.readouterr().err
    assert "line 4: voice is longer than 100 characters" in said
    assert "options: title is not text of up to 200 characters" in said


def test_the_answer_has_its_types(account: Account) -> None:
    check = check_batch(account, None, [TOPIC, {"topic": ""}])
    assert [(p.row, p.field) for p in check.problems] == [(2, "platforms"), (2, "topic")]
    assert check.job_count == 1
    assert check.estimate.tasks[Stage.POST] == 1
    assert check.estimate.cost.amount == 0
