"""cliprow.storage.cache: whole files, right ones, and not too many."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cliprow.errors import NotFound, Unavailable
from cliprow.files import LEFTOVER_AGE_S, PART_SUFFIX
from cliprow.storage import artifact_path
from cliprow.storage.cache import IN_USE_S, Cache

TENANT = "0190f5fe-7c00-7a00-8000-000000000001"
PATH = f"{TENANT}/project/job/clip.mp4"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(os.urandom(3_000_000))
    return path


@pytest.fixture
def small_disk(clip: Path) -> Iterator[None]:
    """Let no file of this process grow beyond 2 MB, so that keeping the clip ends half-way."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def everything(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def artifact(file: Path) -> str:
    return artifact_path(TENANT, hashlib.sha256(file.read_bytes()).hexdigest())


def age(file: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(file, (then, then))


def test_what_was_added_is_found_by_its_content_only(cache: Cache, clip: Path) -> None:
    cache.add(artifact(clip), clip)
    found = cache.find(artifact(clip))
    assert found is not None
    assert found.read_bytes() == clip.read_bytes()
    assert found.stat().st_mode & 0o777 == 0o600
    cache.add(PATH, clip)
    assert cache.find(PATH) is None, "what lies at such a path may have been replaced"
    cache.remove(artifact(clip))
    cache.remove(artifact(clip))
    assert cache.find(artifact(clip)) is None


def test_a_damaged_copy_is_thrown_away(cache: Cache, clip: Path) -> None:
    copy = cache.add(artifact(clip), clip)
    copy.write_bytes(b"damaged")
    assert cache.find(artifact(clip)) is None
    assert not copy.exists()


def test_a_source_that_is_not_what_its_name_says_is_refused(cache: Cache, clip: Path) -> None:
    path = artifact(clip)
    clip.write_bytes(b"changed meanwhile")
    with pytest.raises(Unavailable) as caught:
        cache.add(path, clip)
    assert caught.value.error_code == "SOURCE_CHANGED"
    assert everything(cache.root) == []


def test_a_missing_source_is_named(cache: Cache, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        cache.add(PATH, tmp_path / "none.mp4")
    assert caught.value.error_code == "SOURCE_UNREADABLE"


def test_the_least_recently_used_go_first_and_what_is_in_use_stays(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", limit_bytes=1000)
    files = []
    for number in range(5):
        source = tmp_path / f"source{number}"
        source.write_bytes(bytes([number]) * 400)
        files.append(cache.add(artifact(source), source))
    assert all(file.exists() for file in files), "all are in use"
    for number, file in enumerate(files):
        age(file, IN_USE_S * (10 - number))
    used = cache.find(f"{TENANT}/artifacts/{files[0].name}")
    assert used == files[0]
    assert cache.trim() <= 1000
    assert [file.exists() for file in files] == [True, False, False, False, True]


def test_it_is_trimmed_as_it_grows(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", limit_bytes=1000)
    for number in range(30):
        source = tmp_path / "source"
        source.write_bytes(number.to_bytes(4, "big") * 25)
        age(cache.add(artifact(source), source), IN_USE_S + 60 - number)
    assert sum(file.stat().st_size for file in everything(cache.root)) <= 1200


@pytest.mark.usefixtures("small_disk")
def test_a_write_that_ends_half_way_leaves_nothing(cache: Cache, clip: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        cache.add(PATH, clip)
    assert caught.value.error_code == "STORAGE_FULL"
    assert caught.value.next_step
    assert everything(cache.root) == []


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """A real disk of 1 MB, in a mount namespace of the test's own."""
    script = (
        "import os, sys; from pathlib import Path; from cliprow.storage.cache import Cache\n"
        "disk, clip = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "try: Cache(disk / 'media').add('t/clip', clip)\n"
        "except Exception as error: print(error.error_code, [str(p) for p in disk.rglob('*') if p.is_file()])\n"
    )
    disk, clip = tmp_path / "disk", tmp_path / "clip"
    disk.mkdir()
    clip.write_bytes(bytes(3_000_000))
    mount = 'mount -t tmpfs -o size=1m none "$1" || exit 77; exec "$2" -c "$3" "$1" "$4"'
    words: list[str | Path] = [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        mount,
        "sh",
        disk,
        sys.executable,
        script,
    ]
    done = subprocess.run([*words, clip], capture_output=True, text=True)
    if done.returncode == 77 or done.stderr.startswith("unshare:"):
        pytest.skip("this system lets nobody mount a small disk")
    assert done.stdout.strip() == "STORAGE_FULL []", done.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "media").write_text("a file in the folder's place")
    with pytest.raises(Unavailable) as caught:
        Cache(tmp_path / "media").add(PATH, clip)
    assert caught.value.error_code == "TRANSIENT_STORAGE_FAILURE"
    assert str(tmp_path / "media") in caught.value.message


def test_writers_of_the_same_path_do_not_disturb_each_other(cache: Cache, clip: Path) -> None:
    failures: list[BaseException] = []
    path = artifact(clip)

    def add() -> None:
        try:
            cache.add(path, clip)
        except BaseException as error:  # noqa: BLE001 - a thread hands its failure over
            failures.append(error)

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [copy.read_bytes() for copy in everything(cache.root)] == [clip.read_bytes()]


def test_what_killed_writers_left_is_swept_a_day_later(cache: Cache, clip: Path) -> None:
    folder = cache.add(PATH, clip).parent
    old, new = folder / f".old{PART_SUFFIX}", folder / f".new{PART_SUFFIX}"
    for part in (old, new):
        part.touch()
    age(old, LEFTOVER_AGE_S + 60)
    cache.trim()
    assert (old.exists(), new.exists()) == (False, True)
