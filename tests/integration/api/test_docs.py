"""The examples of docs/api.md run as they stand."""

from __future__ import annotations

import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.integration.api.conftest import Api
from tests.integration.api.process import ApiProcess

PAGE = Path(__file__).parents[3] / "docs" / "api.md"


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="the examples need curl and jq")
def test_the_examples_run(api_process: ApiProcess, tmp_path: Path) -> None:
    script = "\n".join(re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S))
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={
            "PATH": "/usr/bin:/bin",
            "API": api_process.url,
            "EMAIL": f"{uuid.uuid4()}@example.org",
            "HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert '"role": "owner"' in run.stdout
    assert '"stage": "script_generation"' in run.stdout


def test_the_page_names_routes_that_exist(api: Api) -> None:
    paths = set(api.get("/openapi.json")["paths"]) | {"/docs", "/openapi.json"}
    named = {
        path.partition("?")[0]
        for path in re.findall(
            r"`(?:GET |POST |PATCH |DELETE )?(/[\w/{}?=.]+)`", PAGE.read_text(encoding="utf-8")
        )
    }
    assert named
    assert {path for path in named if path not in paths and path != "/auth"} == set()
