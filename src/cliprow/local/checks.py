"""What `cliprow doctor` knows about database and gateway: each check looks, and changes nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cliprow import migrate
from cliprow.config import Config
from cliprow.db import translate
from cliprow.errors import CliprowError
from cliprow.local.database import DEFAULT_DB_PORT
from cliprow.local.gateway.process import GatewayProcess
from cliprow.local.identity import choose
from cliprow.local.keeper import in_use
from cliprow.local.ports import HOST, port_taken
from cliprow.local.postgres import Cluster
from cliprow.local.programs import major_version, packaged_programs
from cliprow.local.project import DEFAULT_GATEWAY_PORT, read_options
from cliprow.local.stack_file import read_stack_file

#: Below this a batch of videos may fill the disk; the database alone takes about 0.1 GB.
MIN_FREE_BYTES = 2_000_000_000

_IDENTITIES = {
    "caller": "as you",
    "namespace": "in a user namespace, because it refuses to run as root",
    "service-capable": "as a service user, because it refuses to run as root and user namespaces are not allowed",
    "service": "as a service user, because it refuses to run as root and user namespaces are not allowed",
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    #: Short, like `disk space`.
    name: str
    ok: bool
    #: What was found.
    detail: str
    #: What to do about it; empty when all is well.
    next_step: str = ""


def checks(config: Config) -> list[Check]:
    """What is there and what is missing for the database that `config` chooses."""
    folder = _folder(config.home)
    database = _embedded(config, usable=folder.ok) if config.embedded else _project(config)
    return [folder, _space(config.home), *database]


def _folder(home: Path) -> Check:
    there = _nearest(home)
    lock = home / "stack.lock"
    mine = os.access(there, os.W_OK | os.X_OK) and (not lock.exists() or os.access(lock, os.W_OK))
    if there.is_dir() and mine:
        return Check("data folder", ok=True, detail=str(home))
    return Check(
        "data folder",
        ok=False,
        detail=f"{home} cannot be used: {'you may not write there' if there.is_dir() else f'{there} is a file'}",
        next_step="Make it writable, or set CLIPROW_HOME to another folder.",
    )


def _space(home: Path) -> Check:
    free = shutil.disk_usage(_nearest(home)).free
    return Check(
        "disk space",
        ok=free >= MIN_FREE_BYTES,
        detail=f"{free / 1e9:.1f} GB free in {home}",
        next_step=""
        if free >= MIN_FREE_BYTES
        else "Free some space, or set CLIPROW_HOME to a folder on another disk.",
    )


def _embedded(config: Config, *, usable: bool) -> Iterator[Check]:
    try:
        programs = config.postgres_bin or packaged_programs()
        detail = f"version {major_version(programs)} in {programs}"
        yield Check("Postgres", ok=True, detail=detail)
        identity = choose(programs / "postgres", _nearest(config.home))
        yield Check("Postgres user", ok=True, detail=f"Postgres runs {_IDENTITIES[identity.name]}")
    except CliprowError as error:
        yield Check("Postgres", ok=False, detail=error.message, next_step=error.next_step)
        return
    if usable:
        cluster = Cluster(config.home / "postgres", config.home / "logs" / "postgres.log", programs)
        last = read_stack_file(config.home)
        wanted = last.db_port or DEFAULT_DB_PORT
        yield _port("database", "CLIPROW_DB_PORT", cluster.port(), config.db_port, wanted)
        gateway = GatewayProcess(config.home)
        serving = gateway.port()
        wanted = last.gateway_port or DEFAULT_GATEWAY_PORT
        if serving is None and in_use(gateway.lock):
            yield Check(
                "gateway port",
                ok=False,
                detail=f"the gateway runs, but does not answer; its log is {gateway.log}",
                next_step="Repeat this in a moment; any command that needs it replaces one that hangs.",
            )
        else:
            yield _port("gateway", "CLIPROW_GATEWAY_PORT", serving, config.gateway_port, wanted)
        yield _options(config.home / "gateway.json")


def _port(name: str, setting: str, running_on: int | None, insisted: int | None, preferred: int) -> Check:
    """Where a server of the stack listens, or could."""
    if running_on is not None:
        return Check(f"{name} port", ok=True, detail=f"the {name} runs on {HOST}:{running_on}")
    wanted = insisted or preferred
    if not port_taken(wanted):
        return Check(f"{name} port", ok=True, detail=f"{HOST}:{wanted} is free")
    if insisted is None:
        return Check(f"{name} port", ok=True, detail=f"{HOST}:{wanted} is taken; a free one will be used")
    return Check(
        f"{name} port",
        ok=False,
        detail=f"{HOST}:{wanted} is taken by another program",
        next_step=f"Stop that program, or set {setting} to another port, or unset it.",
    )


def _options(file: Path) -> Check:
    try:
        read_options(file)
    except CliprowError as error:
        return Check("gateway options", ok=False, detail=error.message, next_step=error.next_step)
    return Check("gateway options", ok=True, detail=f"{file}" if file.exists() else "the defaults")


def _project(config: Config) -> Iterator[Check]:
    """Of a real Supabase project."""
    host = conninfo_to_dict(config.database_url).get("host", "localhost")
    try:
        found = migrate.status(config.database_url)
    except psycopg.Error as error:
        translated = translate(error)
        yield Check(
            "database", ok=False, detail=f"{host}: {translated.message}", next_step=translated.next_step
        )
        return
    yield Check("database", ok=True, detail=f"{host} answers")
    detail = f"{len(found.applied)} applied, {len(found.pending)} pending"
    if found.unknown:
        advice = "The database is newer than this Cliprow: upgrade Cliprow."
    elif not found.current:
        advice = "Run `cliprow db migrate`."
    else:
        advice = ""
    yield Check("migrations", ok=found.current, detail=detail, next_step=advice)
    try:
        yield Check("API keys", ok=True, detail=f"{config.project().url}, with both keys")
    except CliprowError as error:
        yield Check("API keys", ok=False, detail=error.message, next_step=error.next_step)
    yield Check(
        "secrets key",
        ok=bool(config.secrets_keys),
        detail="CLIPROW_SECRETS_KEY is set" if config.secrets_keys else "CLIPROW_SECRETS_KEY is not set",
        next_step=""
        if config.secrets_keys
        else "Make one with `openssl rand -base64 32` and set it for API and workers: teams' provider keys are "
        "encrypted with it.",
    )


def _nearest(path: Path) -> Path:
    """The path itself, or the first of its parents that exists."""
    return next(each for each in (path, *path.parents) if os.path.lexists(each))
