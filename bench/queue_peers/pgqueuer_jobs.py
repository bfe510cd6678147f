"""pgqueuer: bare no-op jobs. Usage: pgqueuer_jobs.py COUNT; connects by PG* variables."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import timedelta

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode


async def main(count: int) -> None:
    """Enqueue, then run until there are none left, and time the run."""
    connection = await asyncpg.connect()
    driver = AsyncpgDriver(connection)
    queries = Queries(driver)
    await queries.install()
    await queries.enqueue(["nothing"] * count, [None] * count, [0] * count)
    queuer = PgQueuer(driver)
    done = 0

    @queuer.entrypoint("nothing")
    async def nothing(job: Job) -> None:
        nonlocal done
        done += 1

    began = time.perf_counter()
    await queuer.qm.run(batch_size=50, dequeue_timeout=timedelta(seconds=1), mode=QueueExecutionMode.drain)
    print(json.dumps({"jobs": done, "seconds": time.perf_counter() - began}))


asyncio.run(main(int(sys.argv[1])))
