"""cliprow.queue.child.explain: what becomes of a task, from what its stage raised."""

from __future__ import annotations

import errno

import pytest

from cliprow.errors import FailForGood, InvalidInput, RetryLater, Unavailable
from cliprow.queue.child import explain
from cliprow.queue.frames import pack


@pytest.mark.parametrize(
    ("error", "code", "is_retriable"),
    [
        (RetryLater("Busy.", retry_after_s=3), "TRANSIENT_FAILURE", True),
        (FailForGood("Never."), "INVALID_INPUT", False),
        (InvalidInput("Bad."), "INVALID_INPUT", False),
        (Unavailable("Full.", error_code="STORAGE_FULL"), "STORAGE_FULL", True),
        (MemoryError(), "OUT_OF_MEMORY", True),
        (OSError(errno.ENOSPC, "No space left on device", "/f"), "TRANSIENT_STORAGE_FAILURE", True),
        (ZeroDivisionError("by zero"), "STAGE_CRASHED", True),
    ],
)
def test_an_error_says_what_becomes_of_the_task(error: Exception, code: str, is_retriable: bool) -> None:
    failed = explain(error)
    assert (failed.error_code, failed.is_retriable) == (code, is_retriable)
    assert failed.message


def test_a_message_can_be_sent_and_stored_whatever_is_in_it() -> None:
    failed = explain(ValueError("a NUL \0, half a pair \udc80, and " + "much " * 1000))
    assert "\0" not in failed.message
    assert len(failed.message) <= 1000
    assert pack(failed)
