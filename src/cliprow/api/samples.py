"""Samples of voices and styles, made by the stages' own code in a process of its own, and kept; and logos, checked there."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import sys
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec

from cliprow.errors import InvalidInput, Unavailable

_log = logging.getLogger("cliprow.api")

#: Longest that one may take, in seconds; the process limits memory and processor time itself.
_LIMIT_S = 90.0
#: Most samples that are kept, of about 150 kB each.
_KEPT = 100
#: Most of what a process that crashed has said, in bytes: the end of it.
_SAID_BYTES = 4_000
#: Variables that the process has no use for, and that may hold secrets.
_NOT_FOR_CHILDREN = ("CLIPROW_", "SUPABASE_", "DATABASE_", "PG")


class Samples:
    """Answers of `cliprow.stages.samples`, one process at a time; equal requests are answered from memory.

    Args:
        settings: of speech and visuals, as the workers have them.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = dict(settings)
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()
        self._turn = asyncio.Lock()

    async def ask(self, **request: Any) -> bytes:
        """What the program answers.

        Raises:
            InvalidInput: the stage refuses the voice or language.
            Unavailable: it took too long, or crashed.
        """
        asked = msgspec.json.encode({**request, "settings": self._settings})
        if (known := self._kept.get(asked)) is not None:
            self._kept.move_to_end(asked)
            return known
        async with self._turn:
            # Somebody before us in the line may have asked for the same.
            if asked not in self._kept:
                self._kept[asked] = await _run(asked)
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            return self._kept[asked]

    async def clean_logo(self, data: bytes) -> bytes:
        """An uploaded logo as it is stored: a PNG, see `cliprow.media.logo`. Megabytes that nobody asks for twice: not kept.

        Raises:
            InvalidInput: it is no logo.
            Unavailable: as `ask`.
        """
        asked = msgspec.json.encode({"logo": base64.b64encode(data).decode(), "settings": self._settings})
        async with self._turn:
            return await _run(asked)


async def _run(request: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "cliprow.stages.samples"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_CHILDREN)},
    )
    try:
        async with asyncio.timeout(_LIMIT_S):
            answer, said = await process.communicate(request)
    except TimeoutError as error:
        raise _unavailable("took too long") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return answer
    try:
        told = msgspec.json.decode(answer, type=dict[str, str])
    except msgspec.DecodeError as error:
        _log.error(
            "The process of a sample ended with status %s: %s",
            process.returncode,
            said[-_SAID_BYTES:].decode(errors="replace").strip(),
        )
        raise _unavailable(f"ended with status {process.returncode}") from error
    raise InvalidInput(told["message"], error_code=told["error_code"], next_step=told["next_step"])


def _unavailable(why: str) -> Unavailable:
    return Unavailable(
        f"The sample could not be made: its process {why}.",
        error_code="SAMPLE_FAILED",
        next_step="Try again later; videos are not affected.",
    )
