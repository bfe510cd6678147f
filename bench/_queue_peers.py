"""Other queues on Postgres, each installed into a folder of its own and run in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_SCRIPTS = Path(__file__).parent / "queue_peers"
#: A peer that takes longer is given up, in seconds.
_LIMIT_S = 180


class PeerMissing(Exception):
    """The peer could not be installed or run here."""


@dataclass(frozen=True)
class Peer:
    """Where a peer comes from, and which script of `queue_peers/` runs it."""

    packages: tuple[str, ...]
    script: str


PEERS = {
    "procrastinate": Peer(("procrastinate==3.10.0", "psycopg[binary,pool]"), "procrastinate_jobs.py"),
    "pgqueuer": Peer(("pgqueuer==1.6.0", "asyncpg", "uvloop"), "pgqueuer_jobs.py"),
    "graphile-worker": Peer(("graphile-worker@0.18",), "graphile_jobs.mjs"),
    "pg-boss": Peer(("pg-boss@12", "pg"), "pgboss_jobs.mjs"),
}


def peer_rate(name: str, superuser: str, folder: Path, jobs: int) -> float:
    """Bare no-op jobs per second, in a database that the peer has to itself.

    Raises:
        PeerMissing: it could not be installed, or its run failed.
    """
    peer = PEERS[name]
    folder.mkdir()
    database = "peer_" + name.replace("-", "_")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"create database {database}".encode())
    known = conninfo_to_dict(make_conninfo(superuser, dbname=database))
    environment = os.environ | {
        "PGHOST": str(known["host"]),
        "PGPORT": str(known["port"]),
        "PGUSER": str(known["user"]),
        "PGPASSWORD": str(known["password"]),
        "PGDATABASE": database,
    }
    command = _install_python(peer, folder) if peer.script.endswith(".py") else _install_node(peer, folder)
    said = _run([*command, str(jobs)], folder, environment)
    measured = json.loads(said.strip().splitlines()[-1])
    return float(measured["jobs"]) / float(measured["seconds"])


def _install_python(peer: Peer, folder: Path) -> list[str]:
    python = str(folder / ".venv" / "bin" / "python")
    _run(["uv", "venv", "-q", "--python", sys.executable, ".venv"], folder, dict(os.environ))
    _run(["uv", "pip", "install", "-q", "--python", python, *peer.packages], folder, dict(os.environ))
    return [python, str(_SCRIPTS / peer.script)]


def _install_node(peer: Peer, folder: Path) -> list[str]:
    if shutil.which("npm") is None:
        raise PeerMissing("npm is not installed")
    _run(["npm", "install", "--silent", "--prefix", ".", *peer.packages], folder, dict(os.environ))
    # Imports are looked up from where the script is.
    shutil.copy(_SCRIPTS / peer.script, folder)
    return ["node", peer.script]


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_LIMIT_S, check=True
        )
    except subprocess.CalledProcessError as error:
        raise PeerMissing((error.stderr or error.stdout).strip()[-400:]) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerMissing(str(error)) from error
    return done.stdout
