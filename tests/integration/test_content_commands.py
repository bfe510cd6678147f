"""`cliprow content` and `cliprow library`, on a database of one's own and on a deployment; and their routes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.types.json import Jsonb

from cliprow.account import LOCAL_EMAIL, open_local_account
from cliprow.cli.main import cliprow
from cliprow.errors import CliprowError, NotFound
from tests.cluster import Database
from tests.integration.remote.conftest import Somebody, ann, api_url

__all__ = ["ann", "api_url"]


@pytest.fixture(params=["own", "deployment"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, str], Database]:
    """What a command's environment says of the deployment, and its database."""
    if request.param == "own":
        database: Database = request.getfixturevalue("database")
        open_local_account(database.admin).connection.close()
        environment = {"DATABASE_URL": database.admin, "CLIPROW_USER": LOCAL_EMAIL}
    else:
        somebody: Somebody = request.getfixturevalue("ann")
        (somebody.folder / "cliprow").symlink_to(somebody.folder / "settings")
        environment = {"CLIPROW_API_URL": somebody.api.url, "XDG_CONFIG_HOME": str(somebody.folder)}
        database = request.getfixturevalue("gateway").database
    return {"CLIPROW_HOME": str(tmp_path), **environment}, database


def test_content_and_library(place: tuple[dict[str, str], Database]) -> None:
    environment, database = place

    def told(*words: str) -> Any:
        result = CliRunner().invoke(cliprow, [*words, "--json"], env=environment)
        if isinstance(result.exception, CliprowError):
            raise result.exception
        assert result.exception is None, (result.exception, result.output)
        return json.loads(result.output)

    made = json.loads(
        CliRunner()
        .invoke(cliprow, ["batch", "create", "-", "--json"], input='[{"topic": "Tea"}]', env=environment)
        .output
    )
    key, item = "a" * 64, _add_content(database, made["id"], "a" * 64)

    assert told("content", "gc", "--dry-run")["unreferenced"]["artifacts"] == 2
    assert told("content", "verify", key, "--no-wait")["waiting"] == 1
    assert told("content", "health")["artifacts"] == 2
    said = CliRunner().invoke(cliprow, ["content", "health"], env=environment).output
    assert "None was checked yet; 1 never, 1 waiting for a check." in said
    [damaged] = told("content", "damaged")
    assert (damaged["content_key"], damaged["jobs"]) == ("b" * 64, [])
    assert told("content", "repair")["retried_jobs"] == 0
    with pytest.raises(NotFound):
        told("content", "repair", key)
    assert told("content", "stats", "--by", "day") == []
    assert told("content", "gc")["condemned_now"] == 2

    assert told("library", "add-version", item, "--narration", "Second.")["number"] == 2
    assert [v["voiceover_text"] for v in told("library", "versions", item)] == ["Second.", "First."]
    assert told("library", "uses", item) == []
    assert told("library", "curate", "--dry-run", "--promote-at", "8")["policy"]["promote_at"] == 8
    assert told("library", "curate")["changes"] == []


def _add_content(database: Database, batch_id: str, key: str) -> str:
    """A sound and a damaged artifact, and an item of the library, in the tenant of a batch; returns the item's id."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        row = connection.execute(
            "select tenant_id, project_id from public.batches where id = %s", [batch_id]
        ).fetchone()
        assert row is not None
        tenant_id, project_id = row
        for each, status in ((key, "ready"), ("b" * 64, "damaged")):
            connection.execute(
                "insert into public.artifacts (tenant_id, content_key, stage, stage_version, status, attempt_id, job_id,"
                " task_id, facts, files, ready_at, damaged_at) values (%s, %s, 'audio_generation', '1', %s,"
                " gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '{}', %s, now(),"
                " case %s when 'damaged' then now() end)",
                [tenant_id, each, status, Jsonb([{"path": f"{tenant_id}/artifacts/{each}"}]), status],
            )
        item = connection.execute(
            "with script as ("
            " insert into public.scripts (tenant_id, project_id, content)"
            " values (%(tenant)s, %(project)s, '{}') returning id"
            ") insert into public.scenes (tenant_id, script_id, scene_number, duration, voiceover_text, visual_description)"
            " select %(tenant)s, id, 1, 5, 'First.', 'A cup' from script returning id",
            {"tenant": tenant_id, "project": project_id},
        ).fetchone()
        assert item is not None
        added = connection.execute(
            "insert into public.content_library (tenant_id, scene_id) values (%s, %s) returning id",
            [tenant_id, item[0]],
        ).fetchone()
        assert added is not None
        return str(added[0])
