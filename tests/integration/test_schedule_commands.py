"""`cliprow schedule`, `cliprow webhook` and when batches run, on a database of one's own and on a deployment."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cliprow.account import LOCAL_EMAIL, open_local_account
from cliprow.cli.main import cliprow
from cliprow.errors import CliprowError, InvalidInput, NotFound
from tests.cluster import Database
from tests.integration.remote.conftest import Somebody, ann, api_url

__all__ = ["ann", "api_url"]
Run = Callable[..., str]
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
LATER = (datetime.now(UTC) + timedelta(days=2)).isoformat()


@pytest.fixture(params=["own", "deployment"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Runs a command there; what goes wrong is raised."""
    if request.param == "own":
        database: Database = request.getfixturevalue("database")
        open_local_account(database.admin).connection.close()
        environment = {"DATABASE_URL": database.admin, "CLIPROW_USER": LOCAL_EMAIL}
    else:
        somebody: Somebody = request.getfixturevalue("ann")
        (somebody.folder / "cliprow").symlink_to(somebody.folder / "settings")
        environment = {
            "CLIPROW_API_URL": somebody.api.url,
            "XDG_CONFIG_HOME": str(somebody.folder),
        }

    def _run(*words: str, stdin: str | None = None) -> str:
        result = CliRunner().invoke(
            cliprow, words, input=stdin, env={"CLIPROW_HOME": str(tmp_path), **environment}
        )
        if isinstance(result.exception, CliprowError):
            raise result.exception
        assert result.exception is None, (result.exception, result.output)
        return result.output

    return _run


def test_schedules_and_starts(run: Run) -> None:
    topics = '[{"topic": "Sky of {date}"}]'

    def told(*words: str) -> Any:
        return json.loads(run(*words, "--json"))

    with pytest.raises(InvalidInput, match="Nothing says when"):
        run("schedule", "create", "Sky", "-", stdin=topics)
    words = ("schedule", "create", "Sky", "-", "--cron", "30 7 * * *", "--zone", "Europe/Berlin")
    assert "is due next at" in run(*words, stdin=topics)
    assert "30 7 * * *" in run("schedule", "list")
    assert "by hand" not in run("schedule", "show", "Sky")
    run("schedule", "change", "Sky", "--cron", "@hourly")
    run("schedule", "pause", "Sky")
    assert told("schedule", "list")[0]["paused_at"]
    run("schedule", "resume", "Sky")
    batch = told("schedule", "run", "Sky")["batch_id"]
    shown = told("schedule", "show", "Sky", "--count", "3")
    assert (len(shown["upcoming"]), shown["runs"][0]["batch_id"]) == (3, batch)
    assert "by hand" in run("schedule", "show", "Sky")
    run("schedule", "delete", "Sky")
    with pytest.raises(NotFound):
        run("schedule", "show", "Sky")

    run(
        "batch",
        "create",
        "-",
        "--at",
        TOMORROW,
        "--after",
        batch,
        "--deadline",
        LATER,
        "--warn",
        stdin=topics,
    )
    assert "begins at" in run("batch", "start", "last", "--at", TOMORROW)
    moved = told("batch", "deadline", "last")
    assert (moved["deadline"], bool(moved["starts_at"]), bool(moved["blocked_at"])) == (None, True, True)
    assert "must have ended at" in run("batch", "deadline", "last", LATER, "--cancel")
    assert "may begin" in run("batch", "start", "last")


def test_webhooks(run: Run) -> None:
    def told(*words: str) -> Any:
        return json.loads(run(*words, "--json"))

    url = "https://example.org/hook"
    assert "Secret: whsec_" in run("webhook", "create", url, "--event", "job.ended")
    assert url in run("webhook", "list")
    assert "Secret: whsec_" in run("webhook", "secret", url)
    run("webhook", "test", url)
    [delivery] = told("webhook", "deliveries", url)
    assert "webhook.test" in run("webhook", "deliveries", url, "--status", "pending")
    assert "not called" in run("webhook", "change", url, "--off")
    run("webhook", "change", url, "--on")
    assert told("webhook", "redeliver", url)["deliveries"] == 1
    assert told("webhook", "redeliver", url, delivery["id"])["deliveries"] == 1
    run("webhook", "delete", url)
    assert told("webhook", "list") == []
