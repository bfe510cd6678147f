"""What telling followers costs each task, and how many messages a topic gets while a batch is under way.

    uv run python bench/live_sql.py [--jobs 20] [--pairs 5] [--watched 100]

Workers that only make the SQL calls of a worker take batches to their end, in turns with the live triggers and with
the same triggers disabled, while a flush runs every 250 ms. What is compared is the processor time of the worker's
database process, so that others on the machine do not matter. Then a larger batch is watched: messages on each topic in
any one second. Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from cliprow import db
from cliprow.account import Account, open_local_account
from cliprow.config import Config
from cliprow.local.ports import free_port
from cliprow.local.stack import Stack, running_stack
from cliprow.models import Stage
from cliprow.queue.live_flush import FLUSH_S

#: A task may take this many times as long as without live messages.
MAX_RATIO = 1.15
#: Messages on one topic in any one second.
MAX_MESSAGES = 4
SCENES = 3
_MARKED = ("batches", "generation_jobs", "stage_tasks")


class Hand:
    """A worker's SQL calls, with results made up."""

    def __init__(self, conninfo: str) -> None:
        self.connection: Connection[Any] = db.connect(conninfo)
        self.id = uuid.uuid4()
        self._call(
            "select private.register_worker(%s, %s, 32, 'bench', 1, '0')",
            self.id,
            [str(stage) for stage in Stage],
        )
        self._queue_id = self._call("select procrastinate.procrastinate_register_worker_v1()")

    def _call(self, statement: str, *arguments: object) -> Any:
        with self.connection.transaction():
            row = self.connection.execute(statement.encode(), arguments).fetchone()
        return row[0] if row else None

    def work(self) -> tuple[int, float]:
        """Takes tasks until there are none; returns how many it completed, and the processor seconds it took."""
        count, began = 0, _cpu_s(self.connection.info.backend_pid)
        while entry := self._call(
            "select jsonb_build_array(id, args ->> 'job_id', args ->> 'task_id')"
            " from procrastinate.procrastinate_fetch_job_v2(%s, %s) where id is not null",
            [str(stage) for stage in Stage],
            self._queue_id,
        ):
            claim = self._call(
                "select private.claim_task(%s, %s, %s, %s, '1')", entry[1], entry[2], entry[0], self.id
            )
            if claim["verdict"] == "run":
                facts, files = _result(claim)
                for percent in (30, 60):
                    self._call(
                        "select private.report_progress(%s, %s, %s, %s)",
                        *entry[1:],
                        claim["attempt_id"],
                        percent,
                    )
                self._call(
                    "select private.complete_task(%s, %s, %s, %s, %s, '{}')",
                    *entry[1:],
                    claim["attempt_id"],
                    Jsonb(facts),
                    Jsonb(files),
                )
                count += 1
            self._call("delete from procrastinate.procrastinate_jobs where id = %s returning id", entry[0])
        return count, _cpu_s(self.connection.info.backend_pid) - began

    def leave(self) -> None:
        """Go, and hand back what is left."""
        self._call("select private.leave(%s)", self.id)
        self.connection.close()


def _cpu_s(process_id: int) -> float:
    """Processor time of a process of this machine."""
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _result(claim: dict[str, Any]) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Facts and files as a stage would make them."""
    name = uuid.uuid4().hex * 2
    file = {
        "role": "segment",
        "name": "file.mp4",
        "sha256": name,
        "size_bytes": 10,
        "media_type": "x/y",
        "path": name,
    }
    inputs = claim["inputs"]
    match Stage(claim["stage"]):
        case Stage.SCRIPT:
            scenes = [
                {
                    "scene_number": number,
                    "scene_type": "main_content",
                    "voiceover_text": f"{inputs['topic']} {number}",
                    "visual_description": "words",
                }
                for number in range(1, SCENES + 1)
            ]
            return {"title": inputs["topic"], "language": "en", "scenes": scenes}, []
        case Stage.AUDIO:
            return {"sample_count": 48_000, "words": []}, [file | {"role": "narration"}]
        case Stage.VIDEO:
            return {"frame_count": 30}, [file]
        case Stage.PLATFORM:
            numbers = [scene["scene_number"] for scene in inputs["scenes"]]
            return {"duration_ms": 2000, "scenes_used": numbers}, [file | {"role": "video"}]
        case _:
            return {"title": inputs["title"]}, [file | {"role": "thumbnail"}]


@contextmanager
def _flushing(conninfo: str) -> Iterator[None]:
    """A flush every 250 ms beside the block, as workers make it, and until nothing waits after it."""
    ended = threading.Event()

    def _flush() -> None:
        with db.connect(conninfo) as connection:
            while True:
                row = connection.execute("select private.flush_live()").fetchone()
                connection.commit()
                if ended.is_set() and row is not None and row[0]["waiting"] == 0:
                    return
                time.sleep(FLUSH_S)

    thread = threading.Thread(target=_flush)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _create(account: Account, project_id: UUID, jobs: int) -> UUID:
    topics = [{"topic": f"Topic {uuid.uuid4()}", "platforms": ["youtube", "tiktok"]} for _ in range(jobs)]
    with account.acting() as connection:
        row = connection.execute("select public.create_batch(%s, %s)", [project_id, Jsonb(topics)]).fetchone()
    assert row is not None
    return UUID(row[0]["batch_id"])


def _set_live(stack: Stack, *, live: bool) -> None:
    """Let changes be marked, or not."""
    with db.connect(stack.admin) as admin:
        for table in _MARKED:
            triggers = admin.execute(
                "select tgname from pg_trigger where tgrelid = %s::regclass and tgname like 'mark_%%'",
                [f"public.{table}"],
            ).fetchall()
            for (trigger,) in triggers:
                admin.execute(
                    f"alter table public.{table} {'enable' if live else 'disable'} trigger {trigger}".encode()
                )
        admin.commit()


def _task_ms(stack: Stack, hand: Hand, account: Account, project_id: UUID, jobs: int, *, live: bool) -> float:
    """Milliseconds of the database's processor that one task took, in one batch."""
    _set_live(stack, live=live)
    with _flushing(stack.worker):
        _create(account, project_id, jobs)
        count, seconds = hand.work()
    return 1000 * seconds / count


def _watch(stack: Stack, account: Account, project_id: UUID, jobs: int) -> dict[str, Any]:
    """Messages of one batch under way: the most in any second on one topic, and on all together."""
    with _flushing(stack.worker):
        batch_id = _create(account, project_id, jobs)
        hands = [Hand(stack.worker) for _ in range(2)]
        began = time.perf_counter()
        threads = [threading.Thread(target=hand.work) for hand in hands]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
        for hand in hands:
            hand.leave()
    with db.connect(stack.admin) as admin:
        rows = admin.execute(
            """
            with message as (
              select m.topic, m.event, (m.payload ->> 'ts')::timestamptz as at, octet_length(m.payload::text) as bytes
              from realtime.messages as m
              where (m.payload ->> 'ts')::timestamptz >= (select created_at from public.batches where id = %s)
            ), counted as (
              select m.*, count(*) over (partition by m.topic order by m.at
                range between current row and '999999 microseconds' following) as of_topic,
                count(*) over (order by m.at range between current row and '999999 microseconds' following) as of_all
              from message as m
            )
            select max(of_topic), max(of_all), count(*), count(*) filter (where event = 'resync'), max(bytes) from counted
            """,
            [batch_id],
        ).fetchone()
        ended = admin.execute("select status from public.batches where id = %s", [batch_id]).fetchone()
    assert rows is not None
    assert ended == ("completed",), f"the batch is {ended}"
    return {
        "watched_s": round(seconds, 1),
        "most_per_topic": rows[0],
        "most_of_all": rows[1],
        "messages": rows[2],
        "resyncs": rows[3],
        "largest_bytes": rows[4],
    }


def measure(home: Path, jobs: int, pairs: int, watched: int) -> dict[str, Any]:
    """Batches in pairs, then one that is watched, in a new database."""
    config = Config(home=home, db_port=free_port())
    with running_stack(config, gateway=False) as stack:
        account = open_local_account(stack.admin)
        with account.acting() as connection:
            row = connection.execute(
                "insert into public.projects (name, original_idea) values ('Bench', 'Bench') returning id"
            ).fetchone()
        assert row is not None
        hand = Hand(stack.worker)
        _task_ms(stack, hand, account, row[0], jobs, live=True)  # plans and caches
        taken: list[tuple[float, float]] = []
        for number in range(pairs):
            both = {
                live: _task_ms(stack, hand, account, row[0], jobs, live=live)
                for live in ((True, False) if number % 2 else (False, True))
            }
            taken.append((both[True], both[False]))
        hand.leave()
        _set_live(stack, live=True)
        seen = _watch(stack, account, row[0], watched)
        account.connection.close()
    # The quietest run of each side: what others do on the machine only ever adds.
    live_ms, plain_ms = (min(column) for column in zip(*taken, strict=True))
    return {
        "task_ms": round(live_ms, 2),
        "plain_ms": round(plain_ms, 2),
        "ratio": round(live_ms / plain_ms, 3),
        **seen,
    }


def main() -> int:
    """Measure, print, and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--watched", type=int, default=100)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder) / "home", chosen.jobs, chosen.pairs, chosen.watched)
    print(json.dumps(result))
    print(
        f"a task takes {result['ratio']:.2f} times as long as without live messages (at most {MAX_RATIO}),"
        f" at most {result['most_per_topic']} messages a second on a topic (at most {MAX_MESSAGES})"
    )
    return 0 if result["ratio"] <= MAX_RATIO and result["most_per_topic"] <= MAX_MESSAGES else 1


if __name__ == "__main__":
    sys.exit(main())
