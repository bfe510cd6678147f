"""Many at once, crashes, and large files: nobody sees half a file, and nothing is left behind."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from cliprow.files import LEFTOVER_AGE_S
from cliprow.local.gateway.keys import Keyring
from cliprow.local.gateway.services import Services
from cliprow.local.gateway.storage.part import StoragePart
from cliprow.local.gateway.storage.resumable import EXPIRY_S
from tests.gateway import Gateway
from tests.integration.gateway.storage.conftest import Person
from tests.integration.gateway.storage.test_resumable import begin, send

LARGE = 500 << 20


def versions(gateway: Gateway) -> set[str]:
    """Contents on the disk."""
    return {path.name for path in (Path(gateway.settings.files) / "objects").glob("*/*")}


def named(gateway: Gateway, path: str) -> str:
    """The content that a file's row names."""
    with psycopg.connect(gateway.database.superuser) as connection:
        row = connection.execute("select version from storage.objects where name = %s", [path]).fetchone()
    assert row is not None
    return str(row[0])


def test_of_two_writers_one_wins_wholly(anna: Person) -> None:
    path = anna.path("contended.bin")
    contents = [bytes([number]) * 500_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda data: anna.http.post(
                    f"/object/tests/{path}", content=data, headers={"x-upsert": "true"}
                ),
                contents,
            )
        )
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.json()["Id"] for answer in answers}) == 1
    got = anna.http.get(f"/object/tests/{path}")
    assert got.content in contents
    assert got.headers["ETag"] == f'"{hashlib.md5(got.content).hexdigest()}"'


def test_of_many_who_make_one_file_the_first_does(anna: Person) -> None:
    path = anna.path("first.bin")
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda number: anna.http.post(f"/object/tests/{path}", content=bytes([number]) * 100_000),
                range(8),
            )
        )
    won = [number for number, answer in enumerate(answers) if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.json().get("code") for answer in answers} == {None, "KeyAlreadyExists"}
    assert anna.storage.from_("tests").download(path) == bytes([won[0]]) * 100_000


def test_a_reader_sees_one_content_or_the_other(anna: Person) -> None:
    url = f"/object/tests/{anna.path('changing.bin')}"
    anna.http.post(url, content=b"\0" * 300_000).raise_for_status()
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number = (number + 1) % 256
            anna.http.put(url, content=bytes([number]) * 300_000).raise_for_status()

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write) for _ in range(2)]
        try:
            with anna.http as http:
                for _ in range(150):
                    got = http.get(url)
                    assert got.status_code == 200
                    assert len(got.content) == 300_000
                    assert len(set(got.content)) == 1
        finally:
            stop.set()
        for writer in writers:
            writer.result()


def test_a_download_goes_on_while_its_file_is_replaced_and_removed(anna: Person) -> None:
    url = f"/object/tests/{anna.path('gone.bin')}"
    data = os.urandom(8 << 20)
    anna.http.post(url, content=data).raise_for_status()
    with anna.http.stream("GET", url) as answer:
        body = answer.iter_bytes(1 << 16)
        first = next(body)
        anna.http.put(url, content=b"new").raise_for_status()
        anna.http.delete(url).raise_for_status()
        assert first + b"".join(body) == data


def test_what_is_replaced_or_removed_leaves_the_disk(anna: Person, gateway: Gateway) -> None:
    """By the names of contents: other files of this gateway come and go, and some are left to the sweep."""
    bucket = anna.storage.from_("tests")
    seen: list[str] = []

    def made(*names: str) -> list[str]:
        """The contents that these rows name, all of them on the disk; what was there before is not."""
        found = [named(gateway, anna.path(name)) for name in names]
        assert set(found) <= versions(gateway)
        assert not (set(seen) - set(found)) & versions(gateway)
        seen.extend(found)
        return found

    bucket.upload(anna.path("a"), b"1")
    made("a")
    bucket.update(anna.path("a"), b"2")
    [first] = made("a")
    bucket.copy(anna.path("a"), anna.path("b"))
    assert len(set(made("a", "b"))) == 2
    bucket.move(anna.path("b"), anna.path("c"))
    assert made("a", "c")[0] == first
    bucket.remove([anna.path("a")])
    made("c")
    assert bucket.download(anna.path("c")) == b"2"
    bucket.remove([anna.path("c")])
    assert made() == []
    assert len(set(seen)) >= 3


def test_an_upload_that_breaks_off_leaves_nothing(anna: Person, gateway: Gateway) -> None:
    before = {path for path in Path(gateway.settings.files).rglob("*") if path.is_file()}

    def breaking() -> Iterator[bytes]:
        yield b"x" * 3_000_000
        raise ConnectionError

    with pytest.raises(ConnectionError):
        anna.http.post(f"/object/tests/{anna.path('broken')}", content=breaking())
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if {path for path in Path(gateway.settings.files).rglob("*") if path.is_file()} <= before:
            break
        time.sleep(0.05)
    else:
        pytest.fail("a part of the file stayed")
    assert not anna.storage.from_("tests").exists(anna.path("broken"))


def _sweep(gateway: Gateway) -> None:
    """Start as the gateway does, and stop after one round."""

    async def start_and_stop() -> None:
        storage = StoragePart(Services(gateway.settings, Keyring(gateway.settings)))
        await storage.start()
        try:
            await storage.sweep()
        finally:
            await storage.stop()

    asyncio.run(start_and_stop())


def test_leftovers_of_a_killed_server_are_swept(anna: Person, gateway: Gateway) -> None:
    anna.storage.from_("tests").upload(anna.path("kept"), b"kept")
    root, old = Path(gateway.settings.files), time.time() - LEFTOVER_AGE_S - 60
    orphan, young = (root / "objects" / name[:2] / name for name in (str(uuid.uuid4()), str(uuid.uuid4())))
    part, upload = (
        orphan.parent / f".{uuid.uuid4().hex}.part",
        root / "uploads" / f"{uuid.uuid4()}.part",
    )
    for path in (orphan, young, part, upload):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_bytes(b"x")
        path.chmod(0o600)
        if path is not young:
            os.utime(path, (old, old))
    for path in (root / "objects").glob("*/*"):
        if path != young:
            os.utime(path, (old, old))
    others = set((root / "uploads").glob("*.json"))
    location = begin(anna, anna.path("late"), 6).headers["Location"]
    send(anna, location, 0, b"abc")
    [state] = set((root / "uploads").glob("*.json")) - others

    _sweep(gateway)
    assert [path.exists() for path in (orphan, part, upload)] == [False] * 3
    assert young.exists()
    assert state.exists()
    assert send(anna, location, 3, b"def").status_code == 204
    with pytest.MonkeyPatch.context() as patch:
        later = time.time() + EXPIRY_S + 60
        patch.setattr(time, "time", lambda: later)
        _sweep(gateway)
    assert set((root / "uploads").glob("*")) == set()
    assert anna.storage.from_("tests").download(anna.path("kept")) == b"kept"
    assert anna.storage.from_("tests").download(anna.path("late")) == b"abcdef"


def test_a_full_disk_is_said_and_leaves_nothing(anna: Person, gateway: Gateway) -> None:
    """A limit on the size of files is to the server what a full disk is."""
    process = psutil.Process(gateway.process.pid)
    before = {path for path in Path(gateway.settings.files).rglob("*") if path.is_file()}
    location = begin(anna, anna.path("large.bin"), 8 << 20).headers["Location"]
    limits = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (4 << 20, limits[1]))
    try:
        plain = anna.http.post(f"/object/tests/{anna.path('plain.bin')}", content=b"x" * (5 << 20))
        piece = send(anna, location, 0, b"x" * (8 << 20))
    finally:
        process.rlimit(psutil.RLIMIT_FSIZE, limits)
    assert (plain.status_code, piece.status_code) == (507, 507)
    assert plain.json()["message"] == piece.text == "The disk of the storage is full; free some space"
    assert not anna.storage.from_("tests").exists(anna.path("plain.bin"))
    # What had arrived of the resumable one is kept, and it goes on once there is space.
    seen = anna.http.head(location, headers={"Tus-Resumable": "1.0.0"})
    offset = int(seen.headers["Upload-Offset"])
    assert send(anna, location, offset, b"x" * ((8 << 20) - offset)).status_code == 204
    assert anna.storage.from_("tests").download(anna.path("large.bin")) == b"x" * (8 << 20)
    anna.storage.from_("tests").remove([anna.path("large.bin")])
    after = {path for path in Path(gateway.settings.files).rglob("*") if path.is_file()}
    assert {path.suffix for path in after - before} <= {".json"}


def test_only_the_owner_of_the_process_reads_the_files(anna: Person, gateway: Gateway) -> None:
    anna.storage.from_("tests").upload(anna.path("private"), b"private")
    begin(anna, anna.path("upload"), 6)
    for path in Path(gateway.settings.files).rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_memory_stays_flat_however_large_a_file_is(anna: Person, gateway: Gateway) -> None:
    """Half a gigabyte in one piece, up and down."""
    process = psutil.Process(gateway.process.pid)
    chunk = os.urandom(1 << 20)
    stop, peak = threading.Event(), 0

    def watch() -> int:
        highest = 0
        while not stop.wait(0.05):
            highest = max(highest, process.memory_info().rss)
        return highest

    before = process.memory_info().rss
    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            location = begin(anna, anna.path("large.mp4"), LARGE, contentType="video/mp4").headers["Location"]
            with httpx.Client(headers=anna.headers, timeout=300) as http:
                sent = http.patch(
                    location,
                    headers={
                        "Tus-Resumable": "1.0.0",
                        "Upload-Offset": "0",
                        "Content-Type": "application/offset+octet-stream",
                    },
                    content=(chunk for _ in range(LARGE >> 20)),
                )
                assert sent.status_code == 204, sent.text
                received = hashlib.md5()
                with http.stream(
                    "GET", f"{gateway.url}/storage/v1/object/tests/{anna.path('large.mp4')}"
                ) as answer:
                    for data in answer.iter_raw():
                        received.update(data)
                etag = answer.headers["ETag"]
                # A client that stops reading makes the server wait, not remember.
                with http.stream(
                    "GET", f"{gateway.url}/storage/v1/object/tests/{anna.path('large.mp4')}"
                ) as slow:
                    next(slow.iter_raw())
                    time.sleep(1)
        finally:
            stop.set()
        peak = watching.result()
    assert etag == f'"{received.hexdigest()}"'
    assert peak - before < 60 << 20, f"{(peak - before) >> 20} MiB more than before"
    anna.storage.from_("tests").remove([anna.path("large.mp4")])
