"""Tasks in the background, and how to be sure that they end."""

from __future__ import annotations

import asyncio
from typing import Any

#: How long a task may go on after it was told to end, before it is told again.
_PATIENCE_S = 0.5


async def end_task(task: asyncio.Task[Any] | None) -> None:
    """Cancel a task and wait until it is over.

    Once is not enough: up to Python 3.11 `asyncio.wait_for`, which psycopg waits with, forgets a cancellation that
    comes together with what it waits for.
    """
    while task and not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_PATIENCE_S)
