"""The embedded gateway on a database of the tests' own, as a process of its own."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import psycopg
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cliprow.local.bootstrap import set_password
from cliprow.local.gateway.settings import GatewaySettings, Options
from cliprow.local.ports import HOST, free_port
from cliprow.local.stack import url
from tests.cluster import PASSWORD, Database, Server

#: Whom the parts of the gateway log in as.
LOGINS = ("supabase_auth_admin", "supabase_storage_admin", "authenticator", "cliprow_api")


@dataclass(frozen=True)
class Gateway:
    """A running gateway."""

    settings: GatewaySettings
    database: Database
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return self.settings.url


def new_settings(server: Server, database: Database, folder: Path, options: Options) -> GatewaySettings:
    """Settings with keys of their own for a gateway on `database`."""
    port = free_port()
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        for role in LOGINS:
            set_password(connection, role, PASSWORD)
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return GatewaySettings(
        port=port,
        url=f"http://{HOST}:{port}",
        auth_db=url("supabase_auth_admin", PASSWORD, server.port, database.name),
        rest_db=url("authenticator", PASSWORD, server.port, database.name),
        storage_db=url("supabase_storage_admin", PASSWORD, server.port, database.name),
        realtime_db=database.superuser,
        files=str(folder / "files"),
        publishable_key=f"sb_publishable_{secrets.token_urlsafe(16)}",
        secret_key=f"sb_secret_{secrets.token_urlsafe(24)}",
        jwt_private_key=key.decode(),
        jwt_secret=secrets.token_urlsafe(32),
        options=options,
    )


@contextmanager
def running_gateway(
    server: Server,
    database: Database,
    folder: Path,
    options: Options | None = None,
    *,
    is_strong: bool = False,
) -> Iterator[Gateway]:
    """A gateway that serves `database` for as long as the block lasts; only a strong one hashes as users' own does."""
    settings = new_settings(server, database, folder, options or Options())
    if not is_strong:
        # A tenth of a second for every password, which few tests are about.
        settings = msgspec.structs.replace(settings, password_memory_kib=64)
    file, log = folder / "gateway.json", folder / "gateway.log"
    file.write_bytes(msgspec.json.encode(settings))
    file.chmod(0o600)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cliprow.local.gateway", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
        )
    try:
        _await_health(settings.url, process, log)
        yield Gateway(settings, database, process, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_health(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the gateway ended with {process.returncode}:\n{log.read_text()}")
        with suppress(httpx.TransportError):
            if httpx.get(f"{base}/health", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"the gateway did not answer:\n{log.read_text()}")
