"""One embedded cluster: as whom it runs, what it lets in, and how it comes back after a crash."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cliprow.errors import CliprowError, Conflict, MissingDependency, Unavailable
from cliprow.local.identity import candidates
from cliprow.local.ports import HOST, PortTaken, free_port, listens
from cliprow.local.postgres import SUPERUSER, Cluster
from cliprow.local.stack import url

PASSWORD = "correct horse"


@pytest.fixture
def cluster(tmp_path: Path, postgres_bin: Path) -> Iterator[Cluster]:
    """A cluster not yet made, in a folder of mode 0700."""
    tmp_path.chmod(0o700)
    cluster = Cluster(
        data=tmp_path / "postgres", log=tmp_path / "logs" / "postgres.log", programs=postgres_bin
    )
    yield cluster
    if cluster.exists:
        cluster.stop()


@pytest.fixture
def running(cluster: Cluster) -> Cluster:
    """A cluster that runs."""
    cluster.create(PASSWORD)
    cluster.start(free_port())
    return cluster


def _url(cluster: Cluster, password: str = PASSWORD) -> str:
    port = cluster.port()
    assert port is not None
    return url(SUPERUSER, password, port)


def _one(cluster: Cluster, text: str) -> object:
    with psycopg.connect(_url(cluster), autocommit=True) as connection:
        row = connection.execute(text.encode()).fetchone()
    return row[0] if row else None


def _keep_an_answer(cluster: Cluster) -> None:
    with psycopg.connect(_url(cluster), autocommit=True) as connection:
        connection.execute("create table kept as select 42 as answer")


def _wait_for(cluster: Cluster, other_than: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if cluster.server_pid() != other_than and cluster.port():
            try:
                psycopg.connect(_url(cluster)).close()
            except psycopg.OperationalError:
                pass
            else:
                return
        time.sleep(0.05)
    pytest.fail("Postgres did not come back")


@pytest.mark.parametrize("identity", candidates(), ids=lambda identity: identity.name)
def test_runs_in_folders_of_mode_0700_and_leaves_their_mode_alone(
    identity: object, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each of the ways that could work for this user and do here."""
    private = cluster.data.parent
    monkeypatch.setattr("cliprow.local.identity.candidates", lambda: [identity])
    try:
        identity = cluster.identity
    except MissingDependency:
        pytest.skip("this machine does not allow it")
    cluster.create(PASSWORD)
    cluster.start(free_port())
    assert _one(cluster, "select 1") == 1
    cluster.stop()
    assert private.stat().st_mode & 0o777 == 0o700
    assert cluster.data.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change to another user")
def test_data_made_in_one_way_is_used_in_the_next(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that allows user namespaces, then one that does not."""
    ways = {identity.name: identity for identity in candidates()}
    if not {"namespace", "service-capable"} <= set(ways):
        pytest.skip("needs unshare and setpriv")
    for name in ("namespace", "service-capable", "namespace"):
        again = Cluster(data=cluster.data, log=cluster.log, programs=cluster.programs)
        monkeypatch.setattr("cliprow.local.identity.candidates", lambda way=ways[name]: [way])
        again.create(PASSWORD)
        again.start(free_port())
        assert _one(again, "select 1") == 1
        again.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
def test_runs_as_an_ordinary_user() -> None:
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", 'exec "$0" "$@"']
    home = Path(tempfile.mkdtemp())
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}

    def python(executable: str, script: str) -> subprocess.CompletedProcess[str]:
        words = [*become, executable, "-c", script, str(home)]
        return subprocess.run(words, capture_output=True, text=True, check=False, cwd="/", env=environment)

    try:
        os.chown(home, 65534, 65534)
        able = [
            executable
            for executable in (sys.executable, "/usr/bin/python3")
            if python(executable, "import cliprow.local.stack").returncode == 0
        ]
        if not able:
            pytest.skip("no other user can run this Python and read this checkout")
        (home / "stack.json").write_text(f'{{"db_port": {free_port()}}}')
        done = python(
            able[0],
            "import sys; from pathlib import Path; from cliprow.config import Config\n"
            "from cliprow.local.stack import running_stack\n"
            "with running_stack(Config(home=Path(sys.argv[1])), migrated=False) as stack: print(stack.db_port)\n",
        )
        assert done.returncode == 0, done.stderr
        assert (home / "postgres").stat().st_uid == 65534
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(home)


def test_listens_on_the_loopback_address_only_and_asks_for_the_password(running: Cluster) -> None:
    assert _one(running, "show listen_addresses") == HOST
    assert _one(running, "show unix_socket_directories") == ""
    assert _one(running, "show wal_level") == "logical"
    assert _one(running, "show fsync") == "on"
    assert _one(running, "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'") == 0
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(_url(running, "wrong"))


def test_a_killed_server_comes_back_by_itself_with_its_data(running: Cluster) -> None:
    _keep_an_answer(running)
    port = running.port()
    pid = running.server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    _wait_for(running, other_than=pid)
    assert running.port() == port
    assert _one(running, "select answer from kept") == 42


def test_starts_again_after_server_and_keeper_were_killed(running: Cluster) -> None:
    _keep_an_answer(running)
    pid, port = running.server_pid(), running.port()
    assert pid is not None
    assert port is not None
    keeper = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(keeper, signal.SIGKILL)
    assert _one(running, "select answer from kept") == 42, "Postgres outlives its keeper"
    os.kill(pid, signal.SIGKILL)
    while listens(port):
        time.sleep(0.001)
    running.start(free_port())
    assert _one(running, "select answer from kept") == 42


def test_a_process_number_that_now_belongs_to_another_program_is_no_obstacle(running: Cluster) -> None:
    """As in a container that was started again."""
    port = running.port()
    assert port is not None
    running.stop()
    (running.data / "postmaster.pid").write_text(
        f"{os.getpid()}\n{running.data}\n1\n{port}\n\n{HOST}\n\nready\n"
    )
    assert running.server_pid() is None
    assert running.port() is None
    running.start(port)
    assert running.server_pid() not in (None, os.getpid())


def test_a_half_made_cluster_is_made_anew(cluster: Cluster) -> None:
    draft = cluster.data.with_name("postgres.new")
    (draft / "base").mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    cluster.create(PASSWORD)
    assert not draft.exists()
    cluster.start(free_port())
    assert _one(cluster, "select 1") == 1


def test_a_taken_port_is_named(running: Cluster) -> None:
    port = running.port()
    assert port is not None
    second = Cluster(data=running.data.parent / "second", log=running.log, programs=running.programs)
    second.create(PASSWORD)
    with pytest.raises(PortTaken, match=str(port)):
        second.start(port)


def test_a_server_that_cannot_start_says_why(cluster: Cluster) -> None:
    cluster.create(PASSWORD)
    (cluster.data / "global" / "pg_control").unlink()
    with pytest.raises(Unavailable, match="pg_control") as caught:
        cluster.start(free_port())
    assert "postgres.log" in caught.value.next_step


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
def test_a_full_disk_is_named_and_leaves_no_half_made_cluster(tmp_path: Path, postgres_bin: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("this container may not mount")
    try:
        cluster = Cluster(data=disk / "postgres", log=disk / "postgres.log", programs=postgres_bin)
        with pytest.raises(Unavailable, match="the disk is full"):
            cluster.create(PASSWORD)
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_data_of_another_major_version_is_refused(cluster: Cluster) -> None:
    cluster.data.mkdir()
    (cluster.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(Conflict, match="Postgres 9"):
        cluster.start(free_port())


def test_programs_that_are_not_there_are_named(tmp_path: Path) -> None:
    cluster = Cluster(data=tmp_path / "postgres", log=tmp_path / "log", programs=tmp_path / "nowhere")
    with pytest.raises(CliprowError, match="nowhere"):
        cluster.create(PASSWORD)


def test_the_log_stays_short(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    keeper = Path(sys.modules["cliprow.local.postgres"].__file__ or "").with_name("keeper.py")
    chatter = "import sys\nfor number in range(20000): print(number, 'x' * 50, flush=number % 100 == 0)"
    words = ["-I", "-S", str(keeper), str(tmp_path / "lock"), str(log), "100000"]
    command = [sys.executable, *words, sys.executable, "-c", chatter]
    # Its standard output closes when the keeper, which is nobody's child, has ended.
    assert subprocess.check_output(command, timeout=60) == b"0"
    kept = [file.stat().st_size for file in tmp_path.glob("server.log*")]
    assert len(kept) == 2
    assert sum(kept) <= 100_000
    assert "19999" in log.read_text()
