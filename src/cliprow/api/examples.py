"""One example for each body that the API takes or gives, by the name of its schema; tests read them as that type."""

from __future__ import annotations

from typing import Any

from cliprow.api.examples_library import LIBRARY_EXAMPLES

PROJECT_ID = "01938c5e-4f6a-7c3e-9d2b-6a1f0e8b7c5d"
TENANT_ID = "01938c5d-1b2c-7d4e-8f5a-0c9b8a7d6e5f"
USER_ID = "5d8f5b0e-52c9-4c58-9d5b-0b8f6a1f3e77"
BATCH_ID = "01938c5f-0a1b-7c2d-8e3f-4a5b6c7d8e9f"
JOB_ID = "01938c5f-0a1c-7f3e-9a4b-5c6d7e8f9a0b"
_AT = "2026-11-25T09:30:00+00:00"

_PROJECT = {
    "id": PROJECT_ID,
    "tenant_id": TENANT_ID,
    "name": "Sky channel",
    "original_idea": "Short explanations of what one sees in the sky",
    "target_audience": "curious children",
    "tone": "educational",
    "status": "draft",
    "metadata": {"batch": {"platforms": ["youtube", "tiktok"]}},
    "owner_id": USER_ID,
    "max_concurrent_tasks": None,
    "paused_at": None,
    "version": 1,
    "created_at": _AT,
    "updated_at": _AT,
}

_JOB = {
    "id": JOB_ID,
    "project_id": PROJECT_ID,
    "batch_id": BATCH_ID,
    "position": 1,
    "job_type": "batch",
    "status": "processing",
    "lane": "standard",
    "topic": "Why the sky is blue",
    "platforms": ["tiktok", "youtube"],
    "generation": 1,
    "stage": "audio_generation",
    "current_step": 1,
    "total_steps": 5,
    "progress": 24,
    "error_code": None,
    "error_message": None,
    "next_step": None,
    "result_data": None,
    "paused_at": None,
    "version": 7,
    "created_at": _AT,
    "updated_at": _AT,
    "started_at": _AT,
    "completed_at": None,
}
_STAGES = [
    {
        "stage": "script_generation",
        "status": "completed",
        "progress": 100,
        "total": 1,
        "completed": 1,
        "processing": 0,
        "failed": 0,
        "reused": 0,
    }
]
_BATCH = {
    "id": BATCH_ID,
    "project_id": PROJECT_ID,
    "number": 12,
    "title": "November",
    "status": "processing",
    "options": {},
    "progress": 24,
    "job_count": 2,
    "pending_count": 1,
    "processing_count": 1,
    "completed_count": 0,
    "failed_count": 0,
    "cancelled_count": 0,
    "max_concurrent_tasks": None,
    "paused_at": None,
    "version": 3,
    "created_by": USER_ID,
    "created_at": _AT,
    "updated_at": _AT,
    "started_at": _AT,
    "completed_at": None,
}
_TOPICS = [
    {"topic": "Why the sky is blue", "platforms": ["youtube"], "duration_s": 60},
    {"topic": "Why the sea is salty", "tone": "casual", "priority": "premium"},
]

EXAMPLES: dict[str, Any] = {
    **LIBRARY_EXAMPLES,
    "Job": _JOB,
    "JobPage": {"items": [_JOB], "next_cursor": None},
    "JobDetail": {
        **_JOB,
        "batch_number": 12,
        "title": "The colour of light",
        "params": {"duration_s": 60},
        "is_paused": False,
        "stages": _STAGES,
        "tasks": [],
        "artifacts": [],
    },
    "NewJob": {"project_id": PROJECT_ID, "topic": "Why the sky is blue", "platforms": ["youtube", "tiktok"]},
    "Retry": {"stage": "audio_generation"},
    "ControlledJob": {"job_id": JOB_ID, "status": "processing", "paused_at": _AT, "version": 8},
    "RetriedJob": {"job_id": JOB_ID, "retried_tasks": 4, "generation": 2},
    "Batch": _BATCH,
    "BatchPage": {"items": [_BATCH], "next_cursor": "WyIyMDI2LTExLTI1Il0", "total": 12},
    "BatchDetail": {**_BATCH, "is_paused": False, "stages": _STAGES},
    "NewBatch": {
        "project_id": PROJECT_ID,
        "title": "November",
        "topics": _TOPICS,
        "defaults": {"platforms": ["youtube", "tiktok"]},
    },
    "UploadForm": {
        "file": "dG9waWMscGxhdGZvcm1zCldoeSB0aGUgc2t5IGlzIGJsdWUseW91dHViZQo=",
        "project_id": PROJECT_ID,
    },
    "BatchAction": {"action": "pause"},
    "ControlledBatch": {
        "batch_id": BATCH_ID,
        "status": "processing",
        "paused_at": _AT,
        "version": 4,
        "changed_jobs": 2,
    },
    "CreatedBatch": {"batch_id": BATCH_ID, "number": 12, "job_count": 2, "is_new": True},
    "BatchCheck": {
        "problems": [{"row": 2, "field": "platforms", "reason": "names no platform"}],
        "job_count": 1,
        "estimate": {
            "tasks": {"script_generation": 1, "audio_generation": 8, "video_generation": 8},
            "seconds": 74,
            "basis": "2 tasks run at a time.",
            "cost": {"currency": None, "amount": None, "basis": "The tenant has set no prices."},
        },
        "warnings": [],
    },
    "ProjectPage": {"items": [_PROJECT], "next_cursor": None},
    "ProjectDetail": {
        **_PROJECT,
        "is_paused": False,
        "batches": {
            "total": 1,
            "pending": 0,
            "processing": 1,
            "completed": 0,
            "partial": 0,
            "failed": 0,
            "cancelled": 0,
            "progress": 24,
        },
        "queue": {
            "pending_jobs": 1,
            "processing_jobs": 1,
            "completed_jobs": 0,
            "failed_jobs": 0,
            "cancelled_jobs": 0,
            "queued_tasks": 2,
            "processing_tasks": 1,
        },
    },
    "ClientConfig": {
        "supabase_url": "https://abcdefghijklmnop.supabase.co",
        "publishable_key": "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH",
        "bucket": "media",
    },
    "Problem": {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "code": "invalid_input",
        "detail": "1 of the topics and options cannot be used.",
        "next_step": "Correct the rows and fields named, or leave them out.",
        "errors": [{"row": 3, "field": "platforms", "reason": "names no platform"}],
        "request_id": "7f3c2a9d1e5b4c6f8a0d9b21",
    },
    "Project": _PROJECT,
    "NewProject": {
        "original_idea": "Short explanations of what one sees in the sky",
        "name": "Sky channel",
        "target_audience": "curious children",
        "tone": "educational",
        "metadata": {"batch": {"platforms": ["youtube", "tiktok"]}},
    },
    "ProjectChange": {"name": "Sky and sea", "tone": "casual"},
}
