"""One slot of a worker: a long-lived child process that runs one stage at a time, inside limits of time and memory."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec
import psutil

from cliprow.errors import Unavailable
from cliprow.models import Stage
from cliprow.queue.frames import (
    BadFrame,
    CallAsked,
    CallMessage,
    CallVerdict,
    Done,
    Failed,
    Hello,
    Progress,
    Request,
    Settings,
    pack,
    read_answer,
)

logger = logging.getLogger(__name__)

#: Longest a stage may take, in seconds: many times what it does on a slow machine.
TIME_LIMITS_S: Mapping[Stage, float] = {
    Stage.SCRIPT: 180,
    Stage.AUDIO: 300,
    Stage.VIDEO: 900,
    Stage.PLATFORM: 900,
    Stage.POST: 180,
}
#: A child must have imported its stages by then.
START_LIMIT_S = 120.0
_MEMORY_POLL_S = 0.5
#: A child that stopped answering has ended by then, in seconds.
_DEATH_S = 1.0
#: How much of what a child prints during one run goes to the log, in bytes.
_SAID_LIMIT = 32 * 1024
#: How long the last lines of a run that failed may take to come, in seconds.
_LAST_LINES_S = 0.05
#: Settings whose values are secrets, by what their names hold.
_SECRETS = ("KEY", "SECRET", "TOKEN", "PASSWORD")
#: Variables that a child has no use for, and that may hold secrets.
_NOT_FOR_CHILDREN = ("CLIPROW_", "SUPABASE_", "DATABASE_", "PG")


#: Hears how far a stage is, 0.0 to 1.0.
OnProgress = Callable[[float], Awaitable[None]]
#: Answers what a stage asks about calls of providers.
OnCall = Callable[[CallMessage], Awaitable[CallVerdict]]


async def let_through(message: CallMessage) -> CallVerdict:
    """Let every call through, and keep none."""
    if isinstance(message, CallAsked):
        return CallVerdict("call", f"cliprow-{uuid.uuid4()}")
    return CallVerdict("noted")


class StageSlot(Protocol):
    """What runs one stage at a time."""

    #: Most memory the last run used, in bytes.
    peak_memory_bytes: int

    async def start(self) -> dict[Stage, str]:
        """Make ready, and say the version of each stage."""
        ...

    async def run(self, request: Request, on_progress: OnProgress, on_call: OnCall) -> Done | Failed:
        """Run one stage."""
        ...

    async def stop(self) -> None:
        """Stop at once what runs."""
        ...


class Slot:
    """A child process and the right to use it; starts the process when first needed, and again after it died.

    Args:
        settings: provider settings, which reach the child through its standard input.
        memory_limit_bytes: resident memory of the child and the engines it starts, together.
        time_limits_s: longest a stage may take, in seconds.
    """

    def __init__(
        self,
        settings: Mapping[str, str],
        memory_limit_bytes: int,
        time_limits_s: Mapping[Stage, float] = TIME_LIMITS_S,
    ) -> None:
        self._settings = dict(settings)
        self._memory_limit_bytes = memory_limit_bytes
        self._time_limits_s = time_limits_s
        self._process: asyncio.subprocess.Process | None = None
        self._ending: Failed | None = None
        self._unfinished = False
        self._said_bytes = 0
        self._said = ""
        #: Of this run, besides those of the settings.
        self._secrets: tuple[str, ...] = ()
        self._relay: asyncio.Task[None] | None = None
        #: Most memory the last run used, in bytes.
        self.peak_memory_bytes = 0

    async def start(self) -> dict[Stage, str]:
        """Start a new child and return the version of each of its stages.

        Raises:
            Unavailable: it does not come up; the worker's log says why.
        """
        await self.stop()
        try:
            async with asyncio.timeout(START_LIMIT_S):
                return await self._start()
        except (asyncio.IncompleteReadError, TimeoutError, BadFrame, OSError) as error:
            await self.stop()
            raise Unavailable(
                f"A child process of the worker did not start ({type(error).__name__}).",
                error_code="CHILD_DOES_NOT_START",
                next_step="The lines above in the worker's log say why; `cliprow doctor` may know what is missing.",
            ) from error

    async def _start(self) -> dict[Stage, str]:
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            # A file in the current folder that is called like a package must not be imported in its place.
            "-P",
            "-m",
            "cliprow.queue.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_CHILDREN)},
            start_new_session=True,
        )
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        self._said_bytes = 0
        self._relay = asyncio.create_task(self._relay_lines(process.stderr, process.pid))
        process.stdin.write(pack(Settings(self._settings)))
        hello = await read_answer(process.stdout)
        if not isinstance(hello, Hello):
            raise BadFrame("no greeting")
        return hello.versions

    async def _relay_lines(self, stderr: asyncio.StreamReader, pid: int) -> None:
        """Log what the child prints, up to a limit for each run: a library may print without end."""
        while chunk := await stderr.read(_SAID_LIMIT):
            room = max(0, _SAID_LIMIT - self._said_bytes)
            self._said_bytes += len(chunk)
            if room:
                said = self._tellable(chunk[:room].decode(errors="replace").rstrip())
                self._said += said + "\n"
                logger.warning(
                    "Child %d: %s%s", pid, said, " [the rest is left out]" if len(chunk) > room else ""
                )

    async def run(
        self, request: Request, on_progress: OnProgress, on_call: OnCall = let_through
    ) -> Done | Failed:
        """Run one stage; a child that dies or passes a limit gives `Failed`, and the next run a new child.

        Whatever `on_progress` or `on_call` raises stops the child and is raised here. What it printed comes along
        with `Failed`.
        """
        self._secrets = tuple(request.secrets.values())
        outcome = await self._run(request, on_progress, on_call)
        if isinstance(outcome, Done):
            return outcome
        await asyncio.sleep(_LAST_LINES_S)
        return msgspec.structs.replace(
            outcome,
            message=self._tellable(outcome.message),
            said=self._tellable(self._said),
            traceback=self._tellable(outcome.traceback),
        )

    def _tellable(self, text: str) -> str:
        """Lines that may be kept and shown: without secrets, and without what Postgres does not take."""
        known = [
            value for name, value in self._settings.items() if any(each in name.upper() for each in _SECRETS)
        ]
        for value in (*known, *self._secrets):
            if value:
                text = text.replace(value, "(secret)")
        return text.replace("\0", "\N{REPLACEMENT CHARACTER}")

    async def _run(self, request: Request, on_progress: OnProgress, on_call: OnCall) -> Done | Failed:
        if self._process is None or self._process.returncode is not None:
            await self.start()
        self._ending = None
        self._said_bytes = 0
        self._said = ""
        self.peak_memory_bytes = 0
        _make(request.folder)
        watch = asyncio.create_task(self._watch_memory())
        try:
            async with asyncio.timeout(self._time_limits_s[request.stage]):
                return await self._converse(request, on_progress, on_call)
        except TimeoutError:
            return Failed(
                "TASK_TIMED_OUT",
                f"The stage took longer than {self._time_limits_s[request.stage]:g} s and was stopped.",
                "Shorten the video, or look at what else runs on the worker's machine.",
                True,
            )
        except (asyncio.IncompleteReadError, ConnectionError):
            return await self._why_it_died()
        except BadFrame as error:
            logger.warning("A child process wrote something that is no message: %s", error)
            return Failed(
                "CHILD_CONFUSED",
                "The process that ran the stage wrote something that is no answer, and was stopped.",
                "It is tried again by itself. If it happens each time, the worker's log has the details.",
                True,
            )
        finally:
            watch.cancel()
            if self._unfinished:  # it would answer the old request first
                await self.stop()

    async def _converse(self, request: Request, on_progress: OnProgress, on_call: OnCall) -> Done | Failed:
        assert (
            self._process is not None and self._process.stdin is not None and self._process.stdout is not None
        )
        self._unfinished = True
        self._process.stdin.write(pack(request))
        await self._process.stdin.drain()
        while True:
            answer = await read_answer(self._process.stdout)
            if isinstance(answer, Progress):
                await on_progress(answer.fraction)
            elif isinstance(answer, Done | Failed):
                self._unfinished = False
                return answer
            elif isinstance(answer, CallMessage):
                self._process.stdin.write(pack(await on_call(answer)))
                await self._process.stdin.drain()

    async def _watch_memory(self) -> None:
        """Measure, because a limit on address space would count what is never touched."""
        assert self._process is not None
        try:
            child = psutil.Process(self._process.pid)
            while True:
                used = memory_of_family(child)
                self.peak_memory_bytes = max(self.peak_memory_bytes, used)
                if used > self._memory_limit_bytes:
                    self._ending = Failed(
                        "OUT_OF_MEMORY",
                        f"The stage used {used / 2**20:.0f} MB, more than the {self._memory_limit_bytes / 2**20:.0f} MB "
                        "it may, and was stopped.",
                        "Raise the worker's --memory-mb, or use smaller pictures.",
                        True,
                    )
                    _kill_group(child.pid)
                    return
                await asyncio.sleep(_MEMORY_POLL_S)
        except psutil.NoSuchProcess:
            return

    async def _why_it_died(self) -> Failed:
        assert self._process is not None
        # One that only closed its pipe would live on; and of one that died, the engines may still be there.
        await asyncio.wait({asyncio.create_task(self._process.wait())}, timeout=_DEATH_S)
        _kill_group(self._process.pid)
        code = await self._process.wait()
        if self._ending is not None:
            return self._ending
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        logger.warning("A child process ended with %s while it ran a stage.", how)
        return Failed(
            "CHILD_DIED",
            f"The process that ran the stage died ({how}).",
            "It is tried again by itself. If it dies each time, look at the memory of the worker's machine.",
            True,
        )

    async def stop(self) -> None:
        """End the child and the engines it started, at once."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                _kill_group(process.pid)
            await process.wait()
        relay, self._relay = self._relay, None
        if relay is not None:
            # What it said last is in the pipe still; somebody who holds the pipe open is not waited for.
            await asyncio.wait({relay}, timeout=1)
            relay.cancel()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        logger.debug("The processes of child %d were gone already.", pid)


def memory_of_family(parent: psutil.Process | None = None) -> int:
    """Resident memory of a process, ours unless said otherwise, and of all it has started, in bytes."""
    parent = parent or psutil.Process()
    return sum(_resident(process) for process in [parent, *parent.children(recursive=True)])


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _make(folder: str) -> None:
    Path(folder).mkdir(exist_ok=True)  # too quick for a thread
