"""Everything that can go wrong, and what the caller does about it.

CliprowError
├── InvalidInput          the caller corrects what it sent
├── NotFound              the caller names something that exists
├── Unauthenticated       the caller signs in, or refreshes its session
├── NotAllowed            the caller asks somebody with the role
├── Conflict              the caller looks at the current state first
├── StaleToken            the worker drops its result: the task belongs to someone else
├── Unavailable           the caller waits for the database or storage, and repeats
├── MissingDependency     the operator installs what `cliprow doctor` names
└── StageError            a stage says what becomes of its task
    ├── RetryLater        transient: the task is tried again after a backoff
    │   └── Deferred      nothing was tried: the task is handed back, and counts no attempt
    ├── FailForGood       invalid input or no permission: the task becomes a dead letter
    └── Cancelled         somebody withdrew the work
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class CliprowError(Exception):
    """Something Cliprow can explain: what happened, why, and what to do next."""

    #: Stable, upper-case name of the error, as stored in `error_code` columns.
    error_code = "CLIPROW_ERROR"
    #: What the reader can do about it; empty when the message already says so.
    next_step = ""

    def __init__(self, message: str, *, error_code: str = "", next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.error_code = error_code or type(self).error_code
        self.next_step = next_step or type(self).next_step


@dataclass(frozen=True)
class RowProblem:
    """Why one part of an input cannot be used."""

    #: Place of the topic from 1, or line of the file; None where it is not about a row.
    row: int | None
    field: str
    reason: str


class InvalidInput(CliprowError):
    """The input cannot be used as it is.

    Args:
        problems: what is wrong with which part of it, where there is more to say than the message.
    """

    error_code = "INVALID_INPUT"

    def __init__(
        self, message: str, *, error_code: str = "", next_step: str = "", problems: Sequence[RowProblem] = ()
    ) -> None:
        super().__init__(message, error_code=error_code, next_step=next_step)
        self.problems = tuple(problems)


class NotFound(CliprowError):
    """Nothing by that name is visible to the caller."""

    error_code = "NOT_FOUND"


class Unauthenticated(CliprowError):
    """Nobody is signed in, or no longer."""

    error_code = "UNAUTHENTICATED"
    next_step = "Sign in, and send the access token as `Authorization: Bearer`."


class NotAllowed(CliprowError):
    """The caller's role does not allow this."""

    error_code = "NOT_ALLOWED"


class Conflict(CliprowError):
    """The row is in a state that does not allow this."""

    error_code = "CONFLICT"


class StaleToken(CliprowError):
    """The attempt no longer owns its task; its result is refused."""

    error_code = "STALE_TOKEN"


class Unavailable(CliprowError):
    """The database or the storage does not answer."""

    error_code = "UNAVAILABLE"


class MissingDependency(CliprowError):
    """This machine lacks something a command needs."""

    error_code = "MISSING_DEPENDENCY"
    next_step = "Run `cliprow doctor` to see what is missing and how to install it."


class StageError(CliprowError):
    """A stage could not produce its result."""


class RetryLater(StageError):
    """Transient: provider 429 or 5xx, storage, network.

    Args:
        retry_after_s: seconds the other side asked us to wait (its Retry-After), if it did.
    """

    error_code = "TRANSIENT_FAILURE"

    def __init__(
        self,
        message: str,
        *,
        error_code: str = "",
        next_step: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, error_code=error_code, next_step=next_step)
        self.retry_after_s = retry_after_s


class Deferred(RetryLater):
    """A provider is not to be asked before some time has passed; nothing was tried.

    Args:
        retry_after_s: seconds until then.
    """

    error_code = "PROVIDER_RATE_LIMITED"
    next_step = "Nothing is to be done: it goes on by itself. `cliprow prices rate` shows the limits."


class FailForGood(StageError):
    """Trying again with the same input cannot help."""

    error_code = "INVALID_INPUT"


class Cancelled(StageError):
    """The work was withdrawn while it ran."""

    error_code = "CANCELLED"
