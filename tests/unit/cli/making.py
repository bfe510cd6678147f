"""Batches and jobs as the database would give them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cliprow.batches import Batch, Job, StageCount
from cliprow.models import Stage

BEGAN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def batch(status: str = "processing", progress: int = 40, jobs: int = 3, **rest: Any) -> Batch:
    fields: dict[str, Any] = {
        "id": UUID(int=1),
        "number": 7,
        "title": "",
        "project": "Channel",
        "status": status,
        "progress": progress,
        "job_count": jobs,
        "pending_count": 0,
        "processing_count": jobs,
        "completed_count": 0,
        "failed_count": 0,
        "cancelled_count": 0,
        "is_paused": False,
        "created_at": BEGAN,
        "started_at": BEGAN,
        "completed_at": BEGAN + timedelta(seconds=75)
        if status in ("completed", "partial", "failed")
        else None,
    }
    return Batch(**fields | rest)


def job(position: int, status: str = "processing", title: str = "A title", **rest: Any) -> Job:
    failed = status == "failed"
    fields: dict[str, Any] = {
        "id": UUID(int=position),
        "batch_id": UUID(int=1),
        "batch_number": 7,
        "position": position,
        "project": "Channel",
        "topic": title,
        "title": title,
        "platforms": ["youtube"],
        "status": status,
        "stage": Stage.VIDEO,
        "progress": 20,
        "generation": 1,
        "error_code": "FONT_COVERAGE" if failed else None,
        "error_message": "No font draws this. " * 10 if failed else None,
        "next_step": "Write it in another script. " * 10 if failed else None,
        "result_data": None,
        "paused_after": None,
        "created_at": BEGAN,
        "started_at": BEGAN,
        "completed_at": None,
    }
    return Job(**fields | rest)


def stages() -> list[StageCount]:
    return [
        StageCount(stage=stage, total=50, completed=10, processing=2, failed=1, reused=3) for stage in Stage
    ]
