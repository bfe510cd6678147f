"""What a Supabase project has before any migration of ours: roles, and the schemas auth, storage and realtime.

The SQL stands beside this module. Each file is applied once to a database, in one transaction, and recorded in
`local_stack.steps`; a later version of Cliprow adds files. Roles belong to the whole cluster, so the file that makes
them may meet them already there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from importlib import resources

import psycopg
from psycopg import sql


def bootstrap(conninfo: str) -> list[str]:
    """Apply the files that this database lacks; `conninfo` is the superuser's.

    Returns:
        Names of the files applied now.
    """
    applied = []
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "create schema if not exists local_stack;"
            "create table if not exists local_stack.steps"
            " (name text primary key, applied_at timestamptz not null default now())"
        )
        known = {name for (name,) in connection.execute("select name from local_stack.steps")}
        for name, text in _files():
            if name not in known:
                with connection.transaction():
                    connection.execute(text.encode())
                    connection.execute("insert into local_stack.steps (name) values (%s)", [name])
                applied.append(name)
    return applied


def set_password(connection: psycopg.Connection, role: str, password: str) -> bool:
    """Let `role` log in with `password`, if it exists and cannot yet. Only the password's verifier is sent.

    Returns:
        Whether the role exists.
    """
    found = connection.execute(
        "select rolcanlogin, coalesce(rolpassword, '') from pg_authid where rolname = %s", [role]
    ).fetchone()
    if found is None:
        return False
    can_login, verifier = found
    if not can_login or not _verifies(verifier, password):
        encrypted = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        connection.execute(
            sql.SQL("alter role {} login password {}").format(
                sql.Identifier(role), sql.Literal(encrypted.decode())
            )
        )
    return True


def _files() -> list[tuple[str, str]]:
    folder = resources.files("cliprow.local.bootstrap")
    found = [
        (file.name, file.read_text(encoding="utf-8"))
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found)


def _verifies(verifier: str, password: str) -> bool:
    """Whether a stored `SCRAM-SHA-256$iterations:salt$stored_key:server_key` belongs to the password (RFC 5802)."""
    try:
        _, counted_salt, keys = verifier.split("$")
        iterations, salt = counted_salt.split(":")
        stored_key = base64.b64decode(keys.split(":")[0])
    except ValueError:
        return False
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), stored_key)
