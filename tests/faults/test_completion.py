"""Every job of a batch of 300 completes although one run in twenty fails, and so do real videos on bad servers."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cliprow.errors import NotFound, RetryLater, Unavailable
from cliprow.models import Stage
from cliprow.queue.child import explain
from cliprow.queue.frames import Done, Failed, Request
from cliprow.queue.slot import OnCall, OnProgress
from cliprow.queue.worker import Worker, WorkerOptions
from tests.faults.books import check_books
from tests.faults.faulty_servers import faulty_provider, faulty_storage, provider_settings
from tests.faults.place import SEED, Place, crew_of, work_until_ended
from tests.figures import Report

pytestmark = pytest.mark.faults

SHARE = 0.05
JOBS = 300
#: One call in twenty, to either server.
FEW_FAULTS = {"refused": 0.02, "reset": 0.01, "lost": 0.01, "limited": 0.01}
FEW_REFUSALS = {"busy": 0.02, "broken": 0.02, "garbage": 0.01}


class _NoFiles:
    """The storage of stages that make no files."""

    def put(self, path: str, source: Path, media_type: str) -> str:
        raise NotFound(f"{source} should not have been made.")

    def fetch(self, path: str) -> Path:
        raise NotFound(f"{path} was never stored.")

    def exists(self, path: str) -> bool:
        return False

    def delete(self, path: str) -> None:
        return None

    def digest(self, path: str) -> str:
        raise NotFound(f"{path} was never stored.", error_code="STORAGE_FILE_MISSING")


@dataclass
class FaultySlot:
    """Answers at once, or fails as stages, children and storages do."""

    random: random.Random
    faults: Counter[str]
    peak_memory_bytes: int = field(default=0)

    async def start(self) -> dict[Stage, str]:
        return dict.fromkeys(Stage, "noop")

    async def stop(self) -> None:
        return None

    async def run(self, request: Request, on_progress: OnProgress, on_call: OnCall) -> Done | Failed:
        await on_progress(0.5)
        if self.random.random() < SHARE:
            kind = self.random.choice(["raises", "busy", "died", "memory", "crashed", "slow"])
            self.faults[kind] += 1
            match kind:
                case "raises":
                    raise Unavailable("The child did not start.", error_code="CHILD_DOES_NOT_START")
                case "busy":
                    return explain(RetryLater("Too many.", error_code="PROVIDER_BUSY", retry_after_s=1.0))
                case "died":
                    return Failed("CHILD_DIED", "It died.", "It is tried again.", True)
                case "memory":
                    return Failed("OUT_OF_MEMORY", "It used too much.", "It is tried again.", True)
                case "crashed":
                    return explain(ValueError("nobody thought of this"))
                case _:
                    await asyncio.sleep(0.5)
        return Done(msgspec.json.encode(_facts(request.stage, msgspec.json.decode(request.inputs))), [])


def _facts(stage: Stage, inputs: dict[str, Any]) -> dict[str, object]:
    match stage:
        case Stage.SCRIPT:
            scene = {
                "scene_number": 1,
                "scene_type": "main_content",
                "heading": "",
                "points": [],
                "voiceover_text": inputs["topic"],
                "visual_description": "words",
            }
            return {"title": inputs["topic"], "description": "", "language": "en", "scenes": [scene]}
        case Stage.AUDIO:
            return {"sample_count": 48_000, "words": []}
        case Stage.VIDEO:
            return {"frame_count": 30}
        case Stage.PLATFORM:
            return {"duration_ms": 2000, "scenes_used": [scene["scene_number"] for scene in inputs["scenes"]]}
        case Stage.POST:
            return {"title": inputs["title"], "chapters": []}


def test_a_batch_of_300_completes_under_transient_faults(place: Place, report: Report) -> None:
    choose, faults = random.Random(SEED), Counter[str]()
    place.create_batch(JOBS)
    options = WorkerOptions(slots=4, make_slot=lambda: FaultySlot(choose, faults))
    worker = Worker(place.stack.worker, _NoFiles(), place.config.home / "scratch", options)

    async def work() -> None:
        running = asyncio.create_task(worker.run())
        deadline = time.monotonic() + 300
        while await asyncio.to_thread(place.unfinished):
            assert time.monotonic() < deadline
            assert not running.done(), running.exception()
            await asyncio.sleep(0.2)
        # It clears up, and is asked about it, while it lives.
        counts.update(await asyncio.to_thread(check_books, place))
        worker.stop()
        await running

    counts: dict[str, object] = {}
    asyncio.run(work())
    report({"faults": dict(faults)} | counts)
    assert counts["jobs"] == {"completed": JOBS}
    assert sum(faults.values()) > JOBS * 5 * SHARE / 2


def test_real_videos_complete_on_bad_servers(place: Place, report: Report) -> None:
    place.create_batch(12)
    with (
        faulty_storage(place.stack.supabase.url, FEW_FAULTS) as storage,
        faulty_provider(FEW_REFUSALS) as provider,
    ):
        settings = place.project_settings(storage=storage.url) | provider_settings(provider)
        with crew_of(place, settings, settings) as crew:
            work_until_ended(crew, 600)
            counts = check_books(place)
        fates = dict(storage.fates + provider.fates)
    report({"calls": sum(fates.values()), "fates": fates} | counts)
    assert counts["jobs"] == {"completed": 12}
