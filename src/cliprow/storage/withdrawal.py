"""Uploads that nobody wants any more: they end at their next piece, and what has arrived of them is removed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from cliprow.errors import Cancelled

_withdrawn: ContextVar[threading.Event | None] = ContextVar("withdrawn", default=None)


@contextmanager
def withdrawable() -> Iterator[threading.Event]:
    """An event: once it is set, uploads begun inside the block end, also those in threads that it has started."""
    event = threading.Event()
    token = _withdrawn.set(event)
    try:
        yield event
    finally:
        _withdrawn.reset(token)


def check_wanted() -> None:
    """Between two steps of an upload.

    Raises:
        Cancelled: it is wanted no more.
    """
    event = _withdrawn.get()
    if event is not None and event.is_set():
        raise Cancelled("The work was withdrawn while its result was being stored.")
