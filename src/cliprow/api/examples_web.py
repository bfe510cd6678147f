"""Examples of the bodies that pages of the web app are made of, as `examples.py` has those of the rest."""

from __future__ import annotations

from typing import Any

_JOB_ID = "01938c5f-0a1c-7f3e-9a4b-5c6d7e8f9a0b"
_ITEM_ID = "01938c61-2b3c-7d4e-9f50-6b7c8d9e0f1a"
_AT = "2026-11-25T09:30:00+00:00"

WEB_EXAMPLES: dict[str, Any] = {
    "JobsAction": {"action": "pause", "filter": {"status": ["pending", "processing"]}},
    "ChangedJobs": {"matched_jobs": 420, "changed_jobs": 420, "remaining_jobs": 0, "skipped_jobs": 3},
    "JobScript": {
        "id": "01938c60-3c4d-7e5f-8a6b-7c8d9e0f1a2b",
        "job_id": _JOB_ID,
        "title": "Why the sky is blue",
        "description": "Sunlight, air, and what reaches the eye.",
        "key_points": ["Short waves are scattered most"],
        "hashtags": ["sky", "physics"],
        "language": "en",
        "script_type": "explainer",
        "word_count": 9,
        "total_duration": 45,
        "metadata": {"provider": "extractive"},
        "created_at": _AT,
        "scenes": [
            {
                "id": "01938c60-3c4e-7a1b-9c2d-3e4f5a6b7c8d",
                "scene_number": 1,
                "scene_type": "intro",
                "heading": "Blue?",
                "voiceover_text": "Why is the sky blue, and not violet?",
                "visual_description": "A clear sky over a meadow",
                "points": [],
                "duration": 9,
                "duration_ms": 4200,
                "library_item_id": _ITEM_ID,
                "library_version": 2,
            }
        ],
    },
}
