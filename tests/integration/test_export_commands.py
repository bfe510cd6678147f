"""`cliprow batch export` and `batch show`, on a database of one's own and on a deployment."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.integration.commands import Run, ann, api_url, run

__all__ = ["ann", "api_url", "run"]


def test_all_jobs_of_a_batch(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("job_export", "remote.batches", "cli.job_exports"):
        monkeypatch.setattr(f"cliprow.{module}.PAGE_JOBS", 2)
    topics = [f"Topic {n}" for n in range(1, 6)]
    run("batch", "create", "-", stdin=json.dumps([{"topic": topic} for topic in topics]))
    assert [job["topic"] for job in json.loads(run("batch", "export", "--format", "json"))] == topics
    lines = run("batch", "export", "last", "--format", "ndjson").splitlines()
    assert [json.loads(line)["position"] for line in lines] == [1, 2, 3, 4, 5]
    for name in ("jobs.csv", "jobs.jsonl", "jobs.json"):
        run("batch", "export", "--file", str(tmp_path / name))
    with (tmp_path / "jobs.csv").open(newline="") as file:
        assert [row["topic"] for row in csv.DictReader(file)] == topics
    assert len((tmp_path / "jobs.jsonl").read_text().splitlines()) == 5
    assert len(json.loads((tmp_path / "jobs.json").read_text())) == 5

    shown = json.loads(run("batch", "show", "--json"))
    assert [job["topic"] for job in shown["jobs"]] == topics
    assert shown["batch"]["job_count"] == 5
    assert len(json.loads(run("batch", "show", "--json", "--limit", "2"))["jobs"]) == 2
    assert "3 of 5 jobs are listed" in run("batch", "show", "--limit", "3")
    assert "jobs are listed" not in run("batch", "show")
