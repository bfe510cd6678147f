"""Examples of the bodies of dead letters, the audit and what operators see, as `examples.py` has those of the rest."""

from __future__ import annotations

from typing import Any

_PROJECT_ID = "01938c5e-4f6a-7c3e-9d2b-6a1f0e8b7c5d"
_USER_ID = "5d8f5b0e-52c9-4c58-9d5b-0b8f6a1f3e77"
_TENANT_ID = "01938c5d-1a2b-7c3d-8e4f-5a6b7c8d9e0f"
_BATCH_ID = "01938c5f-0a1b-7c2d-8e3f-4a5b6c7d8e9f"
_JOB_ID = "01938c5f-1b2c-7d3e-8f4a-5b6c7d8e9fa0"
_TASK_ID = "01938c5f-2c3d-7e4f-8a5b-6c7d8e9fa0b1"
_WORKER_ID = "0d4f5a6b-7c8d-4e9f-a0b1-c2d3e4f5a6b7"
_AT = "2026-11-25T09:30:00+00:00"
_ADVICE = {
    "meaning": "The provider kept saying that it is too busy.",
    "next_step": "Replay it later, or lower its rate.",
    "remedy": "replay",
}
_FILTER = {"error_code": "PROVIDER_BUSY", "since": _AT}
_LETTER = {
    "job_id": _JOB_ID,
    "task_id": _TASK_ID,
    "tenant_id": _TENANT_ID,
    "project_id": _PROJECT_ID,
    "batch_id": _BATCH_ID,
    "batch_number": 12,
    "position": 3,
    "topic": "The sky",
    "job_status": "failed",
    "stage": "script_generation",
    "scene_number": None,
    "platform": None,
    "failed_at": _AT,
    "error_code": "PROVIDER_BUSY",
    "error_message": "The provider answered 429 five times.",
    "next_step": _ADVICE["next_step"],
    "remedy": "replay",
    "failure_count": 5,
    "lost_count": 0,
    "discarded": None,
}
_RETENTION = {
    "kind": "job_events",
    "keep_days": 365,
    "about": "Events of ended jobs, by the month of their jobs.",
    "ran_at": _AT,
    "removed_count": 0,
    "removed_at": None,
    "last_step": "",
    "last_error": None,
}

_WORKER = {
    "worker_id": _WORKER_ID,
    "host": "worker-1",
    "process_id": 4711,
    "version": "1.0.0",
    "stages": ["script_generation", "audio_generation"],
    "slots": 4,
    "busy_slots": 3,
    "memory_bytes": 812_000_000,
    "state": "working",
    "started_at": _AT,
    "heartbeat_at": _AT,
    "running_count": 3,
}

OPERATION_EXAMPLES: dict[str, Any] = {
    "ErrorCodes": {"items": [{"error_code": "PROVIDER_BUSY", **_ADVICE}]},
    "DeadLetter": _LETTER,
    "DeadLetterDetail": {
        **_LETTER,
        "meaning": _ADVICE["meaning"],
        "inputs": {"topic": "The sky", "language": "en"},
        "attempts": [
            {
                "attempt_id": "01938c5f-3d4e-7f5a-8b6c-7d8e9fa0b1c2",
                "number": 1,
                "generation": 1,
                "status": "failed",
                "worker_id": _WORKER_ID,
                "host": "worker-1",
                "started_at": _AT,
                "finished_at": _AT,
                "error_code": "PROVIDER_BUSY",
                "error_message": "The provider answered 429.",
                "next_step": "",
                "is_retriable": True,
                "timings": {"run_ms": 812},
                "log": ["429 Too Many Requests"],
            }
        ],
        "events": [{"at": _AT, "status": "failed", "retries": 5, "error_code": None, "error_message": None}],
    },
    "LetterGroups": {
        "items": [
            {
                "error_code": "PROVIDER_BUSY",
                "stage": "script_generation",
                "count": 17,
                "tenants": 1,
                "first_at": _AT,
                "last_at": _AT,
                **_ADVICE,
            }
        ]
    },
    "DiscardReason": {"reason": "The campaign is over."},
    "LetterDiscard": {**_FILTER, "reason": "The campaign is over."},
    "OperatorFilter": _FILTER,
    "OperatorDiscard": {**_FILTER, "reason": "The provider is gone."},
    "DiscardedLetters": {"discarded_letters": 17, "is_finished": True},
    "AuditEvent": {
        "id": "01938c72-9a2b-7c3d-8e4f-5a6b7c8d9e0f",
        "tenant_id": _TENANT_ID,
        "user_id": _USER_ID,
        "role": "admin",
        "door": "rest",
        "action": "pause",
        "entity": "batches",
        "entity_id": _BATCH_ID,
        "before": {},
        "after": {"paused_at": _AT, "paused_by": _USER_ID},
        "created_at": _AT,
    },
    "RegisteredWorker": _WORKER,
    "Workers": {"items": [_WORKER]},
    "WorkerOrder": {"order": "drain"},
    "StageQueues": {
        "items": [
            {
                "stage": "audio_generation",
                "paused_at": _AT,
                "paused_by": "cliprow_api",
                "reason": "The voices are away.",
                "waiting_count": 900,
                "queued_count": 0,
                "running_count": 4,
            }
        ]
    },
    "StagePause": {"reason": "The voices are away.", "now": False},
    "ControlledStage": {
        "stage": "audio_generation",
        "paused_at": _AT,
        "reason": "The voices are away.",
        "changed_tasks": 8,
    },
    "StageLoads": {
        "items": [
            {
                "stage": "script_generation",
                "is_paused": False,
                "waiting_count": 900,
                "ready_count": 880,
                "queued_count": 8,
                "running_count": 4,
                "ready_age_s": 12.5,
                "queued_age_s": 0.8,
                "worker_count": 1,
                "slots": 4,
                "wanted_slots": 892,
            }
        ]
    },
    "Retention": _RETENTION,
    "Retentions": {"items": [_RETENTION]},
    "RetentionChange": {"keep_days": 365},
    "RetentionStep": {"done": {"job_events": None}},
    "DeletedTenant": {
        "tenant_id": _TENANT_ID,
        "name": "Tea House",
        "deleted_at": _AT,
        "changed_jobs": 12,
        "remaining_jobs": 0,
        "purged_from": "2026-12-02T09:30:00+00:00",
    },
    "Tombstones": {
        "items": [
            {
                "tenant_id": _TENANT_ID,
                "name": "Tea House",
                "deleted_at": _AT,
                "deleted_by": _USER_ID,
                "row_count": 0,
                "purged_at": None,
            }
        ]
    },
    "RestoredTenant": {"tenant_id": _TENANT_ID, "name": "Tea House"},
    "GarbageRound": {"after": None, "is_dry_run": True},
    "CollectedGarbage": {
        "tenants": 40,
        "artifacts": 312,
        "bytes": 1_500_000_000,
        "next_after": _TENANT_ID,
        "is_finished": True,
    },
}
