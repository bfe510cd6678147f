"""What a slot and its child process say to each other: MessagePack frames, each after its length in 4 bytes."""

from __future__ import annotations

import asyncio
from typing import BinaryIO

import msgspec

from cliprow.models import Stage
from cliprow.providers.paid import Usage

_LENGTH = 4
#: Longest body of a frame, in bytes: frames hold scripts with word times, never media.
FRAME_LIMIT = 64 * 2**20


class BadFrame(Exception):
    """The other side sent something that is no message; there is no finding back to the next one."""


class Settings(msgspec.Struct, tag="settings"):
    """First thing a child hears: provider settings. Not in its environment, which anything it starts would see."""

    settings: dict[str, str]


class Hello(msgspec.Struct, tag="hello"):
    """First thing a child says: which version of each stage it runs."""

    versions: dict[Stage, str]


class Request(msgspec.Struct, tag="request"):
    """Run one stage."""

    stage: Stage
    #: JSON of the stage's inputs.
    inputs: bytes
    #: Working folder of the attempt.
    folder: str
    #: Input files: sha256 to local path.
    files: dict[str, str]
    #: Provider settings of this run alone, before those of the child: keys that the tenant brings itself.
    secrets: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Request({self.stage}, {self.folder})"


class Progress(msgspec.Struct, tag="progress"):
    """How far the stage is, 0.0 to 1.0."""

    fraction: float


class CallAsked(msgspec.Struct, tag="call_asked"):
    """The stage is about to ask a provider; answered by `CallVerdict`."""

    provider: str
    model: str
    #: sha256 of all that decides the answer.
    request_hash: str
    #: Sent and received, for rates.
    expected_tokens: int


class CallMade(msgspec.Struct, tag="call_made"):
    """A provider has answered; answered by `CallVerdict` once it is kept."""

    idempotency_key: str
    #: The provider's own name of the call.
    request_id: str
    usage: Usage
    response: str


class CallRefused(msgspec.Struct, tag="call_refused"):
    """A provider has refused; answered by `CallVerdict` once it is noted."""

    idempotency_key: str
    retry_after_s: float | None = None


class CallsDiscarded(msgspec.Struct, tag="calls_discarded"):
    """Answers of providers are of no use; answered by `CallVerdict` once it is noted."""

    idempotency_keys: list[str]


class CallVerdict(msgspec.Struct, tag="call_verdict"):
    """What becomes of a call: kept (the response is here), call, wait (so many seconds), or noted."""

    verdict: str
    idempotency_key: str = ""
    response: str = ""
    wait_s: float = 0.0


class MadeFile(msgspec.Struct):
    """A file the stage has written."""

    role: str
    path: str
    media_type: str
    name: str


class Done(msgspec.Struct, tag="done"):
    """The stage's result."""

    #: JSON of the facts.
    facts: bytes
    files: list[MadeFile]


class Failed(msgspec.Struct, tag="failed"):
    """The stage raised; in the form that `fail_task` takes."""

    error_code: str
    message: str
    next_step: str
    is_retriable: bool
    retry_after_s: float | None = None
    #: Where it was raised.
    traceback: str = ""
    #: Nothing was tried: it is handed back for `retry_after_s`, and counts no attempt.
    is_deferred: bool = False
    #: What the process printed meanwhile.
    said: str = ""

    @property
    def log(self) -> str:
        """The lines that are kept with the attempt."""
        return "\n".join(part.strip("\n") for part in (self.said, self.traceback) if part)


CallMessage = CallAsked | CallMade | CallRefused | CallsDiscarded
Answer = Hello | Progress | Done | Failed | CallMessage
Order = Settings | Request | CallVerdict

_answers = msgspec.msgpack.Decoder(Answer)
_orders = msgspec.msgpack.Decoder(Order)


def pack(message: Answer | Order) -> bytes:
    """One message as a frame."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(_LENGTH, "big") + body


def _checked_size(head: bytes) -> int:
    size = int.from_bytes(head, "big")
    if size > FRAME_LIMIT:
        raise BadFrame(f"a frame of {size} bytes")
    return size


async def read_answer(stream: asyncio.StreamReader) -> Answer:
    """Next message of a child.

    Raises:
        asyncio.IncompleteReadError: the child has ended.
        BadFrame: it sent something else.
    """
    size = _checked_size(await stream.readexactly(_LENGTH))
    try:
        answer: Answer = _answers.decode(await stream.readexactly(size))
    except msgspec.DecodeError as error:
        raise BadFrame(str(error)) from error
    return answer


def read_order(stream: BinaryIO) -> Order | None:
    """What the worker wants next from this child, or None when the worker is gone."""
    head = stream.read(_LENGTH)
    if len(head) < _LENGTH:
        return None
    size = _checked_size(head)
    body = stream.read(size)
    return _orders.decode(body) if len(body) == size else None
