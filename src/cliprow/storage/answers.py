"""What the storage's refusals mean for us, and how long we go on asking.

Whatever may pass by itself (no connection, a restart, too many requests) is asked again, with growing pauses, for as
long as `PATIENCE_S`; then it is `Unavailable`, and whoever asked tries later.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

import httpx
from storage3.exceptions import StorageApiError

from cliprow.errors import CliprowError, Conflict, InvalidInput, NotAllowed, NotFound, Unavailable

logger = logging.getLogger(__name__)

#: How long an operation goes on after its first failure, in seconds; every bit of progress begins it anew.
PATIENCE_S = 30.0
#: The first pause and the longest one, in seconds.
_PAUSES_S = (0.1, 5.0)
#: After so long without a connection, whoever can start the storage again is told. Seconds.
_LOST_S = 1.0
#: What may pass by itself: timeout, conflict of two writers, lock, too early, too many; and 5xx.
_PASSING = frozenset({408, 409, 423, 425, 429})
_FULL = 507

_T = TypeVar("_T")


class Refusal(Exception):
    """The storage answered, but not with what was asked for.

    Args:
        status: what is meant, as the body says it; Supabase Storage sends most refusals as 400.
    """

    def __init__(self, status: int, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after_s = retry_after_s

    @property
    def already_exists(self) -> bool:
        """Whether a file is there that may not be replaced; other conflicts are between requests."""
        return self.status == 409 and "already exists" in self.message.lower()

    @property
    def is_passing(self) -> bool:
        """Whether it may be gone when we ask again."""
        if self.already_exists:
            return False
        return self.status in _PASSING or (self.status >= 500 and self.status != _FULL)


def refusal_of(response: httpx.Response) -> Refusal:
    """What an answer that is no success says; its body has been read."""
    status, message = response.status_code, response.reason_phrase
    try:
        body = response.json()
        status = int(body.get("statusCode") or status)
        message = str(body.get("message") or body.get("error") or message)
    except (ValueError, AttributeError, TypeError):
        message = response.text[:200].strip() or message  # TUS answers in plain text
    after = response.headers.get("retry-after", "")
    return Refusal(status, message, float(after) if after.isdecimal() else None)


def check(response: httpx.Response, *expected: int) -> httpx.Response:
    """Return the answer if it has one of these statuses.

    Raises:
        Refusal: it has not.
    """
    if response.status_code not in expected:
        response.read()
        raise refusal_of(response)
    return response


class Persistence:
    """One operation's patience: says whether to ask again, and waits before it does."""

    def __init__(self, what: str, on_lost: Callable[[], object] | None, patience_s: float) -> None:
        self._what, self._on_lost, self._patience_s = what, on_lost, patience_s
        self.progressed()

    def progressed(self) -> None:
        """Something arrived: the patience begins anew."""
        self._since: float | None = None
        self._pause_s = _PAUSES_S[0]
        self._is_lost_told = False

    def wait(self, error: Exception) -> None:
        """Wait before asking again.

        Raises:
            CliprowError: asking again would not help, or has not for too long.
        """
        now = time.monotonic()
        self._since = self._since or now
        if not isinstance(error, httpx.TransportError) and not (
            isinstance(error, Refusal) and error.is_passing
        ):
            raise explain(error, self._what) from error
        if now - self._since > self._patience_s:
            raise explain(error, self._what) from error
        if isinstance(error, httpx.TransportError) and now - self._since > _LOST_S and self._on_lost:
            if not self._is_lost_told:
                self._is_lost_told = True
                logger.warning("The storage does not answer; seeing to it that it runs.")
                self._on_lost()
        asked = error.retry_after_s if isinstance(error, Refusal) else None
        time.sleep(asked if asked is not None and asked < 30 else random.uniform(0.5, 1) * self._pause_s)
        self._pause_s = min(2 * self._pause_s, _PAUSES_S[1])

    def run(self, ask: Callable[[], _T]) -> _T:
        """Ask until there is an answer.

        Raises:
            CliprowError: there is none.
        """
        while True:
            try:
                return ask()
            except (httpx.HTTPError, Refusal, StorageApiError) as error:
                self.wait(as_refusal(error))


def as_refusal(error: Exception) -> Exception:
    """What the client package raises, as `Refusal`; other errors as they are."""
    if not isinstance(error, StorageApiError):
        return error
    status = str(error.status)
    return Refusal(int(status) if status.isdecimal() else 500, error.message)


def explain(error: Exception, what: str) -> CliprowError:
    """The error of ours for one of theirs.

    Args:
        what: what was being done, like `store a/b`.
    """
    if not isinstance(error, Refusal):
        reason = str(error) or type(error).__name__
        return Unavailable(
            f"The storage does not answer: could not {what} ({reason}).",
            error_code="TRANSIENT_STORAGE_FAILURE",
            next_step="Check that SUPABASE_URL is right and reachable; the work goes on by itself, nothing is lost.",
        )
    said = f"could not {what}: {error.message} ({error.status})"
    match error.status:
        case 404 if "bucket" in error.message.lower():
            return NotFound(
                f"The storage {said}.",
                error_code="STORAGE_BUCKET_MISSING",
                next_step="Run `cliprow db migrate`, which makes the bucket `media`.",
            )
        case 404:
            return NotFound(
                f"The storage {said}.",
                error_code="STORAGE_FILE_MISSING",
                next_step="Restore the storage from a backup, or retry the job to make the file again.",
            )
        case 401 | 403:
            return NotAllowed(
                f"The storage {said}.",
                error_code="STORAGE_NOT_ALLOWED",
                next_step="For a worker: check SUPABASE_SECRET_KEY. For a user: uploading takes the role editor.",
            )
        case 409 if error.already_exists:
            return Conflict(f"The storage {said}.", error_code="STORAGE_FILE_EXISTS")
        case 413:
            return InvalidInput(
                f"The storage {said}.",
                error_code="STORAGE_FILE_TOO_LARGE",
                next_step="Raise the limit of the bucket `media` and of the project (Storage settings).",
            )
        case 507:
            return Unavailable(
                f"The storage is full: {said}.",
                error_code="STORAGE_FULL",
                next_step="Free some space there; the work goes on by itself, nothing is lost.",
            )
        case _ if error.is_passing:
            return Unavailable(
                f"The storage {said}.",
                error_code="TRANSIENT_STORAGE_FAILURE",
                next_step="The work goes on by itself, nothing is lost.",
            )
        case _:
            return InvalidInput(f"The storage {said}.", error_code="STORAGE_REFUSES")
