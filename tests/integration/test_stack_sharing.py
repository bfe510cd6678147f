"""The shared stack: who starts it, who stops it, on which port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import psutil
import psycopg
import pytest

from cliprow.config import Config
from cliprow.errors import Conflict, InvalidInput, NotAllowed
from cliprow.local.ports import HOST, PortTaken, free_port, listens
from cliprow.local.postgres import Cluster
from cliprow.local.stack import revive, running_stack

#: A command that uses the stack until it is told to end: prints the port, then waits for a line.
COMMAND = """
import sys
import time
from pathlib import Path
from cliprow.config import Config
from cliprow.local.stack import running_stack
config = Config(home=Path(sys.argv[1]), postgres_bin=Path(sys.argv[2]))
with running_stack(config, migrated=False) as stack:
    print(stack.db_port, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def config(tmp_path: Path, postgres_bin: Path) -> Iterator[Config]:
    """A data folder of the test's own, which prefers a port that is free now."""
    tmp_path.chmod(0o700)
    config = Config(home=tmp_path / "home", postgres_bin=postgres_bin)
    config.home.mkdir(mode=0o700)
    (config.home / "stack.json").write_bytes(
        msgspec.json.encode({"db_port": free_port(), "gateway_port": free_port()})
    )
    yield config
    if _cluster(config).exists:
        _cluster(config).stop()


@pytest.fixture
def commands(config: Config) -> Iterator[list[subprocess.Popen[str]]]:
    """Commands that a test started; none outlives it."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for command in started:
        if command.poll() is None:
            command.kill()
        command.communicate()


def _cluster(config: Config) -> Cluster:
    assert config.postgres_bin is not None
    return Cluster(
        data=config.home / "postgres", log=config.home / "logs" / "postgres.log", programs=config.postgres_bin
    )


def _command(config: Config, commands: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    commands.append(
        subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(config.home), str(config.postgres_bin)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # as a terminal's foreground group
        )
    )
    return commands[-1]


def _port(command: subprocess.Popen[str]) -> int:
    assert command.stdout is not None
    return int(command.stdout.readline())


def _end(command: subprocess.Popen[str]) -> None:
    command.communicate("end\n", timeout=60)
    assert command.returncode == 0


def test_two_commands_at_once_share_one_database_and_the_last_one_stops_it(
    config: Config, commands: list[subprocess.Popen[str]]
) -> None:
    first, second = _command(config, commands), _command(config, commands)
    assert _port(first) == _port(second)
    pid = _cluster(config).server_pid()
    _end(first)
    assert _cluster(config).server_pid() == pid
    _end(second)
    assert _cluster(config).server_pid() is None


def test_a_killed_starter_leaves_a_database_that_the_next_command_uses_and_stops(
    config: Config, commands: list[subprocess.Popen[str]]
) -> None:
    first = _command(config, commands)
    _port(first)
    pid = _cluster(config).server_pid()
    first.kill()
    first.wait()
    assert _cluster(config).server_pid() == pid
    with running_stack(config, migrated=False) as stack:
        assert _cluster(config).server_pid() == pid
        psycopg.connect(stack.admin).close()
    assert _cluster(config).server_pid() is None


def test_a_killed_user_does_not_keep_the_database_running(
    config: Config, commands: list[subprocess.Popen[str]]
) -> None:
    with running_stack(config, migrated=False):
        other = _command(config, commands)
        _port(other)
        other.kill()
        other.wait()
    assert _cluster(config).server_pid() is None


def test_ctrl_c_ends_the_command_and_not_the_database_that_others_use(
    config: Config, commands: list[subprocess.Popen[str]]
) -> None:
    starter = _command(config, commands)
    _port(starter)
    with running_stack(config, migrated=False) as stack:
        os.killpg(starter.pid, signal.SIGINT)
        starter.wait(60)
        with psycopg.connect(stack.admin) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_the_database_is_no_child_of_the_command_that_starts_it(config: Config) -> None:
    """Whoever ends all of its children must not end the database that others use."""
    before = psutil.Process().children(recursive=True)
    with running_stack(config, migrated=False):
        assert psutil.Process().children(recursive=True) == before


def test_a_failure_in_the_block_stops_the_database_too(config: Config) -> None:
    with pytest.raises(ZeroDivisionError), running_stack(config, migrated=False):
        _ = 1 / 0
    assert _cluster(config).server_pid() is None


def test_data_and_port_outlive_a_stop(config: Config) -> None:
    with (
        running_stack(config, migrated=False) as stack,
        psycopg.connect(stack.admin, autocommit=True) as first,
    ):
        first.execute("create table kept as select 42 as answer")
        port = stack.db_port
    with running_stack(config, migrated=False) as stack, psycopg.connect(stack.admin) as second:
        assert second.execute("select answer from kept").fetchone() == (42,)
        assert stack.db_port == port


def test_a_taken_default_port_moves_to_a_free_one_that_is_remembered(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server((HOST, 0))) as other:
        taken = other.getsockname()[1]
        monkeypatch.setattr("cliprow.local.database.DEFAULT_DB_PORT", taken)
        (config.home / "stack.json").unlink()
        with running_stack(config, migrated=False) as stack:
            moved_to = stack.db_port
    assert moved_to != taken
    with running_stack(config, migrated=False) as stack:
        assert stack.db_port == moved_to, "the default is free again, but clients know the other port"


def test_a_port_given_by_the_user_does_not_move(config: Config) -> None:
    with closing(socket.create_server((HOST, 0))) as other:
        taken = other.getsockname()[1]
        insists = Config(home=config.home, postgres_bin=config.postgres_bin, db_port=taken)
        with pytest.raises(PortTaken, match=str(taken)), running_stack(insists, migrated=False):
            pass


def test_a_port_given_by_the_user_is_refused_while_others_use_another(
    config: Config, commands: list[subprocess.Popen[str]]
) -> None:
    first = _command(config, commands)
    in_use = _port(first)
    insists = Config(home=config.home, postgres_bin=config.postgres_bin, db_port=free_port())
    with pytest.raises(Conflict, match=str(in_use)), running_stack(insists, migrated=False):
        pass
    _end(first)
    with running_stack(insists, migrated=False) as stack:
        assert stack.db_port == insists.db_port


def test_secrets_are_private_and_not_shown(config: Config) -> None:
    with running_stack(config, migrated=False) as stack:
        assert "postgresql" not in repr(stack)
    assert (config.home / "secrets.json").stat().st_mode & 0o777 == 0o600
    secrets = msgspec.json.decode((config.home / "secrets.json").read_bytes(), type=dict[str, str])
    log = (config.home / "logs" / "postgres.log").read_text()
    assert not [name for name, secret in secrets.items() if secret in log]


def test_lost_secrets_are_named_before_anything_starts(config: Config) -> None:
    with running_stack(config, migrated=False):
        pass
    (config.home / "secrets.json").unlink()
    with pytest.raises(Conflict, match=r"secrets\.json"), running_stack(config, migrated=False):
        pass
    assert _cluster(config).server_pid() is None


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotAllowed, match="file/home"), running_stack(Config(home=tmp_path / "file" / "home")):
        pass


def test_a_user_of_the_stack_can_start_it_again_on_the_same_port(config: Config) -> None:
    """For a worker that lost its connection when Postgres and its keeper were killed."""
    with running_stack(config, migrated=False) as stack:
        pid = _cluster(config).server_pid()
        assert pid is not None
        keeper = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(keeper, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        while stack.db_port and listens(stack.db_port):
            time.sleep(0.001)
        revive(config)
        with psycopg.connect(stack.admin) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_real_projects_database_is_used_as_it_is(tmp_path: Path) -> None:
    config = Config(home=tmp_path / "home", database_url="postgresql://db.example.com/postgres")
    with running_stack(config) as stack:
        assert stack.admin == stack.worker == stack.api == config.database_url
        with pytest.raises(
            InvalidInput, match="SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY"
        ):
            _ = stack.supabase
    assert not config.home.exists()


def test_a_real_projects_keys_are_used_as_they_are(tmp_path: Path) -> None:
    config = Config(
        home=tmp_path / "home",
        database_url="postgresql://db.example.com/postgres",
        supabase_url="https://example.supabase.co",
        supabase_publishable_key="sb_publishable_x",
        supabase_secret_key="sb_secret_x",
    )
    with running_stack(config) as stack:
        assert stack.supabase.url == config.supabase_url
        assert stack.supabase.secret_key == config.supabase_secret_key
        assert "sb_secret" not in repr(stack.supabase)
