"""`cliprow schedule`, `cliprow webhook` and when batches run, on a database of one's own and on a deployment."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cliprow.errors import InvalidInput, NotFound
from tests.integration.commands import Run, ann, api_url, run

__all__ = ["ann", "api_url", "run"]
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
LATER = (datetime.now(UTC) + timedelta(days=2)).isoformat()


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
