"""`cliprow brand`, on a database of one's own and on a deployment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from cliprow.account import LOCAL_EMAIL, open_local_account
from cliprow.cli.main import cliprow
from cliprow.errors import CliprowError, InvalidInput
from tests.gateway import Gateway
from tests.integration.commands import Run, ann, api_url
from tests.integration.remote.conftest import Somebody

__all__ = ["ann", "api_url"]
COLOURS = ("#14213d", "#FFFFFF", "#fca311")


@pytest.fixture(params=["own", "deployment"])
def run(request: pytest.FixtureRequest, gateway: Gateway, tmp_path: Path) -> Run:
    """Runs a command there, where files can be stored too; what goes wrong is raised."""
    if request.param == "own":
        open_local_account(gateway.database.admin).connection.close()
        environment = {
            "DATABASE_URL": gateway.database.admin,
            "CLIPROW_USER": LOCAL_EMAIL,
            "SUPABASE_URL": gateway.url,
            "SUPABASE_PUBLISHABLE_KEY": gateway.settings.publishable_key,
            "SUPABASE_SECRET_KEY": gateway.settings.secret_key,
        }
    else:
        somebody: Somebody = request.getfixturevalue("ann")
        (somebody.folder / "cliprow").symlink_to(somebody.folder / "settings")
        environment = {"CLIPROW_API_URL": somebody.api.url, "XDG_CONFIG_HOME": str(somebody.folder)}

    def _run(*words: str, stdin: str | None = None) -> str:
        given = {"CLIPROW_HOME": str(tmp_path / "home"), **environment}
        result = CliRunner().invoke(cliprow, words, input=stdin, env=given)
        if isinstance(result.exception, CliprowError):
            raise result.exception
        assert result.exception is None, (result.exception, result.output)
        return result.output

    return _run


def test_the_brand_of_the_team_and_that_of_a_project(run: Run, tmp_path: Path) -> None:
    def told(*words: str) -> Any:
        return json.loads(run("brand", *words, "--json"))

    assert "of the style" in run("brand", "show")
    made = told("set", "--colours", *COLOURS, "--font", "Lora")
    assert (made["colours"]["text"], made["font"], made["has_logo"]) == ("#ffffff", "Lora", False)
    run("batch", "create", "-", "--project", "Sky", stdin='[{"topic": "Sky"}]')
    assert "the brand of the team" in run("brand", "show", "--project", "Sky")
    picture = tmp_path / "logo.webp"
    Image.new("RGB", (200, 80), "#ff0000").save(picture)
    own = told("set", "--project", "Sky", "--logo", str(picture), "--corner", "top_left", "--font", "none")
    assert (own["is_own"], own["has_logo"], own["logo_corner"], own["font"]) == (True, True, "top_left", None)
    assert own["colours"] == made["colours"], "it begins as that of the team"
    assert told("show")["font"] == "Lora"
    assert not told("set", "--project", "Sky", "--no-logo")["has_logo"]
    assert "brand of its own" in run("brand", "set", "--project", "Sky", "--no-colours")
    assert "the brand of the team" in run("brand", "reset", "Sky")
    assert told("show", "--project", "Sky")["font"] == "Lora"
    with pytest.raises(InvalidInput, match="not installed"):
        run("brand", "set", "--font", "Comic Neue")
    with pytest.raises(InvalidInput, match="contrast"):
        run("brand", "set", "--colours", "#14213d", "#14213e", "#fca311")
    with pytest.raises(InvalidInput, match="Nothing is changed"):
        run("brand", "set")
    (tmp_path / "small.png").write_bytes(b"no picture")
    with pytest.raises(CliprowError):
        run("brand", "set", "--logo", str(tmp_path / "small.png"))
    assert not told("show")["has_logo"]
