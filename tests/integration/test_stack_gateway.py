"""The gateway's life in the stack: it comes with the database, comes back when killed, and goes with the last user."""

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

import httpx
import msgspec
import psycopg
import pytest

from cliprow.config import Config
from cliprow.errors import Conflict, InvalidInput, Unavailable
from cliprow.local.checks import checks
from cliprow.local.database import cluster_of
from cliprow.local.gateway.process import GatewayProcess
from cliprow.local.keeper import kept_by
from cliprow.local.ports import HOST, PortTaken, free_port
from cliprow.local.stack import Stack, revive, running_stack

#: A command that uses the stack until it is told to end: prints the gateway's address, then waits for a line.
COMMAND = """
import sys
from pathlib import Path
from cliprow.config import Config
from cliprow.local.stack import running_stack
with running_stack(Config(home=Path(sys.argv[1]), postgres_bin=Path(sys.argv[2]))) as stack:
    print(stack.supabase.url, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def config(tmp_path: Path, postgres_bin: Path) -> Iterator[Config]:
    """A data folder of the test's own, which prefers ports that are free now."""
    tmp_path.chmod(0o700)
    config = Config(home=tmp_path / "home", postgres_bin=postgres_bin)
    config.home.mkdir(mode=0o700)
    ports = {"db_port": free_port(), "gateway_port": free_port()}
    (config.home / "stack.json").write_bytes(msgspec.json.encode(ports))
    yield config
    GatewayProcess(config.home).stop()
    if cluster_of(config).exists:
        cluster_of(config).stop()


def _pid(config: Config) -> int:
    numbers = kept_by(GatewayProcess(config.home).lock)
    assert numbers is not None
    return numbers[1]


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _await_health(url: str) -> None:
    deadline = time.monotonic() + 60
    while not _is_healthy(url):
        assert time.monotonic() < deadline, "the gateway did not come back"
        time.sleep(0.05)


def _serves(stack: Stack) -> bool:
    return _is_healthy(stack.supabase.url)


def test_it_is_there_with_the_database_and_goes_with_the_last_user(config: Config) -> None:
    with running_stack(config) as stack:
        project = stack.supabase
        assert _serves(stack)
        assert GatewayProcess(config.home).port() == int(project.url.rpartition(":")[2])
        assert (config.home / "gateway-run.json").stat().st_mode & 0o777 == 0o600
    assert not _is_healthy(project.url)
    assert kept_by(GatewayProcess(config.home).lock) is None
    assert not (config.home / "gateway-run.json").exists(), "it holds passwords"


def test_address_keys_and_issuer_outlive_a_stop(config: Config) -> None:
    told = []
    for _ in range(2):
        with running_stack(config) as stack:
            settings = GatewayProcess(config.home).settings()
            assert settings is not None
            told.append((stack.supabase, settings.issuer, settings.jwt_private_key, settings.jwt_secret))
    assert told[0] == told[1]
    assert told[0][0].publishable_key.startswith("sb_publishable_")
    assert told[0][0].secret_key.startswith("sb_secret_")


def test_commands_at_once_share_it(config: Config) -> None:
    words = [sys.executable, "-c", COMMAND, str(config.home), str(config.postgres_bin)]
    commands = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    try:
        urls = {command.stdout.readline().strip() for command in commands if command.stdout}
        assert len(urls) == 1
        pid = _pid(config)
        commands[0].communicate("end\n", timeout=60)
        assert _pid(config) == pid
        assert _is_healthy(urls.pop())
    finally:
        for command in commands:
            command.communicate("end\n" if command.stdin and not command.stdin.closed else None, timeout=60)
    assert kept_by(GatewayProcess(config.home).lock) is None


def test_a_killed_gateway_comes_back_on_its_port(config: Config) -> None:
    with running_stack(config) as stack:
        pid, url = _pid(config), stack.supabase.url
        os.kill(pid, signal.SIGKILL)
        _await_health(url)
        assert _pid(config) != pid
        assert stack.supabase.url == url


def test_it_is_started_again_when_its_keeper_was_killed_too(config: Config) -> None:
    with running_stack(config) as stack:
        url = stack.supabase.url
        numbers = kept_by(GatewayProcess(config.home).lock)
        assert numbers is not None
        for number in numbers:
            os.kill(number, signal.SIGKILL)
        revive(config)
        assert _is_healthy(url)


def test_a_gateway_that_hangs_is_replaced(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cliprow.local.gateway.process.ANSWER_S", 1.0)
    monkeypatch.setattr("cliprow.local.gateway.process.STOP_S", 0.5)
    with running_stack(config) as stack:
        url, pid = stack.supabase.url, _pid(config)
        os.kill(pid, signal.SIGSTOP)
        looked_at = {check.name: check for check in checks(config)}["gateway port"]
        assert not looked_at.ok
        assert "does not answer" in looked_at.detail
        revive(config)
        assert _is_healthy(url)
        assert _pid(config) != pid


def test_it_is_not_started_until_somebody_asks(config: Config) -> None:
    with running_stack(config, gateway=False) as stack:
        assert kept_by(GatewayProcess(config.home).lock) is None
        assert _serves(stack)
    assert kept_by(GatewayProcess(config.home).lock) is None


def test_a_taken_default_port_moves_to_a_free_one_that_is_remembered(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config.home / "stack.json").write_bytes(msgspec.json.encode({"db_port": free_port()}))
    with closing(socket.create_server((HOST, 0))) as other:
        monkeypatch.setattr("cliprow.local.project.DEFAULT_GATEWAY_PORT", other.getsockname()[1])
        with running_stack(config) as stack:
            moved_to = stack.supabase.url
    with running_stack(config) as stack:
        assert stack.supabase.url == moved_to, "the default is free again, but tokens name the other port"


def test_a_port_given_by_the_user_does_not_move(config: Config) -> None:
    with closing(socket.create_server((HOST, 0))) as other:
        taken = other.getsockname()[1]
        insists = Config(home=config.home, postgres_bin=config.postgres_bin, gateway_port=taken)
        with pytest.raises(PortTaken, match=str(taken)) as caught, running_stack(insists):
            pass
    assert "CLIPROW_GATEWAY_PORT" in caught.value.next_step
    assert cluster_of(config).server_pid() is None, "nothing is left running"
    assert kept_by(GatewayProcess(config.home).lock) is None


def test_a_port_given_by_the_user_is_refused_while_others_use_another(config: Config) -> None:
    insists = Config(home=config.home, postgres_bin=config.postgres_bin, gateway_port=free_port())
    with running_stack(config) as stack:
        with pytest.raises(Conflict, match=stack.supabase.url.rpartition(":")[2]), running_stack(insists):
            pass
        assert _serves(stack)
    with running_stack(insists) as stack:
        assert stack.supabase.url == f"http://{HOST}:{insists.gateway_port}"


def test_options_are_read_and_wrong_ones_named(config: Config) -> None:
    (config.home / "gateway.json").write_text('{"access_token_s": 60}')
    with running_stack(config):
        settings = GatewayProcess(config.home).settings()
        assert settings is not None
        assert settings.options.access_token_s == 60
    (config.home / "gateway.json").write_text('{"acess_token_s": 60}')
    with pytest.raises(InvalidInput, match="acess_token_s"), running_stack(config):
        pass


def test_one_that_cannot_start_says_why(config: Config) -> None:
    """Its database refuses it: the error has the end of the log, without the passwords."""
    process = GatewayProcess(config.home)
    with running_stack(config):
        settings = process.settings()
        assert settings is not None
        process.stop()
        broken = msgspec.structs.replace(settings, jwt_private_key="no key")
        with pytest.raises(Unavailable, match="did not start") as caught:
            process.serve(broken)
    assert "Traceback" in caught.value.message or "Error" in caught.value.message
    assert str(process.log) in caught.value.next_step
    assert settings.secret_key not in caught.value.message


def test_the_roles_of_gateway_and_api_log_in_with_passwords_of_their_own(config: Config) -> None:
    with running_stack(config) as stack:
        settings = GatewayProcess(config.home).settings()
        assert settings is not None
        names = {
            row[0]
            for each in (settings.auth_db, settings.storage_db, settings.rest_db, settings.realtime_db)
            for row in psycopg.connect(each, autocommit=True).execute("select session_user::text")
        }
        assert names == {"supabase_auth_admin", "supabase_storage_admin", "authenticator", "supabase_admin"}
        assert "cliprow_api:" in stack.api
    log = (config.home / "logs" / "gateway.log").read_text()
    secrets = msgspec.json.decode((config.home / "secrets.json").read_bytes(), type=dict[str, str])
    assert not [name for name, secret in secrets.items() if secret in log]
