"""supabase-js, as published, calls functions and reads tables here."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.gateway import Gateway
from tests.integration.gateway.rest.conftest import Person

SCRIPT = Path(__file__).parents[1] / "js" / "rest.mjs"
ROOT = Path(__file__).parents[4]

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.skipif(
        not (ROOT / "node_modules" / "@supabase" / "supabase-js").exists(), reason="`npm install` has not run"
    ),
]


def test_functions_and_tables_answer(anna: Person, gateway: Gateway, notes: list[int]) -> None:
    done = subprocess.run(
        ["node", str(SCRIPT), gateway.url, gateway.settings.publishable_key, anna.token],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "add": {"data": 11, "status": 200},
        "got": {"data": 3, "status": 200},
        "nothing": {"data": None, "status": 204},
        "rows": {"data": [{"n": 3, "square": 9}], "status": 200, "count": 1},
        "counted": {"data": None, "status": 200, "count": 5},
        "single": {"data": {"n": 1, "square": 1}, "status": 200},
        "failed": {"data": None, "status": 400, "code": "CR002"},
        "missing": {"data": None, "status": 404, "code": "PGRST202"},
        "forbidden": {"data": None, "status": 403, "code": "42501"},
        "anonymous": {"data": None, "status": 401, "code": "42501"},
        "notes": {
            "data": [{"title": "one", "name": "one"}, {"title": "three, four", "name": "three, four"}],
            "status": 200,
            "count": 2,
        },
        "page": {"data": [{"title": '"quoted"'}, {"title": None}], "status": 200},
        "one": {"data": {"title": "one"}, "status": 200},
        "none": {"data": None, "status": 200},
        "several": {"data": None, "status": 406, "code": "PGRST116"},
        "head": {"data": None, "status": 200, "count": 6},
        "unknown": {"data": None, "status": 404, "code": "PGRST205"},
        "embedded": {"data": None, "status": 501, "code": "0A000"},
        "inserted": {"data": None, "status": 501, "code": "0A000"},
        "schema": {"data": None, "status": 406, "code": "PGRST106"},
    }
