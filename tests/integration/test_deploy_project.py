"""deploy/project.py: what of it can be tried without a Supabase account."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from cliprow.local.bootstrap import set_password
from cliprow.local.stack import WORKER
from tests.cluster import PASSWORD, Database

SCRIPT = Path(__file__).parents[2] / "deploy" / "project.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_project", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def database_of_its_own(database: Database) -> Iterator[Database]:
    """Roles belong to the whole cluster: the worker gets back the password that other tests know."""
    yield database
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        set_password(connection, WORKER, PASSWORD)


def test_the_worker_logs_in_with_what_was_written_down(
    script: ModuleType, database_of_its_own: Database, tmp_path: Path
) -> None:
    """As the project's `postgres`, which is no superuser, would do it."""
    admin = database_of_its_own.admin
    script.set_passwords(admin, {WORKER: "a new one with $igns"})
    conninfo = script.as_role(admin, WORKER, "a new one with $igns", "a" * 20)
    script.write_settings(tmp_path / "worker.env", {"DATABASE_URL": conninfo})
    assert (tmp_path / "worker.env").stat().st_mode & 0o777 == 0o600
    read = subprocess.run(
        ["sh", "-c", '. "$1/worker.env"; printf %s "$DATABASE_URL"', "sh", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    with psycopg.connect(read) as connection:
        assert connection.execute("select current_user::text").fetchone() == (WORKER,)
    assert script.read_settings(tmp_path) == {WORKER: "a new one with $igns"}


def test_a_pooler_is_told_the_project_in_the_name_of_the_role(script: ModuleType) -> None:
    ref = "abcdefghijklmnopqrst"
    pooled = f"postgresql://postgres.{ref}:x@aws-0-eu-central-1.pooler.supabase.com:5432/postgres"
    assert conninfo_to_dict(script.as_role(pooled, WORKER, "p", ref))["user"] == f"{WORKER}.{ref}"
    direct = f"postgresql://postgres:x@db.{ref}.supabase.co:5432/postgres"
    assert conninfo_to_dict(script.as_role(direct, WORKER, "p", ref))["user"] == WORKER


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["my-project"], {}, "no project id"),
        (["a" * 20], {}, "DATABASE_URL is not set"),
        (["a" * 20], {"DATABASE_URL": "postgresql://x/y"}, "SUPABASE_ACCESS_TOKEN is not set"),
        (
            ["a" * 20],
            {"DATABASE_URL": "postgresql://x:6543/y", "SUPABASE_ACCESS_TOKEN": "t"},
            "session pooler",
        ),
    ],
)
def test_what_is_missing_is_named_before_anything_is_done(
    arguments: list[str], environment: dict[str, str], said: str
) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "Next:" in done.stderr
