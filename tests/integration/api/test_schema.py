"""Whatever the OpenAPI document allows, and what it does not, is answered without a 5xx."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.api.conftest import Api
from tests.integration.api.process import ApiProcess
from tests.integration.api.test_tenants import bearer, sign_up

#: Not `positive_data_acceptance`: that something exists, and may be done now, is not in the document.
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def owner(api: Api) -> Api:
    """Somebody with a batch of its own."""
    ann, _ = sign_up(api)
    ann.post(
        "/batches",
        {
            "project_id": ann.project()["id"],
            "topics": ["Sky", "Sea"],
            "defaults": {"platforms": ["youtube"]},
        },
    )
    return ann


def viewer(api: Api) -> Api:
    """Somebody who may see all that, and change nothing."""
    ann = owner(api)
    bob, session = sign_up(api)
    asked = {"email": session["user"]["email"], "role": "viewer"}
    bob.post("/invitations/accept", {"token": ann.post("/invitations", asked)["token"]}, expect=200)
    bob.post(f"/tenants/{ann.get('/me')['tenant']['id']}/switch", expect=200)
    renewed = api.post("/auth/refresh", {"refresh_token": session["refresh_token"]}, expect=200)
    bob = replace(bob, headers=bearer(renewed))
    assert bob.get("/me")["role"] == "viewer"
    return bob


@pytest.mark.parametrize("who", [owner, viewer])
def test_no_request_makes_the_api_fail(
    api: Api, api_process: ApiProcess, tmp_path: Path, who: Callable[[Api], Api]
) -> None:
    ann = who(api)
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{api_process.url}/openapi.json"),
            *("--header", f"Authorization: {ann.headers['Authorization']}"),
            *("--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", "8"),
            *("--max-time", "30", "--workers", "1", "--seed", "1", "--no-color"),
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
