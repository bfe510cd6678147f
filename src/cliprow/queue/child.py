"""A child process: runs stages, one after another, and knows neither database nor storage.

    python -m cliprow.queue.child

Settings, then requests come on standard input, answers leave on standard output (see frames.py); whatever a library
prints goes to standard error, which the worker reads. It leads its own process group, with the engines it starts, and
ends that group when the worker is gone.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import queue
import signal
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol, get_type_hints

import msgspec

from cliprow.errors import (
    Cancelled,
    CliprowError,
    Deferred,
    FailForGood,
    InvalidInput,
    MissingDependency,
    NotFound,
    RetryLater,
)
from cliprow.models import Stage
from cliprow.providers.paid import PaidCalls, Permit, Usage
from cliprow.queue.frames import (
    Answer,
    CallAsked,
    CallMade,
    CallMessage,
    CallRefused,
    CallsDiscarded,
    CallVerdict,
    Done,
    Failed,
    Hello,
    MadeFile,
    Progress,
    Request,
    Settings,
    pack,
    read_order,
)
from cliprow.stages import StageOutput, Work


class StageModule(Protocol):
    """What every module of `cliprow.stages` has."""

    def version(self, settings: dict[str, str]) -> str:
        """Changes whenever equal inputs would give other bytes."""
        ...

    def run(self, inputs: Any, work: Work) -> StageOutput:
        """Does the stage's work."""
        ...


def load_stages() -> dict[Stage, StageModule]:
    """Import every stage; takes a second or two, once per process."""
    return {stage: importlib.import_module(f"cliprow.stages.{stage}") for stage in Stage}


def explain(error: Exception) -> Failed:
    """What became of the task, from what its stage raised: unknown errors are retriable."""
    failed = _classify(error)
    return msgspec.structs.replace(
        failed, message=_storable(failed.message)[:_MESSAGE_LIMIT], traceback=_storable(failed.traceback)
    )


def _storable(text: str) -> str:
    """The text without what neither MessagePack nor Postgres takes, such as bytes of an odd file name."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _classify(error: Exception) -> Failed:
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, CliprowError):
        final = isinstance(error, FailForGood | Cancelled | InvalidInput | NotFound | MissingDependency)
        return Failed(
            error_code=error.error_code,
            message=error.message,
            next_step=error.next_step,
            is_retriable=not final,
            retry_after_s=error.retry_after_s if isinstance(error, RetryLater) else None,
            traceback="" if isinstance(error, RetryLater | FailForGood) else trace,
            is_deferred=isinstance(error, Deferred),
        )
    if isinstance(error, MemoryError):
        return Failed("OUT_OF_MEMORY", "The stage ran out of memory.", _MEMORY_STEP, True, traceback=trace)
    if isinstance(error, OSError) and error.errno is not None:
        return Failed(
            "TRANSIENT_STORAGE_FAILURE",
            f"The stage could not use a file: {error.strerror} ({error.filename}).",
            "Check the free disk space of the worker's machine.",
            True,
            traceback=trace,
        )
    return Failed(
        "STAGE_CRASHED",
        f"The stage stopped with an unexpected error: {type(error).__name__}: {error}",
        "It is tried again by itself. If it fails each time, the worker's log has the details.",
        True,
        traceback=trace,
    )


#: Longest message that is kept, in characters; a provider may send a whole page.
_MESSAGE_LIMIT = 1000
_MEMORY_STEP = "Raise the worker's --memory-mb, or run fewer slots on this machine."


class AskedCalls:
    """Calls of providers, asked for and kept by the worker at the other end of the pipe."""

    def __init__(self, out: BinaryIO, verdicts: queue.Queue[CallVerdict]) -> None:
        self._out, self._verdicts = out, verdicts

    def _say(self, message: CallMessage) -> CallVerdict:
        _send(self._out, message)
        return self._verdicts.get()  # when the worker goes, this process does

    def ask(self, provider: str, model: str, request: bytes, expected_tokens: int) -> Permit:
        """Ask before a call. Raises Deferred when the provider is not to be asked yet."""
        digest = hashlib.sha256(request).hexdigest()
        told = self._say(CallAsked(provider, model, digest, expected_tokens))
        if told.verdict == "wait":
            raise Deferred(
                f"The provider {provider} is not asked for another {told.wait_s:.0f} s.",
                retry_after_s=told.wait_s,
            )
        return Permit(told.idempotency_key, told.response if told.verdict == "kept" else None)

    def keep(self, permit: Permit, request_id: str, usage: Usage, response: str) -> None:
        """Keep an answer; returns once it is safe."""
        self._say(CallMade(permit.idempotency_key, request_id, usage, response))

    def failed(self, permit: Permit, retry_after_s: float | None) -> None:
        """The provider refused."""
        self._say(CallRefused(permit.idempotency_key, retry_after_s))

    def discard(self, permits: Sequence[Permit]) -> None:
        """Answers that are of no use."""
        self._say(CallsDiscarded([permit.idempotency_key for permit in permits]))


def run_request(
    stages: dict[Stage, StageModule],
    request: Request,
    settings: dict[str, str],
    out: BinaryIO,
    calls: PaidCalls,
) -> Done | Failed:
    """Run one stage and say how it ended."""
    module = stages[request.stage]

    def progress(fraction: float) -> None:
        _send(out, Progress(fraction))

    work = Work(
        folder=Path(request.folder),
        settings={**settings, **request.secrets},
        files={sha256: Path(path) for sha256, path in request.files.items()},
        progress=progress,
        calls=calls,
    )
    try:
        inputs = msgspec.json.decode(request.inputs, type=get_type_hints(module.run)["inputs"])
        output = module.run(inputs, work)
        return Done(
            facts=msgspec.json.encode(output.facts),
            files=[MadeFile(f.role, str(f.path), f.media_type, f.name) for f in output.files],
        )
    except Exception as error:  # noqa: BLE001 - whatever a stage raises becomes the task's error, in words
        return explain(error)


def _send(out: BinaryIO, message: Answer) -> None:
    out.write(pack(message))
    out.flush()


def _read_ahead(source: BinaryIO, requests: queue.Queue[Request], verdicts: queue.Queue[CallVerdict]) -> None:
    """Hand on requests and verdicts; when the worker is gone, or talks nonsense, end this process and its engines."""
    try:
        while isinstance(order := read_order(source), Request | CallVerdict):
            if isinstance(order, Request):
                requests.put(order)
            else:
                verdicts.put(order)
    finally:
        os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Run until the worker closes our standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source = os.fdopen(os.dup(0), "rb")
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    order = read_order(source)
    if not isinstance(order, Settings):
        return  # the worker is gone already
    settings = order.settings
    stages = load_stages()
    _send(out, Hello({stage: module.version(settings) for stage, module in stages.items()}))
    requests: queue.Queue[Request] = queue.Queue()
    verdicts: queue.Queue[CallVerdict] = queue.Queue()
    threading.Thread(target=_read_ahead, args=(source, requests, verdicts), daemon=True).start()
    calls = AskedCalls(out, verdicts)
    while True:
        _send(out, run_request(stages, requests.get(), settings, out, calls))


if __name__ == "__main__":
    main()
