"""cliprow.local.checks: what `doctor` says about the database."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

from cliprow.config import Config
from cliprow.local.checks import Check, checks
from cliprow.local.ports import HOST
from tests.cluster import Database


def _by_name(config: Config) -> dict[str, Check]:
    return {check.name: check for check in checks(config)}


def test_all_is_well_on_this_machine_and_nothing_is_made(tmp_path: Path, postgres_bin: Path) -> None:
    found = _by_name(Config(home=tmp_path / "home", postgres_bin=postgres_bin))
    assert set(found) == {
        *("data folder", "disk space", "Postgres", "Postgres user"),
        *("database port", "gateway port", "gateway options"),
    }
    assert [check for check in found.values() if not check.ok and check.name != "disk space"] == []
    assert not (tmp_path / "home").exists()


def test_every_failure_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("cliprow.local.checks.MIN_FREE_BYTES", 10**18)
    found = _by_name(Config(home=tmp_path / "file" / "home", postgres_bin=tmp_path / "nowhere"))
    for name in ("data folder", "disk space", "Postgres"):
        assert not found[name].ok, name
        assert found[name].next_step, name


def test_a_taken_port_matters_only_when_the_user_insists_on_it(tmp_path: Path, postgres_bin: Path) -> None:
    with closing(socket.create_server((HOST, 0))) as other:
        taken = other.getsockname()[1]
        insists = Config(home=tmp_path, postgres_bin=postgres_bin, db_port=taken)
        assert not _by_name(insists)["database port"].ok
        (tmp_path / "stack.json").write_text(f'{{"db_port": {taken}}}')
        prefers = Config(home=tmp_path, postgres_bin=postgres_bin)
        assert _by_name(prefers)["database port"].ok


def test_the_gateways_port_and_options_are_looked_at(tmp_path: Path, postgres_bin: Path) -> None:
    (tmp_path / "gateway.json").write_text('{"access_token_s": "soon"}')
    with closing(socket.create_server((HOST, 0))) as other:
        insists = Config(home=tmp_path, postgres_bin=postgres_bin, gateway_port=other.getsockname()[1])
        found = _by_name(insists)
    assert "CLIPROW_GATEWAY_PORT" in found["gateway port"].next_step
    assert "access_token_s" in found["gateway options"].detail


def test_a_real_project_is_asked_for_its_migrations(
    tmp_path: Path, database: Database, bare_database: Database
) -> None:
    migrated = _by_name(Config(home=tmp_path, database_url=database.admin))
    assert migrated["migrations"].ok
    assert "SUPABASE_URL" in migrated["API keys"].detail
    bare = _by_name(Config(home=tmp_path, database_url=bare_database.admin))
    assert bare["database"].ok
    assert bare["migrations"].next_step == "Run `cliprow db migrate`."


def test_a_project_that_does_not_answer_is_named(tmp_path: Path) -> None:
    found = _by_name(Config(home=tmp_path, database_url=f"postgresql://me:hidden@{HOST}:1/postgres"))
    assert not found["database"].ok
    assert HOST in found["database"].detail
    assert "hidden" not in found["database"].detail
