"""Figures of the service levels, in the text format of Prometheus. For operators: the scraper sends the secret key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from litestar import Response, Router, get

from cliprow.api.operators import OPERATOR, ask_as_operator, is_operator
from cliprow.api.request import ApiRequest

TEXT = "text/plain; version=0.0.4; charset=utf-8"
#: Figures this fresh are not asked for again, in seconds.
FRESH_S = 5.0
_STAGE_FIGURES = {
    "waiting_count": ("tasks_waiting", "Tasks that wait to be released."),
    "ready_count": ("tasks_ready", "Of those, tasks of batches that may be released."),
    "queued_count": ("tasks_queued", "Released tasks that wait for a worker."),
    "running_count": ("tasks_running", "Tasks that a worker has."),
    "ready_age_s": (
        "ready_age_seconds",
        "How long the backlog served longest ago has waited for its turn.",
    ),
    "queued_age_s": ("queued_age_seconds", "How long the oldest released task has waited for a worker."),
    "worker_count": ("stage_workers", "Workers that take the stage."),
    "slots": ("stage_slots", "Slots of the workers that take the stage."),
    "wanted_slots": ("stage_wanted_slots", "As many slots would be busy now if caps allowed it."),
    "is_paused": ("stage_paused", "Whether operators hold the stage back."),
}
_WORKER_FIGURES = {
    "count": ("workers", "Registered workers."),
    "slots": ("worker_slots", "Their slots."),
    "busy_slots": ("worker_busy_slots", "Slots that ran a task at the last heartbeat."),
    "memory_bytes": ("worker_memory_bytes", "Resident memory of workers and their children."),
}
Sample = tuple[Mapping[str, object], float]


def exposition(found: Mapping[str, Any]) -> str:
    """What `private.metrics` answers, as Prometheus reads it; all are gauges."""
    lines: list[str] = []
    for name, text, samples in _families(found):
        lines += [f"# HELP cliprow_{name} {text}", f"# TYPE cliprow_{name} gauge"]
        lines += [f"cliprow_{name}{_labels(labels)} {value:.15g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _families(found: Mapping[str, Any]) -> Iterator[tuple[str, str, Iterable[Sample]]]:
    for key, (name, text) in _STAGE_FIGURES.items():
        yield name, text, [({"stage": row["stage"]}, float(row[key])) for row in found["stages"]]
    for key, (name, text) in _WORKER_FIGURES.items():
        yield name, text, [({"state": row["state"]}, float(row[key])) for row in found["workers"]]
    yield (
        "dead_letters",
        "Tasks that failed for good, were not discarded and do not run again.",
        [
            ({"stage": row["stage"], "error_code": row["error_code"]}, row["count"])
            for row in found["dead_letters"]
        ],
    )
    yield from _attempts(found)
    yield (
        "jobs_ended",
        "Jobs that ended within the last hour.",
        [({"status": status}, count) for status, count in found["jobs_ended"].items()],
    )
    yield (
        "requests_denied",
        "Requests refused within this hour and the last.",
        [({"kind": kind}, count) for kind, count in found["denials"].items()],
    )
    yield "live_lag_seconds", "How long the oldest change waits to be told.", [({}, found["live_lag_s"])]
    yield "tick_age_seconds", "How long ago the ticker ran.", [({}, found["tick_age_s"])]


def _attempts(found: Mapping[str, Any]) -> Iterator[tuple[str, str, Iterable[Sample]]]:
    window = f"{found['window_s']:g}"
    rows = [
        (
            {
                "stage": row["stage"],
                "status": row["status"],
                "retriable": str(row["is_retriable"]).lower(),
                "window_s": window,
            },
            row,
        )
        for row in found["attempts"]
    ]
    yield (
        "attempts",
        "Attempts that began within the window and have ended.",
        [(key, row["count"]) for key, row in rows],
    )
    yield (
        "attempts_failed_for_storage",
        "Of those, attempts that failed for the storage.",
        [(key, row["storage_count"]) for key, row in rows],
    )
    yield (
        "attempt_seconds",
        "How long they took.",
        [
            ({**key, "quantile": quantile}, row[name] / 1000)
            for key, row in rows
            for quantile, name in (("0.5", "p50_ms"), ("0.95", "p95_ms"))
        ],
    )


def _labels(labels: Mapping[str, object]) -> str:
    said = ",".join(f'{name}="{_escaped(str(value))}"' for name, value in labels.items())
    return f"{{{said}}}" if said else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class _Latest:
    """The figures, asked for once however many ask."""

    def __init__(self) -> None:
        self._at = float("-inf")
        self._text = ""
        self._asking = asyncio.Lock()

    async def text(self, request: ApiRequest) -> str:
        async with self._asking:
            if time.monotonic() - self._at > FRESH_S:
                self._text = exposition(await ask_as_operator(request, "select private.metrics()"))
                self._at = time.monotonic()
            return self._text


@get("/metrics", media_type=TEXT)
async def get_metrics(request: ApiRequest) -> Response[str]:
    """Show depth and age of the queues, failures, durations and the rest, in the text format of Prometheus."""
    latest: _Latest = request.app.state.setdefault("metrics", _Latest())
    return Response(await latest.text(request), media_type=TEXT)


router = Router(
    path="/", route_handlers=[get_metrics], guards=[is_operator], security=OPERATOR, tags=["Operations"]
)
