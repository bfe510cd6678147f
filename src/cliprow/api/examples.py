"""One example for each body that the API takes or gives, by the name of its schema; tests read them as that type."""

from __future__ import annotations

from typing import Any

PROJECT_ID = "01938c5e-4f6a-7c3e-9d2b-6a1f0e8b7c5d"
TENANT_ID = "01938c5d-1b2c-7d4e-8f5a-0c9b8a7d6e5f"
USER_ID = "5d8f5b0e-52c9-4c58-9d5b-0b8f6a1f3e77"
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

EXAMPLES: dict[str, Any] = {
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
