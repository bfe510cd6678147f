"""Commands, run on a database of one's own and on a deployment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cliprow.account import LOCAL_EMAIL, open_local_account
from cliprow.cli.main import cliprow
from cliprow.errors import CliprowError
from tests.cluster import Database
from tests.integration.remote.conftest import Somebody, ann, api_url

__all__ = ["Run", "ann", "api_url", "run"]
Run = Callable[..., str]


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
