"""supabase-js and tus-js-client, as published, work with files here."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.gateway import Gateway
from tests.integration.gateway.storage.conftest import Person

SCRIPT = Path(__file__).parents[1] / "js" / "storage.mjs"
ROOT = Path(__file__).parents[4]

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.skipif(
        not (ROOT / "node_modules" / "tus-js-client").exists(), reason="`npm install` has not run"
    ),
]


def run(scenario: str, gateway: Gateway, token: str, folder: str) -> Any:
    """What the script saw."""
    done = subprocess.run(
        ["node", str(SCRIPT), scenario, gateway.url, gateway.settings.publishable_key, token, folder],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_files_go_up_and_come_down_in_every_form(anna: Person) -> None:
    seen = run("files", anna.gateway, anna.token, anna.tenant_id)
    assert seen == {
        "blob": 36,
        "raw": 36,
        "form": "form",
        "stream": {"by": "stream"},
        "twice": {
            "name": "StorageApiError",
            "status": 400,
            "statusCode": "409",
            "message": "The resource already exists",
        },
        "replaced": "replaced",
        "upserted": "upserted",
        "info": {
            "size": 3,
            "contentType": "application/x-raw",
            "cacheControl": "max-age=3600",
            "name": len(anna.path("notes/raw.bin")),
        },
        "exists": [True, False],
        "listed": [["notes", None]],
        "names": ["stream.txt", "raw.bin", "hello.txt", "form.txt"],
        "searched": ["raw.bin"],
        "page": ["hello.txt", "raw.bin"],
        "missing": {
            "name": "StorageApiError",
            "status": 400,
            "statusCode": "404",
            "message": "Object not found",
        },
    }


def test_long_folders_are_listed_from_a_cursor(anna: Person) -> None:
    seen = run("listedFrom", anna.gateway, anna.token, anna.tenant_id)
    names = {name: anna.path(name) for name in ("a/", "b", "c/", "d")}
    assert seen["seen"] == [
        [[names["a/"]], [names["b"]]],
        [[names["c/"]], [names["d"]]],
    ]
    assert seen["all"] == [anna.path(name) for name in ("d", "c/1", "b", "a/2", "a/1")]
    assert not seen["more"]


def test_files_move_and_go(anna: Person) -> None:
    seen = run("moved", anna.gateway, anna.token, anna.tenant_id)
    assert seen["copied"]
    assert seen["removed"] == [anna.path("two")]
    assert seen["left"] == ["three"]
    assert seen["none"]["message"] == "Object not found"


def test_links_stand_for_rights(anna: Person) -> None:
    seen = run("signed", anna.gateway, anna.token, anna.tenant_id)
    name = "my%20name.txt"
    assert seen["one"] == [200, "hello", f"attachment; filename={name}; filename*=UTF-8''{name}"]
    missing = "Either the object does not exist or you do not have access to it"
    assert seen["many"] == ["hello", missing, None]
    assert seen["up"] == [anna.path("up.txt"), "up"]
    assert seen["again"]["statusCode"] == "409"
    assert seen["missing"]["message"] == "Object not found"


def test_large_files_arrive_in_pieces(anna: Person) -> None:
    seen = run("resumable", anna.gateway, anna.token, anna.tenant_id)
    assert seen["progress"] == [6 << 20, 6 << 20, 15_000_000 - (12 << 20)]
    assert seen["info"] == [15_000_000, "video/mp4", "max-age=31536000"]
    assert seen["same"]
    assert (seen["refused"], seen["replaced"]) == (409, "x")


def test_an_upload_goes_on_where_it_stopped(anna: Person) -> None:
    seen = run("resumed", anna.gateway, anna.token, anna.tenant_id)
    assert seen == {"accepted": [12 << 20, 13_000_000], "size": 13_000_000}


def test_pieces_may_come_by_a_link(anna: Person) -> None:
    assert run("signedResumable", anna.gateway, anna.token, anna.tenant_id) == {"text": "by link"}


def test_buckets_are_made_and_limited(anna: Person) -> None:
    seen = run("buckets", anna.gateway, anna.gateway.settings.secret_key, anna.tenant_id[:8])
    assert seen["made"] == [True, 1_000_000, ["text/*"], "STANDARD"]
    assert not seen["listed"]
    assert (seen["image"]["statusCode"], seen["large"]["statusCode"]) == ("415", "413")
    assert seen["open"] == [200, "x"]
    assert seen["closed"] == 400
    assert (seen["full"]["statusCode"], seen["gone"]["statusCode"]) == ("409", "404")
