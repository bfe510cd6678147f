"""The storage folder: whole files or none, and nothing outside it."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cliprow.errors import InvalidInput, NotFound, Unavailable
from cliprow.files import LEFTOVER_AGE_S, PART_SUFFIX
from cliprow.storage import FolderStorage, Storage, artifact_path, put_artifact

TENANT = "0190f5fe-7c00-7a00-8000-000000000001"
PATH = f"{TENANT}/project/job/clip.mp4"


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "storage" / "media")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(os.urandom(3_000_000))
    return path


@pytest.fixture
def small_disk(clip: Path) -> Iterator[None]:
    """Let no file of this process grow beyond 2 MB, so that storing the clip ends half-way."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def everything(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_was_put_is_fetched(storage: Storage, clip: Path) -> None:
    digest = storage.put(PATH, clip, "video/mp4")
    assert digest == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert storage.exists(PATH)
    assert storage.fetch(PATH).read_bytes() == clip.read_bytes()
    storage.delete(PATH)
    storage.delete(PATH)
    assert not storage.exists(PATH)
    with pytest.raises(NotFound, match="has no file"):
        storage.fetch(PATH)


def test_only_the_owner_may_read(storage: FolderStorage, clip: Path) -> None:
    storage.put(PATH, clip, "video/mp4")
    folders = [storage.root.parent, storage.root, storage.root / TENANT]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
    assert storage.fetch(PATH).stat().st_mode & 0o777 == 0o600


def test_equal_bytes_are_left_and_others_replaced(storage: FolderStorage, clip: Path) -> None:
    storage.put(PATH, clip, "video/mp4")
    before = storage.fetch(PATH).stat()
    storage.put(PATH, clip, "video/mp4")
    assert storage.fetch(PATH).stat().st_ino == before.st_ino
    data = bytearray(clip.read_bytes())
    data[-1] ^= 1
    clip.write_bytes(data)
    storage.put(PATH, clip, "video/mp4")
    assert storage.fetch(PATH).read_bytes() == data


def test_an_artifact_is_named_by_its_bytes(storage: Storage, clip: Path) -> None:
    ref = put_artifact(storage, TENANT, clip, role="video", name="video.mp4", media_type="video/mp4")
    assert ref.path == artifact_path(TENANT, ref.sha256)
    assert ref.size_bytes == 3_000_000
    assert hashlib.sha256(storage.fetch(ref.path).read_bytes()).hexdigest() == ref.sha256


def test_a_damaged_artifact_is_mended_by_storing_it_again(storage: Storage, clip: Path) -> None:
    ref = put_artifact(storage, TENANT, clip, role="video", name="video.mp4", media_type="video/mp4")
    storage.fetch(ref.path).write_bytes(b"damaged")
    put_artifact(storage, TENANT, clip, role="video", name="video.mp4", media_type="video/mp4")
    assert storage.fetch(ref.path).read_bytes() == clip.read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "clip.mp4", f"{TENANT}/../other/clip.mp4", f"{TENANT}//clip.mp4", f"{TENANT}/.hidden",
        f"{TENANT}/a\\b", f"{TENANT}/a\0b", f"{TENANT}/a\nb", f"{TENANT}/" + "é" * 200, f"{TENANT}/" + "a/" * 600 + "b",
    ],
)  # fmt: skip
def test_paths_outside_the_bucket_are_refused(storage: Storage, clip: Path, path: str) -> None:
    for attempt in (
        lambda: storage.put(path, clip, "video/mp4"),
        lambda: storage.fetch(path),
        lambda: storage.exists(path),
        lambda: storage.delete(path),
    ):
        with pytest.raises(InvalidInput) as caught:
            attempt()
        assert caught.value.error_code == "INVALID_STORAGE_PATH"


@pytest.mark.usefixtures("small_disk")
def test_a_write_that_ends_half_way_leaves_nothing(storage: FolderStorage, clip: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        storage.put(PATH, clip, "video/mp4")
    assert caught.value.error_code == "STORAGE_FULL"
    assert caught.value.next_step
    assert everything(storage.root) == []


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    """A real disk of 1 MB, in a mount namespace of the test's own."""
    script = (
        "import os, sys; from pathlib import Path; from cliprow.storage import FolderStorage\n"
        "disk, clip = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "try: FolderStorage(disk / 'media').put('t/clip', clip, 'video/mp4')\n"
        "except Exception as error: print(error.error_code, [str(p) for p in disk.rglob('*') if p.is_file()])\n"
    )
    disk, clip = tmp_path / "disk", tmp_path / "clip"
    disk.mkdir()
    clip.write_bytes(bytes(3_000_000))
    mount = 'mount -t tmpfs -o size=1m none "$1" || exit 77; exec "$2" -c "$3" "$1" "$4"'
    done = subprocess.run(
        [
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
            clip,
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode == 77 or done.stderr.startswith("unshare:"):
        pytest.skip("this system lets nobody mount a small disk")
    assert done.stdout.strip() == "STORAGE_FULL []", done.stderr


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "media").write_text("a file in the folder's place")
    with pytest.raises(Unavailable) as caught:
        FolderStorage(tmp_path / "media").put(PATH, clip, "video/mp4")
    assert caught.value.error_code == "TRANSIENT_STORAGE_FAILURE"
    assert str(tmp_path / "media") in caught.value.message


def test_a_missing_source_is_named(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        storage.put(PATH, tmp_path / "none.mp4", "video/mp4")
    assert caught.value.error_code == "SOURCE_UNREADABLE"


def test_writers_of_the_same_path_do_not_disturb_each_other(storage: FolderStorage, clip: Path) -> None:
    failures: list[BaseException] = []

    def put() -> None:
        try:
            storage.put(PATH, clip, "video/mp4")
        except BaseException as error:  # noqa: BLE001 - a thread hands its failure over
            failures.append(error)

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [path.read_bytes() for path in everything(storage.root)] == [clip.read_bytes()]


def test_what_killed_writers_left_is_swept_a_day_later(storage: FolderStorage, clip: Path) -> None:
    storage.put(PATH, clip, "video/mp4")
    folder = storage.fetch(PATH).parent
    old, new = folder / f".old{PART_SUFFIX}", folder / f".new{PART_SUFFIX}"
    for part in (old, new):
        part.touch()
    long_ago = old.stat().st_mtime - LEFTOVER_AGE_S - 60
    os.utime(old, (long_ago, long_ago))
    storage.put(PATH + "2", clip, "video/mp4")
    assert (old.exists(), new.exists()) == (False, True)
