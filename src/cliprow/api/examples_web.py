"""Examples of the bodies that pages of the web app are made of, as `examples.py` has those of the rest."""

from __future__ import annotations

from typing import Any

_JOB_ID = "01938c5f-0a1c-7f3e-9a4b-5c6d7e8f9a0b"
_ITEM_ID = "01938c61-2b3c-7d4e-9f50-6b7c8d9e0f1a"
_AT = "2026-11-25T09:30:00+00:00"

_QUEUE = {
    "stage": "audio_generation",
    "is_paused": False,
    "waiting_count": 120,
    "ready_count": 80,
    "queued_count": 8,
    "running_count": 4,
    "oldest_age_s": 12.4,
    "worker_count": 2,
    "slots": 8,
}

_COLOURS = {"background": "#14213d", "text": "#ffffff", "accent": "#fca311"}
_PROVIDER_KEY = {
    "provider": "script",
    "last_four": "cdef",
    "set_by": "5d8f5b0e-52c9-4c58-9d5b-0b8f6a1f3e77",
    "set_at": _AT,
}

_BRAND: dict[str, Any] = {
    "colours": _COLOURS,
    "font": "Lora",
    "has_logo": True,
    "logo_corner": "top_right",
    "logo_size": "medium",
    "updated_at": _AT,
    "fonts": ["Inter", "Lora", "Montserrat", "Noto Sans", "Space Grotesk"],
}

WEB_EXAMPLES: dict[str, Any] = {
    "Summary": {
        "now": _AT,
        "day_began_at": "2026-11-25T00:00:00+00:00",
        "paused_at": None,
        "queued_jobs": 380,
        "running_jobs": 20,
        "open_batches": 2,
        "completed_today": 600,
        "failed_today": 3,
        "p95_hour_s": 84.2,
        "p95_day_s": 91.7,
        "spent": [{"currency": "USD", "amount": 12.5}],
        "budget": None,
        "workers": {"worker_count": 2, "slots": 8, "busy_slots": 7},
        "stages": [_QUEUE],
    },
    "Voices": {
        "items": [
            {
                "voice": "en_US-joe-medium",
                "language": "en-US",
                "label": "Joe (English, neural)",
                "provider": "piper",
                "is_default": True,
            }
        ]
    },
    "Styles": {"items": [{"style": "educational", "label": "Green with yellow, grid", "is_default": True}]},
    "Link": {"url": "https://docs.google.com/spreadsheets/d/1aBcDeFgHiJkLmNoPqRsTu/edit#gid=0"},
    "ImportColumns": {"columns": {"Question": "topic", "Goes to": "platforms", "Internal number": None}},
    "ImportedTable": {
        "url": "https://docs.google.com/spreadsheets/d/1aBcDeFgHiJkLmNoPqRsTu/export?format=csv&gid=0",
        "columns": ["topic", "platforms"],
        "rows": [["Why the sky is blue", "youtube"]],
        "lines": [2],
        "problems": [],
        "is_cut": False,
    },
    "SuggestedTimes": {
        "time_zone": "Europe/Berlin",
        "items": [
            {
                "platform": "youtube",
                "label": "YouTube",
                "source": "own",
                "report_count": 420,
                "hours": [{"weekday": 6, "hour": 10, "score": 1.0}],
            }
        ],
    },
    "BrandChange": {"colours": _COLOURS, "font": "Lora", "logo_corner": "top_right", "logo_size": "medium"},
    "TenantBrand": _BRAND,
    "ProjectBrand": {**_BRAND, "is_own": True},
    "NewProviderKey": {"key": "sk-0123456789abcdef"},
    "ProviderKey": _PROVIDER_KEY,
    "ProviderKeys": {"items": [_PROVIDER_KEY]},
    "OwnQueues": {"items": [_QUEUE]},
    "TenantWorkers": {
        "items": [
            {
                "id": "01938c62-4d5e-7f6a-8b7c-9d0e1f2a3b4c",
                "state": "working",
                "stages": ["audio_generation", "video_generation"],
                "slots": 4,
                "busy_slots": 3,
                "version": "0.1.0",
                "started_at": _AT,
                "heartbeat_age_s": 2.1,
            }
        ]
    },
    "Flags": {"items": [{"name": "library_sharing", "is_enabled": True, "is_own": False}]},
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
