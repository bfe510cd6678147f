"""Examples of the library's bodies and of figures, as `examples.py` has those of the rest."""

from __future__ import annotations

from typing import Any

_SCENE_ID = "01938c60-1a2b-7c3d-8e4f-5a6b7c8d9e0f"
_ITEM_ID = "01938c61-2b3c-7d4e-9f50-6b7c8d9e0f1a"
_PROJECT_ID = "01938c5e-4f6a-7c3e-9d2b-6a1f0e8b7c5d"
_AT = "2026-11-25T09:30:00+00:00"

_CONTENT_ID = "01938c63-4d5e-7f60-a172-8d9e0f1a2b3c"
_SIGNED = {
    "content_id": _CONTENT_ID,
    "url": "https://project.supabase.co/storage/v1/object/sign/media/...?token=...",
    "expires_at": _AT,
    "file_name": "youtube.mp4",
    "media_type": "video/mp4",
    "size_bytes": 5242880,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}

LIBRARY_EXAMPLES: dict[str, Any] = {
    "LibraryItem": {
        "id": _ITEM_ID,
        "is_own": True,
        "scene_id": _SCENE_ID,
        "script_id": "01938c60-0011-7c3d-8e4f-5a6b7c8d9e0f",
        "project_id": _PROJECT_ID,
        "voiceover_text": "Air scatters blue light more than red light.",
        "visual_description": "The sky above a field",
        "heading": "Why blue?",
        "duration": 5,
        "duration_ms": 4200,
        "specific_tags": ["sky"],
        "generic_tags": ["physics"],
        "library_category": "favorite",
        "usage_count": 3,
        "performance_score": 7.5,
        "last_used": _AT,
        "version": 4,
        "created_at": _AT,
        "updated_at": _AT,
    },
    "NewLibraryItem": {
        "scene_id": _SCENE_ID,
        "specific_tags": ["sky"],
        "generic_tags": ["physics"],
        "library_category": "favorite",
    },
    "LibraryItemChange": {"specific_tags": ["sky", "light"]},
    "Sharing": {"is_public": True},
    "Reuse": {
        "project_id": _PROJECT_ID,
        "topic": "Sunsets",
        "platforms": ["youtube", "tiktok"],
        "brief": "At sunset light takes a longer way through the air.",
    },
    "SignedUrl": _SIGNED,
    "SignedUrls": {"items": [_SIGNED]},
    "WantedUrls": {"content_ids": [_CONTENT_ID], "ttl_s": 60},
    "WantedLink": {"content_id": _CONTENT_ID, "ttl_s": 300},
    "OneTimeLink": {
        "url": "https://api.example.org/assets/links/Zm9yIG9uZSB1c2Ugb25seQ",
        "expires_at": _AT,
    },
    "Analytics": {
        "first": "2026-10-27",
        "last": "2026-11-25",
        "engagement": {
            "views": 1200, "likes": 90, "comments": 12, "shares": 8, "saves": 5, "watch_time_s": 36000,
            "engagement_rate": 0.096,
        },
        "by_platform": [],
        "by_day": [],
        "jobs": {
            "total": 40, "pending": 0, "processing": 1, "completed": 38, "failed": 1, "cancelled": 0,
            "completion_rate": 0.974,
        },
        "stages": [
            {
                "stage": "video_generation", "tasks": 320, "completed": 318, "failed": 2, "reused": 24, "retried": 5,
                "p50_ms": 5100, "p95_ms": 9800,
            }
        ],
        "errors": [{"error_code": "OUT_OF_MEMORY", "stage": "video_generation", "tasks": 2}],
        "throughput": [{"start": "2026-11-25T00:00:00Z", "completed": 38, "failed": 1, "cancelled": 0}],
        "costs": [
            {"date": "2026-11-25", "provider": "openai", "currency": "USD", "amount": 0.82, "attempts": 40}
        ],
        "service_levels": [
            {
                "measure": "completion_rate", "stage": None, "value": 0.974, "target": 0.99, "alarm": 0.98, "state": "alarm",
            }
        ],
    },
    "ContentRanking": {
        "first": "2026-10-27",
        "last": "2026-11-25",
        "items": [
            {
                "content_id": "01938c5f-2b3c-7d4e-8f5a-6b7c8d9e0f1a", "job_id": None, "topic": "Why the sky is blue",
                "file_name": "why-the-sky-is-blue.mp4", "platform": "youtube", "views": 1200, "likes": 90, "comments": 12,
                "shares": 8, "saves": 5, "watch_time_s": 36000, "engagement_rate": 0.096, "score": 7.8,
            }
        ],
    },
}  # fmt: skip
