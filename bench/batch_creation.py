"""create_batch with many topics, against writing the same rows into bare copies of its tables in the same run.

    uv run python bench/batch_creation.py [--topics 10000] [--runs 5]

The copies have the same columns, checks and indexes, but no triggers and no foreign keys: what is left over is what
validation, counters, isolation and the queue cost. Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from cliprow import db
from cliprow.account import Account, open_local_account
from cliprow.config import Config
from cliprow.local.postgres import free_port
from cliprow.local.stack import running_stack

#: create_batch may take this many times what the bare rows take.
MAX_RATIO = 4.0
_TABLES = ("generation_jobs", "stage_tasks")


def create(account: Account, project_id: UUID, topics: Jsonb) -> tuple[float, UUID]:
    """Seconds of one call and its commit, and the batch."""
    began = time.perf_counter()
    with account.acting() as connection:
        row = connection.execute("select public.create_batch(%s, %s)", [project_id, topics]).fetchone()
    assert row is not None
    return time.perf_counter() - began, UUID(row[0]["batch_id"])


def copy(admin: Connection[tuple[object, ...]], batch_id: UUID) -> float:
    """Seconds that the batch's rows take in bare tables."""
    with admin.transaction(force_rollback=True):
        for table in _TABLES:
            admin.execute(f"create table private.bare_{table} (like public.{table} including all)".encode())
        began = time.perf_counter()
        for table in _TABLES:
            columns = ", ".join(
                str(name)
                for (name,) in admin.execute(
                    "select attname from pg_attribute"
                    " where attrelid = %s::regclass and attnum > 0 and attgenerated = '' order by attnum",
                    [f"public.{table}"],
                )
            )
            admin.execute(
                f"insert into private.bare_{table} ({columns}) select {columns} from public.{table}"
                " where batch_id = %s".encode(),
                [batch_id],
            )
        return time.perf_counter() - began


def measure(home: Path, topic_count: int, runs: int) -> dict[str, float]:
    """Batch after batch in a new database, each with its copy."""
    topics = Jsonb(
        [
            {
                "topic": f"Why sky number {n} is blue",
                "brief": "Light meets molecules that are much smaller than its waves. " * 3,
                "platforms": ["youtube", "tiktok", "instagram"],
                "duration_s": 45,
            }
            for n in range(topic_count)
        ]
    )
    with running_stack(Config(home=home, db_port=free_port())) as stack, db.connect(stack.admin) as admin:
        account = open_local_account(stack.admin)
        with account.acting() as connection:
            row = connection.execute(
                "insert into public.projects (name, original_idea) values ('Bench', 'Bench') returning id"
            ).fetchone()
        assert row is not None
        pairs = []
        for _ in range(runs):
            create_s, batch_id = create(account, row[0], topics)
            pairs.append((create_s, copy(admin, batch_id)))
        account.connection.close()
    create_s, plain_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {
        "topics": topic_count,
        "create_s": round(create_s, 3),
        "plain_s": round(plain_s, 3),
        "ratio": round(statistics.median(created / plain for created, plain in pairs), 2),
        "topics_per_s": round(topic_count / create_s),
        "runs": runs,
    }


def main() -> int:
    """Measure, print, and compare with the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topics", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder) / "home", chosen.topics, chosen.runs)
    print(json.dumps(result))
    print(
        f"{result['topics']} topics in {result['create_s']:.2f} s,"
        f" {result['ratio']:.1f} times the bare rows (at most {MAX_RATIO:.0f})"
    )
    return 0 if result["ratio"] <= MAX_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
