"""Whatever the OpenAPI document allows, and what it does not, is answered without a 5xx."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.integration.api.conftest import Api
from tests.integration.api.process import ApiProcess
from tests.integration.api.test_tenants import sign_up

#: Not `positive_data_acceptance`: that something exists, and may be done now, is not in the document.
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_no_request_makes_the_api_fail(api: Api, api_process: ApiProcess, tmp_path: Path) -> None:
    ann, _ = sign_up(api)
    ann.post(
        "/batches",
        {
            "project_id": ann.project()["id"],
            "topics": ["Sky", "Sea"],
            "defaults": {"platforms": ["youtube"]},
        },
    )
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{api_process.url}/openapi.json"),
            *("--header", f"Authorization: {ann.headers['Authorization']}"),
            *("--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "8"),
            *("--max-time", "60", "--workers", "2", "--seed", "1", "--no-color"),
            *("--request-timeout", "10", "--generation-database", "none"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    failures = run.stdout.partition(" FAILURES ")[2].partition(" WARNINGS ")[0]
    assert run.returncode == 0, failures or run.stdout + run.stderr
    _, raised, rest = api_process.log.read_text().partition("Traceback")
    assert not raised, rest[:6000]
