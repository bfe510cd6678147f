"""One machine serves, another one uses it: sign in, submit topics with a picture, follow them, get the files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import pytest
from PIL import Image

from tests.acceptance.conftest import TOPIC, Home, make_home
from tests.acceptance.served import serving

PASSWORD = "a long enough password"


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[str]:
    """Address of the API of a `cliprow up` with a data folder of its own."""
    with serving(tmp_path / "server") as served:
        yield served.api


@pytest.fixture
def laptop(tmp_path: Path) -> Home:
    """A machine where nothing has happened yet."""
    (tmp_path / "laptop").mkdir()
    return make_home(tmp_path / "laptop")


def test_topics_become_videos_through_the_api_alone(deployment: str, laptop: Home) -> None:
    signed_up = httpx.post(
        f"{deployment}/auth/signup", json={"email": "ann@example.com", "password": PASSWORD}, timeout=30
    )
    assert signed_up.status_code == 201, signed_up.text

    refused = laptop.run(
        "login", "--api", deployment, "--email", "ann@example.com", "--password-stdin", stdin="no\n"
    )
    assert refused.returncode == 1
    assert "Next:" in refused.stderr
    done = laptop.run(
        "login", "--api", deployment, "--email", "ann@example.com", "--password-stdin", stdin=f"{PASSWORD}\n"
    )
    assert done.returncode == 0, done.stderr
    assert "ann@example.com" in done.stdout
    [credentials] = laptop.folder.rglob("credentials.json")
    assert credentials.stat().st_mode & 0o777 == 0o600

    Image.new("RGB", (640, 480), "navy").save(laptop.folder / "sky.png")
    (laptop.folder / "topics.json").write_text(json.dumps([{**TOPIC, "images": ["sky.png"]}]))
    made = laptop.run("batch", "create", "topics.json", "--wait", "--json")
    assert made.returncode == 0, made.stderr
    answer = json.loads(made.stdout)
    assert answer["batch"]["status"] == "completed"
    [folder] = answer["exported"]
    with av.open(str(laptop.folder / folder / "video.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) > 100
    metadata = json.loads((laptop.folder / folder / "metadata.json").read_text())
    assert metadata["topic"] == TOPIC["topic"]

    shown = laptop.run("job", "show", f"{answer['batch']['number']}.1")
    assert shown.returncode == 0, shown.stderr
    assert "post_processing" in shown.stdout
    again = laptop.run("job", "retry", f"{answer['batch']['number']}.1", "--stage", "post_processing")
    assert again.returncode == 0, again.stderr
    assert not (laptop.folder / "home" / "postgres").exists(), "nothing was started on this machine"

    out = laptop.run("logout")
    assert "ann@example.com" in out.stdout
    assert "cliprow login" in laptop.run("whoami").stderr
