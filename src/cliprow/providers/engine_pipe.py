"""Messages between Cliprow and a speech engine that runs in a process of its own.

A message is one line of JSON; `sound_bytes` in it says how many bytes of sound follow. The engine reads requests from
its standard input and answers each on its standard output, in order. It ends when its input is closed, so it never
outlives the process that started it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable
from typing import Any, BinaryIO

#: A message's fields; what they are is up to the engine.
Header = dict[str, Any]


def send(stream: BinaryIO, header: Header, sound: bytes = b"") -> None:
    """Write one message. Raises BrokenPipeError when the other side is gone."""
    stream.write(json.dumps({**header, "sound_bytes": len(sound)}).encode() + b"\n" + sound)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[Header, bytes] | None:
    """Read one message; None when the other side has closed, also in the middle of a message."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    header: Header = json.loads(line)
    size = int(header["sound_bytes"])
    sound = stream.read(size)
    return (header, sound) if len(sound) == size else None


def serve(answer: Callable[[Header], tuple[Header, bytes]]) -> None:
    """Be an engine: answer requests until the input closes. A request that fails is answered with `error`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who started us
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    with contextlib.suppress(BrokenPipeError):
        while (message := receive(requests)) is not None:
            try:
                header, sound = answer(message[0])
            except Exception as error:  # noqa: BLE001 - the other side decides what it means
                header, sound = {"error": f"{type(error).__name__}: {error}"}, b""
            send(answers, header, sound)
