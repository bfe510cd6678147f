"""Makes a Supabase project ready for Cliprow (`just supabase PROJECT_REF`); see docs/deploy-supabase.md.

    SUPABASE_ACCESS_TOKEN=sbp_... DATABASE_URL=postgresql://postgres... just supabase abcdefghijklmnopqrst

Each step says what it does and may be repeated. Nothing is removed, and no setting is touched that is not named here.
At the end stand files with the settings of each kind of process, readable by their owner only.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cliprow.errors import CliprowError
from cliprow.files import write_whole
from cliprow.local.stack import API, WORKER
from cliprow.migrate import migrate, status
from cliprow.sealing import new_key

ROOT = Path(__file__).resolve().parents[1]
CLI = ROOT / "node_modules" / ".bin" / "supabase"
MANAGEMENT = "https://api.supabase.com/v1/projects"
HOOK = "pg-functions://postgres/private/custom_access_token"
#: What teams' provider keys are encrypted with: lost, they have to be set again.
SECRETS_KEY = "CLIPROW_SECRETS_KEY"
#: Videos are larger than the 50 MB that a new project takes; smaller plans take no more.
FILE_SIZE_LIMIT = 500 * 1024 * 1024


class Step(SystemExit):
    """A step failed: why, and what to do."""


def main() -> None:
    """Carry out all steps."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project_ref", help="the project's id: the first part of its address")
    parser.add_argument(
        "--out", type=Path, default=ROOT / ".env.d", help="folder for the settings (default: .env.d)"
    )
    chosen = parser.parse_args()
    ref, out = chosen.project_ref, chosen.out
    if not re.fullmatch(r"[a-z]{20}", ref):
        raise Step(f"{ref!r} is no project id. Next: take it from the address of the project's dashboard.")
    database = needed("DATABASE_URL", "the project's connection string (Connect, session pooler or direct)")
    token = needed("SUPABASE_ACCESS_TOKEN", "a token of your account (Account, Access Tokens)")
    if conninfo_to_dict(database).get("port") == "6543":
        raise Step("DATABASE_URL is the transaction pooler's. Next: take the session pooler's, port 5432.")

    say("link this folder to the project")
    supabase("link", "--project-ref", ref, "--skip-pooler")
    say("apply the migrations")
    try:
        print("\n".join(migrate(database)) or "nothing was pending")
        found = status(database)
    except (CliprowError, psycopg.Error) as error:
        raise Step(f"{error}\nNext: read the message; what was applied stays applied.") from None
    if not found.current:
        raise Step(f"The project has other migrations than this Cliprow: {found}. Next: upgrade Cliprow.")
    say("compare with what `supabase db push` would do")
    print(supabase("db", "push", "--dry-run", "--remote", database).strip())
    say("give the roles of workers and API their passwords")
    known = read_settings(out)
    passwords = {role: known.get(role) or secrets.token_urlsafe(24) for role in (WORKER, API)}
    set_passwords(database, passwords)
    secrets_key = known.get(SECRETS_KEY) or os.environ.get(SECRETS_KEY, "").strip() or new_key()
    api = Management(ref, token)
    say("switch the access token hook on")
    api.send(
        "PATCH",
        "/config/auth",
        {"hook_custom_access_token_enabled": True, "hook_custom_access_token_uri": HOOK},
    )
    say("let files be as large as videos are")
    raise_file_size_limit(api)
    say("fetch the API keys")
    publishable, secret = api.key("publishable"), api.key("secret")

    project = {
        "SUPABASE_URL": f"https://{ref}.supabase.co",
        "SUPABASE_PUBLISHABLE_KEY": publishable,
        "SUPABASE_SECRET_KEY": secret,
    }
    for name, conninfo in {
        "admin": database,
        "worker": as_role(database, WORKER, passwords[WORKER], ref),
        "api": as_role(database, API, passwords[API], ref),
    }.items():
        sealing = {} if name == "admin" else {SECRETS_KEY: secrets_key}
        write_settings(out / f"{name}.env", {"DATABASE_URL": conninfo, **project, **sealing})
    print(f"\nReady. Settings: {out}/worker.env for workers, api.env for the API, admin.env for migrations.")
    print(
        f"Next, on each machine: `set -a; . {out}/worker.env; cliprow worker`, likewise api.env and `cliprow api`."
    )


def say(step: str) -> None:
    """Name a step before it begins."""
    print(f"\n== {step}", flush=True)


def needed(name: str, what: str) -> str:
    """A setting without which nothing works."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise Step(f"{name} is not set. Next: set it to {what}.")
    return value


def supabase(*words: str) -> str:
    """Run the Supabase CLI; return what it prints."""
    if not CLI.exists():
        raise Step("The Supabase CLI is not installed. Next: `just tools`.")
    done = subprocess.run([CLI, *words], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Step(f"`supabase {words[0]} {words[1]}` failed:\n{(done.stderr or done.stdout).strip()}")
    return done.stdout + done.stderr


def set_passwords(database: str, passwords: dict[str, str]) -> None:
    """Let roles log in; only the passwords' verifiers are sent."""
    with psycopg.connect(database, autocommit=True) as connection:
        for role, password in passwords.items():
            verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
            connection.execute(
                sql.SQL("alter role {} login password {}").format(
                    sql.Identifier(role), sql.Literal(verifier.decode())
                )
            )


def as_role(database: str, role: str, password: str, ref: str) -> str:
    """The same database, as another role; a pooler tells projects apart by what follows the user's name."""
    user = str(conninfo_to_dict(database).get("user", ""))
    suffix = f".{ref}" if user.endswith(f".{ref}") else ""
    return make_conninfo(database, user=f"{role}{suffix}", password=password)


class Management:
    """The API behind the project's dashboard."""

    def __init__(self, ref: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=f"{MANAGEMENT}/{ref}", headers=headers, timeout=60)

    def send(self, method: str, path: str, body: object = None, **parameters: str) -> Any:
        """What it answers."""
        answer = self._client.request(method, path, json=body, params=parameters)
        if not answer.is_success:
            raise Step(
                f"Supabase refuses {method} {path}: {answer.status_code} {answer.text[:300]}\n"
                "Next: check that the token's account may administer the project."
            )
        return answer.json() if answer.content else None

    def key(self, kind: str) -> str:
        """The project's first API key of a kind, made if there is none."""
        found = [each for each in self.send("GET", "/api-keys", reveal="true") if each.get("type") == kind]
        chosen = (
            found[0]
            if found
            else self.send("POST", "/api-keys", {"type": kind, "name": "default"}, reveal="true")
        )
        return str(chosen["api_key"])


def raise_file_size_limit(api: Management) -> None:
    """Raise the limit of the project; a plan that allows no more keeps its own."""
    now = int(api.send("GET", "/config/storage")["fileSizeLimit"])
    if now >= FILE_SIZE_LIMIT:
        print(f"it is {now} bytes already")
        return
    try:
        api.send("PATCH", "/config/storage", {"fileSizeLimit": FILE_SIZE_LIMIT})
    except Step as error:
        print(f"It stays at {now} bytes: {error}\nLonger videos will not fit.", file=sys.stderr)


def read_settings(folder: Path) -> dict[str, str]:
    """Passwords of an earlier run, by role, and its SECRETS_KEY, so that running processes keep theirs."""
    found = {}
    for role, name in ((WORKER, "worker"), (API, "api")):
        file = folder / f"{name}.env"
        settings = read_file(file) if file.exists() else {}
        if "DATABASE_URL" in settings:
            found[role] = str(conninfo_to_dict(settings["DATABASE_URL"]).get("password", ""))
        if SECRETS_KEY in settings:
            found[SECRETS_KEY] = settings[SECRETS_KEY]
    return found


def read_file(file: Path) -> dict[str, str]:
    """Settings as `write_settings` writes them."""
    lines = (line.partition("=") for line in file.read_text().splitlines() if "=" in line)
    return {name: "".join(shlex.split(value)) for name, _, value in lines}


def write_settings(file: Path, settings: dict[str, str]) -> None:
    """Write settings as a shell reads them."""
    lines = [f"{name}={shlex.quote(value)}" for name, value in settings.items()]
    write_whole(file, ("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
