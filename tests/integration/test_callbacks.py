"""From the end of a job to the server of who asked to be told."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

from psycopg.types.json import Jsonb
from standardwebhooks import Webhook

from cliprow.queue.callbacks import CallbackSender
from cliprow.queue.calls import QueueCalls
from tests.sql.conftest import ann, world
from tests.sql.world import Person, World
from tests.unit.queue.test_callbacks import HookServer, hook_server

__all__ = ["ann", "hook_server", "world"]


def test_an_end_is_told_signed_and_noted(world: World, ann: Person, hook_server: HookServer) -> None:
    world.run("update private.settings set private_callbacks = true")
    made = world.call(ann, "create_webhook", Jsonb({"url": f"{hook_server.url}/ok", "events": ["job.ended"]}))
    batch = world.create_batch(ann, world.add_project(ann), ["Tea"])["batch_id"]
    world.call(ann, "cancel_batch", batch)

    async def _send() -> None:
        calls = QueueCalls(world.database.worker, uuid4())
        await calls.open()
        sending = asyncio.create_task(CallbackSender(calls).run())
        try:
            async with asyncio.timeout(30):
                while world.one("select status from private.webhook_deliveries") == "pending":  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await calls.close()

    asyncio.run(_send())
    assert world.rows("select status, response_status, attempt_count from private.webhook_deliveries") == [
        ("delivered", 204, 1)
    ]
    [(headers, body)] = hook_server.got
    told = Webhook(made["secret"]).verify(body.decode(), headers)
    assert (told["type"], told["data"]["status"], told["data"]["topic"]) == ("job.ended", "cancelled", "Tea")
    assert json.loads(body) == told
