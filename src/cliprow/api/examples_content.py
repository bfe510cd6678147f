"""Examples of the bodies of stored content and of the library's versions, as `examples.py` has those of the rest."""

from __future__ import annotations

from typing import Any

_KEY = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_ITEM_ID = "01938c61-2b3c-7d4e-9f50-6b7c8d9e0f1a"
_JOB_ID = "01938c5f-0a1c-7f3e-9a4b-5c6d7e8f9a0b"
_AT = "2026-11-25T09:30:00+00:00"
_CHANGE = {
    "item_id": _ITEM_ID,
    "old_category": "experimental",
    "new_category": "high_performance",
    "score": 7.8,
    "report_count": 12,
    "reason": "score 7.8 over 12 reports",
}

CONTENT_EXAMPLES: dict[str, Any] = {
    "Garbage": {
        "unreferenced": {"artifacts": 12, "bytes": 48_000_000},
        "condemned": {"artifacts": 3, "bytes": 9_000_000, "next_removal_at": _AT},
        "orphans": {"files": 1, "bytes": 120_000},
        "removing": {"files": 0, "bytes": 0},
        "freed": {"artifacts": 40, "files": 61, "bytes": 210_000_000},
        "grace_s": 604_800,
        "condemned_now": None,
    },
    "Amount": {"artifacts": 12, "bytes": 48_000_000},
    "Verification": {"sample": 100},
    "Requested": {"requested": 100},
    "ContentHealth": {
        "artifacts": 5200,
        "bytes": 8_000_000_000,
        "checked": 5100,
        "never_checked": 80,
        "waiting": 20,
        "damaged": 1,
        "oldest_check_at": _AT,
        "check_every_s": 2_592_000,
    },
    "DamagedArtifact": {
        "content_key": _KEY,
        "stage": "audio_generation",
        "damaged_at": _AT,
        "size_bytes": 240_000,
        "is_repairing": False,
        "jobs": [_JOB_ID],
    },
    "Repair": {"content_key": _KEY},
    "Repaired": {"damaged": 1, "retried_jobs": 1, "retried_tasks": 5, "is_finished": True},
    "CacheFigures": {
        "value": "audio_generation",
        "hits": 420,
        "misses": 1280,
        "hit_rate": 0.2471,
        "seconds_spent": 3840.5,
        "seconds_saved": 1260.2,
        "bytes_stored": 307_000_000,
        "bytes_saved": 100_800_000,
        "cost_saved": 4.2,
        "currency": "USD",
    },
    "Curation": {"is_dry_run": True, "policy": {"promote_at": 7.5}},
    "CuratedItem": _CHANGE,
    "CuratedLibrary": {"is_dry_run": True, "policy": {"promote_at": 7.5}, "changes": [_CHANGE]},
    "LibraryVersion": {
        "number": 2,
        "scene_type": "intro",
        "voiceover_text": "Welcome back.",
        "visual_description": "The channel's mark on a night sky",
        "heading": "Sky",
        "points": [],
        "created_by": "5d8f5b0e-52c9-4c58-9d5b-0b8f6a1f3e77",
        "created_at": _AT,
    },
    "NewLibraryVersion": {"voiceover_text": "Welcome back."},
    "AddedVersion": {"item_id": _ITEM_ID, "number": 2},
    "LibraryUse": {
        "job_id": _JOB_ID,
        "batch_id": "01938c5f-0a1b-7c2d-8e3f-4a5b6c7d8e9f",
        "project_id": "01938c5e-4f6a-7c3e-9d2b-6a1f0e8b7c5d",
        "topic": "Why the sky is blue",
        "status": "completed",
        "version": 1,
        "created_at": _AT,
    },
}
