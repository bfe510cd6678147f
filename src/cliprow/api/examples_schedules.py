"""Examples of the bodies of schedules, of when batches run, and of webhooks, as `examples.py` has those of the rest."""

from __future__ import annotations

from typing import Any

_PROJECT_ID = "01938c5e-4f6a-7c3e-9d2b-6a1f0e8b7c5d"
_USER_ID = "5d8f5b0e-52c9-4c58-9d5b-0b8f6a1f3e77"
_BATCH_ID = "01938c5f-0a1b-7c2d-8e3f-4a5b6c7d8e9f"
_JOB_ID = "01938c60-1a2b-7c3d-8e4f-5a6b7c8d9e0f"
_SCHEDULE_ID = "01938c70-1a2b-7c3d-8e4f-5a6b7c8d9e0f"
_WEBHOOK_ID = "01938c72-1a2b-7c3d-8e4f-5a6b7c8d9e0f"
_AT = "2026-11-25T09:30:00+00:00"

_TEMPLATE = {
    "name": "Sky of the day",
    "cron": "30 7 * * mon-fri",
    "time_zone": "Europe/Berlin",
    "misfire": "run_once",
    "topics": [{"topic": "The sky on {date}", "platforms": ["youtube"]}],
    "options": {"title": "Sky {date}"},
}

_HOOK = {"url": "https://example.com/cliprow", "events": ["batch.ended"], "description": "Editing room"}
_WEBHOOK = {
    "id": _WEBHOOK_ID,
    **_HOOK,
    "is_active": True,
    "disabled_reason": None,
    "created_by": _USER_ID,
    "created_at": _AT,
    "updated_at": _AT,
}
_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105 - that of the standard's own example

SCHEDULE_EXAMPLES: dict[str, Any] = {
    "NewSchedule": {"project_id": _PROJECT_ID, **_TEMPLATE},
    "ScheduleChange": {"cron": "0 8 * * mon-fri"},
    "Schedule": {
        "id": _SCHEDULE_ID,
        "project_id": _PROJECT_ID,
        "owner_id": _USER_ID,
        **_TEMPLATE,
        "next_run_at": "2026-11-26T06:30:00+00:00",
        "last_run_at": "2026-11-25T06:30:00+00:00",
        "paused_at": None,
        "paused_by": None,
        "paused_reason": None,
        "version": 2,
        "created_at": _AT,
        "updated_at": _AT,
    },
    "ScheduleAction": {"action": "pause"},
    "ScheduledBatch": {"schedule_id": _SCHEDULE_ID, "batch_id": _BATCH_ID},
    "ScheduleRun": {
        "id": "01938c71-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
        "due_at": "2026-11-25T06:30:00+00:00",
        "status": "created",
        "is_manual": False,
        "batch_id": _BATCH_ID,
        "error_code": None,
        "error_message": None,
        "problems": None,
        "created_at": _AT,
    },
    "Upcoming": {"upcoming": ["2026-11-26T06:30:00+00:00", "2026-11-27T06:30:00+00:00"]},
    "OccurrenceList": {
        "items": [
            {"schedule_id": _SCHEDULE_ID, "upcoming": ["2026-11-26T06:30:00+00:00"], "is_complete": True},
        ]
    },
    "BatchStart": {"starts_at": "2027-01-31T09:00:00+01:00"},
    "BatchDeadline": {"deadline": "2027-02-01T09:00:00+01:00", "on_deadline": "warn"},
    "TimedBatch": {
        "batch_id": _BATCH_ID,
        "status": "pending",
        "starts_at": "2027-01-31T08:00:00+00:00",
        "blocked_at": None,
        "blocked_reason": None,
        "deadline": "2027-02-01T08:00:00+00:00",
        "is_late": False,
        "version": 2,
    },
    "JobDeadline": {"deadline": "2027-02-01T09:00:00+01:00", "on_deadline": "cancel"},
    "TimedJob": {
        "job_id": _JOB_ID,
        "status": "pending",
        "blocked_at": "2026-11-25T09:30:00+00:00",
        "blocked_reason": "It waits for other jobs of its batch.",
        "deadline": "2027-02-01T08:00:00+00:00",
        "is_late": False,
        "version": 3,
    },
    "NewWebhook": _HOOK,
    "WebhookChange": {"is_active": False},
    "Webhook": _WEBHOOK,
    "CreatedWebhook": {**_WEBHOOK, "secret": _SECRET},
    "WebhookSecret": {"webhook_id": _WEBHOOK_ID, "secret": _SECRET},
    "TestedWebhook": {"webhook_id": _WEBHOOK_ID},
    "Delivery": {
        "id": "01938c73-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
        "event": "batch.ended",
        "payload": {
            "type": "batch.ended",
            "timestamp": _AT,
            "data": {"id": _BATCH_ID, "number": 12, "status": "completed"},
        },
        "status": "pending",
        "attempt_count": 2,
        "response_status": 503,
        "last_error": "It answered 503.",
        "created_at": _AT,
        "ended_at": None,
        "next_at": _AT,
    },
    "Redelivered": {"webhook_id": _WEBHOOK_ID, "deliveries": 3},
}
