"""Stock procrastinate: bare no-op jobs. Usage: procrastinate_jobs.py COUNT; connects by PG* variables."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector())


@app.task
async def nothing() -> None:
    """Do nothing."""


async def main(count: int) -> None:
    """Enqueue, then run, and time the run."""
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for made in range(0, count, 1000):
            await nothing.batch_defer_async(*[{} for _ in range(min(1000, count - made))])
        began = time.perf_counter()
        await app.run_worker_async(concurrency=20, wait=False, install_signal_handlers=False)
        print(json.dumps({"jobs": count, "seconds": time.perf_counter() - began}))


asyncio.run(main(int(sys.argv[1])))
