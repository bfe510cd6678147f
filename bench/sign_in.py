"""A sign-in by password at the embedded gateway, against the hash alone in the same run.

    uv run python bench/sign_in.py [--runs 30]

After each sign-in the same password is compared with its hash in this process, so both sides share whatever else the
machine does. What is left over is HTTP, the database, the claims hook and signing. Sign-ins with an address that nobody
has are timed too: they must not be told apart. Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
from argon2 import PasswordHasher

from cliprow.config import Config, SupabaseProject
from cliprow.local.ports import free_port
from cliprow.local.stack import running_stack

#: Least part of a sign-in that the hash must be.
MIN_SHARE = 0.5
PASSWORD = "a good password"


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def sign_in(client: httpx.Client, email: str, status: int) -> None:
    """Sign in, or be refused."""
    answer = client.post("/token?grant_type=password", json={"email": email, "password": PASSWORD})
    assert answer.status_code == status, answer.text


def measure(project: SupabaseProject, admin: str, runs: int) -> dict[str, float]:
    """Sign-in after sign-in, each with its hash and with one by nobody."""
    headers = {"apikey": project.publishable_key}
    hasher = PasswordHasher()
    with httpx.Client(base_url=f"{project.url}/auth/v1", headers=headers, timeout=60) as client:
        client.post("/signup", json={"email": "ada@example.com", "password": PASSWORD}).raise_for_status()
        with psycopg.connect(admin) as connection:
            row = connection.execute("select encrypted_password from auth.users").fetchone()
        assert row is not None
        sign_in(client, "ada@example.com", 200)
        rounds = [
            (
                seconds(lambda: sign_in(client, "ada@example.com", 200)),
                seconds(lambda: hasher.verify(row[0], PASSWORD)),
                seconds(lambda: sign_in(client, "nobody@example.com", 400)),
            )
            for _ in range(runs)
        ]
    sign_in_s, hash_s, nobody_s = (statistics.median(column) for column in zip(*rounds, strict=True))
    return {
        "sign_in_ms": round(sign_in_s * 1000, 1),
        "hash_ms": round(hash_s * 1000, 1),
        "hash_share": round(statistics.median(hashed / whole for whole, hashed, _ in rounds), 2),
        "unknown_ms": round(nobody_s * 1000, 1),
        "runs": runs,
    }


def main() -> int:
    """Measure, print, and compare with the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        (home / "gateway.json").write_text(json.dumps({"sign_in_limit": 1_000_000}))
        config = Config(home=home, db_port=free_port(), gateway_port=free_port())
        with running_stack(config) as stack:
            result = measure(stack.supabase, stack.admin, chosen.runs)
    print(json.dumps(result))
    print(
        f"The hash takes {result['hash_share']:.0%} of a sign-in of {result['sign_in_ms']:.0f} ms"
        f" (at least {MIN_SHARE:.0%}); for an unknown address it takes {result['unknown_ms']:.0f} ms."
    )
    return 0 if result["hash_share"] >= MIN_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
