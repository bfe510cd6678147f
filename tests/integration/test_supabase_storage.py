"""Supabase Storage as workers and commands use it, against the gateway: what is stored was checked, whatever happens."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from cliprow.config import Config, SupabaseProject
from cliprow.errors import Cancelled, InvalidInput, NotAllowed, NotFound, Unavailable
from cliprow.local.database import cluster_of
from cliprow.local.gateway.process import GatewayProcess
from cliprow.local.keeper import kept_by
from cliprow.local.ports import free_port
from cliprow.local.stack import Stack, running_stack
from cliprow.storage import artifact_path, put_artifact
from cliprow.storage.cache import Cache
from cliprow.storage.older_files import import_older_files
from cliprow.storage.opening import open_storage
from cliprow.storage.resumable import CHUNK_BYTES, ResumableUpload
from cliprow.storage.supabase import SupabaseStorage, secret_headers
from cliprow.storage.withdrawal import withdrawable
from tests.cutting_proxy import CuttingProxy, cutting_proxy
from tests.gateway import Gateway

#: A little above: three pieces.
LARGE_BYTES = 2 * CHUNK_BYTES + 1000

Make = Callable[..., SupabaseStorage]


@pytest.fixture
def project(gateway: Gateway) -> SupabaseProject:
    settings = gateway.settings
    return SupabaseProject(settings.url, settings.publishable_key, settings.secret_key)


@pytest.fixture
def make(project: SupabaseProject, tmp_path: Path) -> Make:
    """Makes storages, each with a cache of its own, like workers on different machines."""

    def _make(url: str = "", patience_s: float = 20.0) -> SupabaseStorage:
        at = SupabaseProject(url or project.url, project.publishable_key, project.secret_key)
        return SupabaseStorage(at, Cache(tmp_path / f"cache-{uuid.uuid4()}"), patience_s=patience_s)

    return _make


@pytest.fixture
def proxy(gateway: Gateway) -> Iterator[CuttingProxy]:
    with cutting_proxy(gateway.settings.port) as running:
        yield running


@pytest.fixture
def tenant_id() -> str:
    return str(uuid.uuid4())


def new_file(folder: Path, size: int) -> Path:
    file = folder / f"{uuid.uuid4()}.mp4"
    file.write_bytes(os.urandom(size))
    return file


def store(storage: SupabaseStorage, tenant_id: str, file: Path) -> str:
    return put_artifact(storage, tenant_id, file, role="video", name=file.name, media_type="video/mp4").path


def head(project: SupabaseProject, path: str) -> httpx.Headers:
    headers = {"apikey": project.secret_key, "Authorization": f"Bearer {project.secret_key}"}
    answer = httpx.get(f"{project.url}/storage/v1/object/media/{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.headers


@pytest.mark.parametrize("size", [0, 1000, CHUNK_BYTES, LARGE_BYTES])
def test_what_was_stored_is_fetched_on_another_machine(
    size: int, make: Make, tenant_id: str, tmp_path: Path
) -> None:
    file = new_file(tmp_path, size)
    path = store(make(), tenant_id, file)
    other = make()
    assert other.exists(path)
    assert other.fetch(path).read_bytes() == file.read_bytes()
    other.delete(path)
    other.delete(path)
    assert not make().exists(path)
    with pytest.raises(NotFound, match=path) as caught:
        make().fetch(path)
    assert caught.value.error_code == "STORAGE_FILE_MISSING"
    assert caught.value.next_step


@pytest.mark.parametrize("size", [1000, LARGE_BYTES])
def test_artifacts_may_be_kept_by_browsers_for_a_year(
    size: int, make: Make, project: SupabaseProject, tenant_id: str, tmp_path: Path
) -> None:
    headers = head(project, store(make(), tenant_id, new_file(tmp_path, size)))
    assert "max-age=31536000" in headers["cache-control"]
    assert headers["content-type"] == "video/mp4"


def test_what_is_there_already_is_not_sent_again(
    make: Make, proxy: CuttingProxy, tenant_id: str, tmp_path: Path
) -> None:
    file = new_file(tmp_path, LARGE_BYTES)
    store(make(), tenant_id, file)
    proxy.cuts_left, proxy.cut_after_bytes = 1000, 100_000
    store(make(proxy.url), tenant_id, file)
    assert proxy.cuts_left == 1000, "a question, and no file"


def test_other_paths_are_replaced(make: Make, tenant_id: str, tmp_path: Path) -> None:
    storage, path = make(), f"{tenant_id}/project/job/clip.mp4"
    for _ in range(2):
        file = new_file(tmp_path, 1000)
        assert storage.put(path, file, "video/mp4") == hashlib.sha256(file.read_bytes()).hexdigest()
        assert storage.fetch(path).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("size", [2_000_000, LARGE_BYTES])
def test_cut_uploads_go_on(
    size: int, make: Make, proxy: CuttingProxy, tenant_id: str, tmp_path: Path
) -> None:
    file = new_file(tmp_path, size)
    proxy.cuts_left, proxy.cut_after_bytes = 3, min(size // 2, CHUNK_BYTES // 2)
    path = store(make(proxy.url), tenant_id, file)
    assert proxy.cuts_left == 0
    assert make().fetch(path).read_bytes() == file.read_bytes()


def test_an_upload_that_is_wanted_no_more_ends_and_leaves_nothing(
    make: Make, gateway: Gateway, tenant_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, storage = tmp_path / "file", make()
    file.write_bytes(os.urandom(LARGE_BYTES))
    path = artifact_path(tenant_id, hashlib.sha256(file.read_bytes()).hexdigest())
    uploads = Path(gateway.settings.files)
    before = {each for each in uploads.rglob("*") if each.is_file()}
    send = ResumableUpload._send
    with withdrawable() as withdrawn:

        def send_one(upload: ResumableUpload, offset: int) -> int:
            arrived = send(upload, offset)
            withdrawn.set()
            return arrived

        monkeypatch.setattr(ResumableUpload, "_send", send_one)
        with pytest.raises(Cancelled):
            storage.put(path, file, "video/mp4")
    assert not storage.exists(path)
    assert {each for each in uploads.rglob("*") if each.is_file()} <= before
    monkeypatch.undo()
    storage.put(path, file, "video/mp4")
    assert make().fetch(path).read_bytes() == file.read_bytes()


def test_cut_downloads_go_on_where_they_were_cut(
    make: Make, proxy: CuttingProxy, tenant_id: str, tmp_path: Path
) -> None:
    file = new_file(tmp_path, 5_000_000)
    path = store(make(), tenant_id, file)
    proxy.cut_downloads, proxy.cuts_left, proxy.cut_after_bytes = True, 3, 2_000_000
    assert make(proxy.url).fetch(path).read_bytes() == file.read_bytes()
    assert proxy.down_bytes < 5_000_000 + 3 * 2_000_000, "what had arrived was not asked for again"
    assert proxy.cuts_left < 3


@pytest.mark.parametrize("size", [1000, LARGE_BYTES])
def test_bytes_changed_on_the_way_are_noticed_and_not_left_there(
    size: int, make: Make, proxy: CuttingProxy, tenant_id: str, tmp_path: Path
) -> None:
    file = new_file(tmp_path, size)
    file.write_bytes(b"the true bytes" + file.read_bytes())
    proxy.replaced = (b"the true bytes", b"the fake bytes")
    with pytest.raises(Unavailable) as caught:
        store(make(proxy.url), tenant_id, file)
    assert caught.value.error_code == "STORAGE_CHECKSUM"
    path = artifact_path(tenant_id, hashlib.sha256(file.read_bytes()).hexdigest())
    assert not make().exists(path)
    proxy.replaced = None
    store(make(proxy.url), tenant_id, file)


def test_a_file_damaged_in_the_storage_is_named(
    make: Make, gateway: Gateway, tenant_id: str, tmp_path: Path
) -> None:
    file = new_file(tmp_path, 1000)
    path = store(make(), tenant_id, file)
    stored = [each for each in Path(gateway.settings.files).rglob("*") if each.is_file()]
    [damaged] = [each for each in stored if each.read_bytes() == file.read_bytes()]
    damaged.write_bytes(bytes(1000))
    with pytest.raises(NotFound) as caught:
        make().fetch(path)
    assert caught.value.error_code == "STORAGE_FILE_DAMAGED"


def test_a_full_disk_is_named_and_storing_goes_on_when_there_is_room(
    make: Make, gateway: Gateway, tenant_id: str, tmp_path: Path
) -> None:
    file, pid = new_file(tmp_path, 2_000_000), gateway.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1_000_000, limits[1]))  # as a disk that takes no more
    try:
        with pytest.raises(Unavailable) as caught:
            store(make(), tenant_id, file)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
    assert caught.value.error_code == "STORAGE_FULL"
    assert caught.value.next_step
    path = store(make(), tenant_id, file)
    assert make().fetch(path).read_bytes() == file.read_bytes()


def test_a_wrong_key_is_refused_at_once(project: SupabaseProject, tenant_id: str, tmp_path: Path) -> None:
    wrong = SupabaseProject(project.url, project.publishable_key, "sb_secret_wrong")
    storage = SupabaseStorage(wrong, Cache(tmp_path / "cache"))
    with pytest.raises(NotAllowed) as caught:
        store(storage, tenant_id, new_file(tmp_path, 10))
    assert "SUPABASE_SECRET_KEY" in caught.value.next_step
    assert "sb_secret_wrong" not in caught.value.message


def test_a_type_that_the_bucket_does_not_take_is_named(make: Make, tenant_id: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="application/x-unknown"):
        make().put(f"{tenant_id}/a/b", new_file(tmp_path, 10), "application/x-unknown")


def test_a_storage_that_does_not_answer_is_named_when_the_patience_ends(
    make: Make, tenant_id: str, tmp_path: Path
) -> None:
    storage = make(f"http://127.0.0.1:{free_port()}", patience_s=0.5)
    with pytest.raises(Unavailable, match="does not answer") as caught:
        store(storage, tenant_id, new_file(tmp_path, 10))
    assert caught.value.error_code == "TRANSIENT_STORAGE_FAILURE"


def test_paths_outside_the_bucket_are_refused(make: Make, tmp_path: Path) -> None:
    storage, file, path = make(), new_file(tmp_path, 10), "t/../other/clip.mp4"
    for attempt in (
        lambda: storage.put(path, file, "video/mp4"),
        lambda: storage.fetch(path),
        lambda: storage.exists(path),
        lambda: storage.delete(path),
    ):
        with pytest.raises(InvalidInput) as caught:
            attempt()
        assert caught.value.error_code == "INVALID_STORAGE_PATH"


@pytest.mark.parametrize("size", [1000, LARGE_BYTES])
def test_users_add_and_replace_nothing(
    size: int, make: Make, project: SupabaseProject, tenant_id: str, tmp_path: Path
) -> None:
    """Whose storage may not replace: what is there counts if it is the same, and stays if it is not."""
    file, other = new_file(tmp_path, size), new_file(tmp_path, size)
    path = f"{tenant_id}/uploads/{hashlib.sha256(file.read_bytes()).hexdigest()}"
    adding = SupabaseStorage(project, Cache(tmp_path / "cache"), may_replace=False)
    with httpx.Client(headers=secret_headers(project)) as client:
        # As by another way, without the checksum of ours beside it.
        client.post(
            f"{project.url}/storage/v1/object/media/{path}",
            content=file.read_bytes(),
            headers={"Content-Type": "video/mp4"},
        ).raise_for_status()
        assert adding.put(path, file, "video/mp4")
        taken = f"{tenant_id}/project/taken"
        client.post(
            f"{project.url}/storage/v1/object/media/{taken}",
            content=other.read_bytes(),
            headers={"Content-Type": "video/mp4"},
        ).raise_for_status()
    with pytest.raises(Unavailable):
        adding.put(taken, file, "video/mp4")
    assert make().fetch(taken).read_bytes() == other.read_bytes()


def test_what_the_cache_has_lost_is_fetched_again(make: Make, tenant_id: str, tmp_path: Path) -> None:
    file, storage = new_file(tmp_path, 1000), make()
    path = store(storage, tenant_id, file)
    storage.fetch(path).write_bytes(b"damaged")
    assert storage.fetch(path).read_bytes() == file.read_bytes()
    storage.cache.remove(path)
    assert storage.fetch(path).read_bytes() == file.read_bytes()


@pytest.fixture
def config(tmp_path: Path, postgres_bin: Path) -> Iterator[Config]:
    """A data folder of the test's own."""
    config = Config(
        home=tmp_path / "home", postgres_bin=postgres_bin, db_port=free_port(), gateway_port=free_port()
    )
    yield config
    GatewayProcess(config.home).stop()
    if cluster_of(config).exists:
        cluster_of(config).stop()


@pytest.fixture
def stack(config: Config) -> Iterator[Stack]:
    with running_stack(config) as running:
        yield running


def _kill_while_storing(
    config: Config, stack: Stack, tenant_id: str, file: Path, *, keeper_too: bool
) -> SupabaseStorage:
    """Store a file, and kill the gateway as soon as some of it has arrived."""
    storage = open_storage(config, stack)
    process = GatewayProcess(config.home)
    numbers = kept_by(process.lock)
    assert numbers is not None
    uploads = config.home / "storage"

    def kill() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if any(part.stat().st_size > 0 for part in uploads.rglob("*.part")):
                break
        for number in numbers if keeper_too else numbers[1:]:
            os.kill(number, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    path = store(storage, tenant_id, file)
    killer.join()
    now = kept_by(process.lock)
    assert now is not None
    assert now[1] != numbers[1], "the gateway was not killed"
    other = SupabaseStorage(stack.supabase, Cache(config.home / "other"))
    assert other.fetch(path).read_bytes() == file.read_bytes()
    return storage


@pytest.mark.parametrize("keeper_too", [False, True])
def test_an_upload_outlives_the_gateway_being_killed(
    keeper_too: bool, config: Config, stack: Stack, tenant_id: str, tmp_path: Path
) -> None:
    """With its keeper killed too, nobody but the storage's user starts it again."""
    _kill_while_storing(config, stack, tenant_id, new_file(tmp_path, 60_000_000), keeper_too=keeper_too)


def test_files_of_an_older_version_are_still_found(
    config: Config, stack: Stack, tenant_id: str, tmp_path: Path
) -> None:
    older = config.home / "storage" / "media"
    files = {}
    for size in (0, 1000, LARGE_BYTES):
        file = new_file(tmp_path, size)
        path = artifact_path(tenant_id, hashlib.sha256(file.read_bytes()).hexdigest())
        files[path] = file.read_bytes()
        (older / path).parent.mkdir(parents=True, exist_ok=True)
        file.replace(older / path)
    storage = open_storage(config, stack)
    assert not older.exists()
    assert {path: storage.fetch(path).read_bytes() for path in files} == files
    assert import_older_files(older, storage, stack.admin) == 0
