"""From the commit of a message in the database to the callback of supabase-js, with 1 and with 100 subscribers.

    uv run python bench/live_latency.py [--messages 400] [--per-second 20]

Everything is real: the embedded database with all migrations, the gateway, a user who signed up, a private topic of
that user's tenant, and supabase-js clients, all in one process, each with a websocket of its own. Messages of about 1 kB
are sent with realtime.send; the clock starts when the commit is asked for, and both sides read the same clock. Prints
one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psycopg
from psycopg.types.json import Jsonb

from cliprow.config import Config, SupabaseProject
from cliprow.local.ports import free_port
from cliprow.local.stack import running_stack

SUBSCRIBERS = (1, 100)
#: Most milliseconds, in the middle and for one in a hundred; by number of subscribers.
MAX_P50_MS = {1: 5.0, 100: None}
MAX_P99_MS = {1: 40.0, 100: 60.0}
_SCRIPT = Path(__file__).with_suffix(".mjs")
_FILLING = "x" * 900


def sign_up(project: SupabaseProject) -> str:
    """The token of a new user."""
    answer = httpx.post(
        f"{project.url}/auth/v1/signup",
        json={"email": "ada@example.com", "password": "a good password"},
        headers={"apikey": project.publishable_key},
        timeout=60,
    )
    return str(answer.raise_for_status().json()["access_token"])


def topic_of(connection: psycopg.Connection) -> str:
    """The topic of the only tenant."""
    row = connection.execute("select 'tenant:' || id || ':' || epoch from public.tenants").fetchone()
    assert row is not None
    return str(row[0])


def send(connection: psycopg.Connection, topic: str, payload: dict[str, object]) -> tuple[int, int]:
    """Send, and return when the commit was asked for and when it was done."""
    connection.execute("select realtime.send(%s, 'bench', %s)", [Jsonb(payload), topic])
    asked = time.monotonic_ns()
    connection.commit()
    return asked, time.monotonic_ns()


def measure(
    project: SupabaseProject, admin: str, token: str, subscribers: int, messages: int, per_second: float
) -> dict[str, float]:
    """Milliseconds of all deliveries to so many subscribers."""
    node = shutil.which("node")
    assert node, "node is needed, and `npm install`"
    with psycopg.connect(admin) as connection:
        topic = topic_of(connection)
        command = [node, str(_SCRIPT), project.url, project.publishable_key, token, topic, str(subscribers)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            sent = {}
            for number in range(messages):
                sent[number] = send(connection, topic, {"n": number, "text": _FILLING})
                time.sleep(random.uniform(0.5, 1.5) / per_second)
            send(connection, topic, {"last": True})
            received = dict(json.loads(process.stdout.readline()))
    latencies = sorted((at - sent[number][0]) / 1e6 for number, all_ in received.items() for at in all_)
    commits = sorted((done - asked) / 1e6 for asked, done in sent.values())
    assert len(latencies) == messages * subscribers, f"{len(latencies)} deliveries"
    return {
        "p50_ms": round(quantile(latencies, 0.50), 2),
        "p99_ms": round(quantile(latencies, 0.99), 2),
        "max_ms": round(latencies[-1], 2),
        "commit_p50_ms": round(quantile(commits, 0.50), 2),
        "commit_p99_ms": round(quantile(commits, 0.99), 2),
        "deliveries": len(latencies),
    }


def quantile(ordered: list[float], part: float) -> float:
    """The value that this part of all values does not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def misses(result: dict[int, dict[str, float]]) -> list[str]:
    """Which targets are missed."""
    missed = []
    for count, figures in result.items():
        for name, most in (("p50_ms", MAX_P50_MS[count]), ("p99_ms", MAX_P99_MS[count])):
            if most is not None and figures[name] > most:
                missed.append(f"{name} with {count} subscribers is {figures[name]}, at most {most:.0f}")
    return missed


def main() -> int:
    """Measure, print, and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=400)
    parser.add_argument("--per-second", type=float, default=20)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = Config(home=Path(folder) / "home", db_port=free_port(), gateway_port=free_port())
        with running_stack(config) as stack:
            token = sign_up(stack.supabase)
            result = {
                count: measure(stack.supabase, stack.admin, token, count, chosen.messages, chosen.per_second)
                for count in SUBSCRIBERS
            }
    print(json.dumps(result))
    print(
        "From commit to callback: "
        + "; ".join(
            f"{figures['p50_ms']:.1f} ms, p99 {figures['p99_ms']:.1f} ms with {count}"
            for count, figures in result.items()
        )
    )
    for missed in misses(result):
        print(f"missed: {missed}")
    return 1 if misses(result) else 0


if __name__ == "__main__":
    sys.exit(main())
