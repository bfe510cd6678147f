"""`cliprow ops`, on a database of one's own and on a deployment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from cliprow.account import LOCAL_EMAIL, open_local_account
from cliprow.cli.main import cliprow
from cliprow.errors import CliprowError, Conflict, InvalidInput, NotAllowed
from cliprow.models import Stage
from tests.cluster import Database
from tests.gateway import Gateway
from tests.integration.remote.conftest import Somebody, ann, api_url
from tests.sql.world import Worker, World

__all__ = ["ann", "api_url"]
Run = Callable[..., str]


@pytest.fixture(params=["own", "deployment"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Run, World, dict[str, str]]]:
    """Runs a command there, with the database behind it and the environment of its operator."""
    if request.param == "own":
        database: Database = request.getfixturevalue("database")
        open_local_account(database.admin).connection.close()
        environment = {"DATABASE_URL": database.admin, "CLIPROW_USER": LOCAL_EMAIL}
        operator = {"CLIPROW_USER": ""}
    else:
        gateway: Gateway = request.getfixturevalue("gateway")
        somebody: Somebody = request.getfixturevalue("ann")
        (somebody.folder / "cliprow").symlink_to(somebody.folder / "settings")
        environment = {"CLIPROW_API_URL": somebody.api.url, "XDG_CONFIG_HOME": str(somebody.folder)}
        operator = {"SUPABASE_SECRET_KEY": gateway.settings.secret_key}
        database = gateway.database

    def _run(*words: str, stdin: str | None = None, **more: str) -> str:
        given = {"CLIPROW_HOME": str(tmp_path), **environment, **more}
        result = CliRunner().invoke(cliprow, words, input=stdin, env=given)
        if isinstance(result.exception, CliprowError):
            raise result.exception
        assert result.exception is None, (result.exception, result.output)
        return result.output

    with psycopg.connect(database.admin, autocommit=True) as admin:
        world = World(database, admin)
        yield _run, world, operator
        world.close()


def test_letters_audit_workers_queues_and_retention(place: tuple[Run, World, dict[str, str]]) -> None:
    run, world, operator = place

    def told(*words: str, **more: str) -> Any:
        return json.loads(run(*words, "--json", **more))

    topics = '[{"topic": "Sky"}, {"topic": "Sea"}]'
    made = told("batch", "create", "-", "--project", "P", stdin=topics)
    batch = str(made["number"])
    worker = Worker(world, stages=(Stage.SCRIPT,), slots=1000)
    while (claimed := worker.take(Stage.SCRIPT)) is not None:
        if claimed.verdict == "run":
            worker.fail(claimed, code="PROVIDER_BUSY", log="429 Too Many Requests")

    assert "PROVIDER_BUSY" in run("ops", "letters", "list", "--batch", batch)
    assert "replay" in run("ops", "letters", "list", "--count")
    letter = told("ops", "letters", "list", "--code", "PROVIDER_BUSY")[0]
    for everywhere, count in ((letter["batch_id"], 2), ("01900000-0000-7000-8000-000000000000", 0)):
        of_batch = ("ops", "letters", "list", "--everywhere", "--batch", everywhere)
        assert len(told(*of_batch, **operator)) == count
        assert [each["count"] for each in told(*of_batch, "--count", **operator)] == [count] * bool(count)
    name = f"{letter['batch_number']}.{letter['position']}"
    assert "  429 Too Many Requests" in run("ops", "letters", "show", name, letter["task_id"])
    for words in (
        ("replay",),
        ("replay", name),
        ("replay", "--all", "--code", "X"),
        ("discard", "--reason", "R"),
    ):
        with pytest.raises(InvalidInput):
            run("ops", "letters", *words)
    discarded = told("ops", "letters", "discard", name, letter["task_id"], "--reason", "Known")
    assert discarded["discarded_letters"] == 1
    assert len(told("ops", "letters", "list")) == 1
    assert told("ops", "letters", "list", "--discarded")[0]["discarded"]["reason"] == "Known"
    assert told("ops", "letters", "replay", name, letter["task_id"])["retried_tasks"] == 1
    assert told("ops", "letters", "replay", "--all")["retried_tasks"] == 1
    assert "There are no dead letters" in run("ops", "letters", "list")
    assert "replay" in run("ops", "audit", "--entity", "stage_tasks")
    assert len(told("ops", "audit", "--action", "replay", "--limit", "1")) == 1
    assert {entry["door"] for entry in told("ops", "audit", "--action", "replay")} == {"cli"}

    tenant = ("--tenant", letter["tenant_id"])
    assert told("ops", "letters", "list", *tenant, **operator) == []
    assert told("ops", "letters", "replay", "--all", *tenant, **operator)["retried_tasks"] == 0
    assert told("ops", "audit", "--everywhere", "--action", "replay", **operator)
    assert str(worker.id) in run("ops", "workers", **operator)
    assert "draining" in run("ops", "worker", "drain", str(worker.id), **operator)
    assert "script_generation" in run("ops", "queues", **operator)
    assert "for ever" in run("ops", "retention", **operator)
    assert "500 days" in run("ops", "retention", "set", "job_events", "500", **operator)
    assert "within a minute" in run("ops", "retention", "run", **operator)
    assert "costs 0.25 EUR" in run(
        "ops", "prices", "set", "common", "call", "0.25", "--currency", "EUR", **operator
    )
    assert "0.25 EUR" in run("ops", "prices", "list", **operator)
    assert "no price for all" in run("ops", "prices", "set", "common", "call", "none", **operator)
    assert "common" not in run("ops", "prices", "list", **operator)
    assert "60" in run("ops", "prices", "rate", "common", "--requests", "60", **operator)
    assert told("ops", "prices", "rate", **operator)[0]["requests_per_minute"] == 60
    run("ops", "prices", "rate", "common", **operator)
    assert told("ops", "prices", "rate", **operator) == []
    assert "condemned" in run("ops", "gc", **operator)
    assert told("ops", "gc", "--dry-run", **operator)["tenants"] > 0
    worker.leave()
    if "SUPABASE_SECRET_KEY" in operator:
        with pytest.raises(NotAllowed):
            run("ops", "workers")


def test_a_tenant_is_deleted_by_its_owner_and_by_an_operator(
    place: tuple[Run, World, dict[str, str]],
) -> None:
    run, _, operator = place

    def told(*words: str, **more: str) -> Any:
        return json.loads(run(*words, "--json", **more))

    tenant = told("tenant", "show")
    with pytest.raises(Conflict, match="not its name"):
        run("tenant", "delete", stdin="something\n")
    assert tenant["id"] not in run("ops", "tenant", "deleted", **operator)
    deleted = run("tenant", "delete", stdin=f"{tenant['name']}\n")
    assert f"{tenant['name']} is deleted, and its members are out." in deleted
    with pytest.raises(CliprowError):
        run("project", "list")
    assert tenant["id"] in run("ops", "tenant", "deleted", **operator)
    assert "is back" in run("ops", "tenant", "restore", tenant["id"], **operator)
    assert told("tenant", "show")["id"] == tenant["id"]
    with pytest.raises(Conflict):
        run("ops", "tenant", "delete", tenant["id"], stdin="no\n", **operator)
    assert told("ops", "tenant", "delete", tenant["id"], "--yes", **operator)["tenant_id"] == tenant["id"]
    with pytest.raises(CliprowError):
        run("project", "list")
