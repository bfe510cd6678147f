"""Stock procrastinate: bare no-op jobs. Usage: procrastinate_jobs.py COUNT; connects by PG* variables."""

import asyncio
import json
import sys
import time

import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector())


@app.task
async def nothing() -> None:
    return None


async def main(count: int) -> None:
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for _ in range(0, count, 1000):
            await nothing.batch_defer_async(*[{} for _ in range(1000)])
        began = time.perf_counter()
        await app.run_worker_async(concurrency=20, wait=False, install_signal_handlers=False)
        print(json.dumps({"jobs": count, "seconds": time.perf_counter() - began}))


asyncio.run(main(int(sys.argv[1]) // 1000 * 1000))
