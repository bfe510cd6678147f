"""`cliprow prices` and `cliprow budget`, on a database of one's own and on a deployment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cliprow.errors import InvalidInput
from tests.integration.commands import Run, ann, api_url, run

__all__ = ["ann", "api_url", "run"]


def test_prices_and_budgets(run: Run) -> None:
    def told(*words: str) -> Any:
        return json.loads(run(*words, "--json"))

    assert "costs 0.25 EUR" in run("prices", "set", "openai", "call", "0.25", "--currency", "EUR")
    assert "0.25 EUR" in run("prices", "list")
    run("prices", "set", "openai", "call", "none")
    assert told("prices", "list")["prices"] == []
    assert "yours" in run("prices", "rate", "openai", "--requests", "60")
    assert told("prices", "rate")[0]["requests_per_minute"] == 60
    assert "Nothing was paid" in run("prices", "costs")

    assert "no budget" in run("budget", "show")
    assert "exceeded" in run("budget", "set", "0")
    run("batch", "create", "-", stdin='[{"topic": "Sky"}]')
    assert "batch" in run("budget", "set", "2.50", "--batch", "last")
    assert {each["amount"] for each in told("budget", "show")} == {0, 2.5}
    assert told("prices", "costs", "--job", "1.1")["scope"] == "job"
    run("budget", "set", "none")
    assert [each["scope"] for each in told("budget", "show")] == ["batch"]
    assert "lifted" in run("budget", "history")
    assert [each["event"] for each in told("budget", "history")] == ["budget.lifted", "budget.exceeded"]
    assert "Nothing became" in run("budget", "history", "--batch", "last")
    topics = '[{"topic": "Sea"}]'
    assert "Nothing was started" in run("batch", "create", "-", "--budget", "3", "--dry-run", stdin=topics)
    run("batch", "create", "-", "--budget", "3", stdin=topics)
    run("job", "create", "Sun", "--budget", "4.5")
    run("schedule", "create", "Daily", "-", "--cron", "@daily", "--budget", "6", stdin=topics)
    run("schedule", "run", "Daily")
    assert {each["amount"] for each in told("budget", "show")} == {2.5, 3, 4.5, 6}
    with pytest.raises(InvalidInput, match="Only one"):
        run("prices", "costs", "--job", "1.1", "--batch", "last")
