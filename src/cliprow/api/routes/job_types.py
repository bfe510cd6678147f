"""What the API takes and tells of jobs and batches, and the columns that it comes from."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import msgspec
from msgspec import Meta

from cliprow.api.routes.scripts import JobChanges
from cliprow.api.topic_types import AnyBatchOptions, AnyDefaults, AnyTopic, PauseAfter, Reuse
from cliprow.models import Stage

JobStatus = Literal["pending", "processing", "completed", "failed", "cancelled"]
BatchStatus = Literal["pending", "processing", "completed", "partial", "failed", "cancelled"]
TaskStatus = Literal["blocked", "pending", "queued", "processing", "completed", "failed", "cancelled"]
Lane = Literal["urgent", "premium", "standard"]
JobType = Literal[
    "single", "batch", "script_generation", "video_generation", "audio_generation", "platform_adaptation"
]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One video. The higher `version` is the newer; live messages carry the same fields."""

    id: UUID
    project_id: UUID
    batch_id: UUID
    #: Place in its batch, from 1.
    position: int
    job_type: JobType
    status: JobStatus
    lane: Lane
    topic: str
    platforms: list[str]
    generation: int
    stage: Stage | None
    current_step: int
    total_steps: int
    #: Percent.
    progress: int
    error_code: str | None
    error_message: str | None
    next_step: str | None
    #: Per platform what there is and what is missing, once the job has ended.
    result_data: dict[str, Any] | None
    paused_at: datetime | None
    #: The stage after which it will pause by itself; null once it has.
    pause_after: Stage | None
    #: The stage after which it has paused by itself, to be looked at; null again once it goes on.
    paused_after: Stage | None
    #: Since when it waits for other jobs of its batch, and why still.
    blocked_at: datetime | None
    blocked_reason: str | None
    deadline: datetime | None
    is_late: bool
    version: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


JOB: LiteralString = """j.id, j.project_id, j.batch_id, j.position, j.job_type, j.status, j.lane, j.topic, j.platforms,
  j.generation, j.stage, j.current_step, j.total_steps, j.progress, j.error_code, j.error_message, j.next_step,
  j.result_data, j.paused_at, j.pause_after, j.paused_after, j.blocked_at, j.blocked_reason, j.deadline, j.is_late,
  j.version, j.created_at, j.updated_at, j.started_at, j.completed_at"""


class StageProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far one stage of a job or batch is. What no script has asked for yet is not counted."""

    stage: Stage
    status: TaskStatus
    progress: int
    total: int
    completed: int
    processing: int
    failed: int
    reused: int


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try of a task."""

    id: UUID
    number: int
    generation: int
    status: Literal["processing", "completed", "failed", "lost", "handed_back", "cancelled"]
    started_at: datetime
    finished_at: datetime | None
    error_code: str | None
    error_message: str | None
    next_step: str | None
    #: Milliseconds by name, and `peak_memory_bytes`.
    timings: dict[str, Any]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of the job, for one scene or platform where the stage fans out."""

    id: UUID
    stage: Stage
    scene_number: int | None
    aspect: str | None
    platform: str | None
    position: int
    status: TaskStatus
    generation: int
    progress: int
    is_reused: bool
    #: Version of the stage that made the result, with its provider; null until there is one.
    made_by: str | None
    #: What the stage says of how it worked: provider, voice, model, notes.
    provider: dict[str, Any]
    #: Not before this moment: the end of a backoff.
    run_at: datetime | None
    error_code: str | None
    error_message: str | None
    next_step: str | None
    version: int
    started_at: datetime | None
    completed_at: datetime | None
    attempts: list[Attempt]


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the job made; `content_id` is what /assets takes."""

    content_id: UUID
    task_id: UUID | None
    scene_id: UUID | None
    content_type: Literal["video", "audio", "thumbnail", "subtitle", "manifest"]
    role: str
    file_name: str
    size_bytes: int
    sha256: str | None
    duration_ms: int | None
    platform: str
    resolution: str | None
    format: str | None
    quality_score: float
    created_at: datetime


class JobDetail(Job, frozen=True, kw_only=True):
    """A job with everything below it."""

    batch_number: int
    #: Title of its script, once there is one.
    title: str | None
    #: brief, audience, tone, script_type, language, duration_s, voice, images.
    params: dict[str, Any]
    #: Held back by a pause of its own, its batch, project or tenant.
    is_paused: bool
    #: Whether the caller may control it.
    may_control: bool
    stages: list[StageProgress]
    tasks: list[Task]
    artifacts: list[Artifact]


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One submission of topics. The higher `version` is the newer; live messages carry the same fields."""

    id: UUID
    project_id: UUID
    #: Short name for people, counted per tenant.
    number: int
    title: str
    status: BatchStatus
    options: AnyBatchOptions
    progress: int
    job_count: int
    pending_count: int
    processing_count: int
    completed_count: int
    failed_count: int
    cancelled_count: int
    max_concurrent_tasks: int | None
    paused_at: datetime | None
    #: Nothing of it is released before; null once that moment has come.
    starts_at: datetime | None
    deadline: datetime | None
    is_late: bool
    #: Since when it waits for other batches or jobs, and why still.
    blocked_at: datetime | None
    blocked_reason: str | None
    #: When the last of its jobs that are to be looked at had paused for it; it stays when they go on.
    waiting_at: datetime | None
    version: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    #: Whether the caller may control it and its jobs.
    may_control: bool


BATCH: LiteralString = """b.id, b.project_id, b.number, b.title, b.status, b.options, b.progress, b.job_count,
  b.pending_count, b.processing_count, b.completed_count, b.failed_count, b.cancelled_count, b.max_concurrent_tasks,
  b.paused_at, b.starts_at, b.deadline, b.is_late, b.blocked_at, b.blocked_reason, b.waiting_at, b.version,
  b.created_by, b.created_at, b.updated_at, b.started_at, b.completed_at,
  b.project_id in (select private.controlled_project_ids()) as may_control"""


class BatchDetail(Batch, frozen=True, kw_only=True):
    """A batch with the state of its stages."""

    #: Held back by a pause of its own, its project or tenant.
    is_paused: bool
    stages: list[StageProgress]


class ControlledJob(msgspec.Struct, frozen=True, kw_only=True):
    """What a job has become."""

    job_id: UUID
    status: JobStatus
    paused_at: datetime | None
    version: int


class ControlledBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch has become."""

    batch_id: UUID
    status: BatchStatus
    paused_at: datetime | None
    version: int
    changed_jobs: int
    #: Of a cancellation or retry: not 0, and there are more jobs than one call takes. Send it again; a batch that is being
    #: cancelled is paused meanwhile.
    remaining_jobs: int = 0
    #: Of a retry: which jobs run again. For `cancelled`, send it again as `retry_cancelled`.
    retried_status: Literal["failed", "cancelled"] | None = None


class RetriedJob(msgspec.Struct, frozen=True, kw_only=True):
    """What is done again."""

    job_id: UUID
    retried_tasks: int
    generation: int


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """From where to do a job again."""

    #: This stage and all that follows of it, also of a completed job; null: what failed or was cancelled.
    stage: Stage | None = None
    #: What is to be other than before. Exactly what depends on it is computed, and the rest found again.
    changes: JobChanges | None = None


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """How to pause."""

    #: What runs is stopped and waits again, counted as neither failed nor lost; else it may end.
    now: bool = False


class BatchAction(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with a batch."""

    #: `retry_cancelled` runs again what was withdrawn; `retry_failed` what failed, and what was cancelled because something
    #: it needs failed, or in a batch that was cancelled what was withdrawn.
    action: Literal["pause", "resume", "cancel", "retry_failed", "retry_cancelled"]
    #: With pause: what runs is stopped and waits again, counted as neither failed nor lost; else it may end.
    now: bool = False


class ExpectedCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch is expected to cost."""

    currency: str
    amount: float
    #: By stage, those that cost.
    stages: dict[str, float]


class CreatedBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What was made; the same Idempotency-Key gives the same again."""

    batch_id: UUID
    number: int
    job_count: int
    #: Topics it was given so far.
    topic_count: int
    #: Whether more are to come, by `POST /batches/{batch_id}/topics`.
    is_filling: bool
    is_new: bool
    #: By the prices of now; 0 where nothing costs.
    expected_cost: ExpectedCost


class MoreTopics(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk of the topics of a batch that was created with the option is_filling."""

    #: Place of the first of them in the batch, from 1.
    position: Annotated[int, Meta(ge=1, le=2_000_000_000)]
    #: As in a new batch.
    topics: Annotated[list[AnyTopic | str], Meta(max_length=10_000)]
    #: Fields of topics that do not say otherwise.
    defaults: AnyDefaults = {}
    #: The batch has all of its topics now.
    is_last: bool = False


class FilledBatch(msgspec.Struct, frozen=True, kw_only=True):
    """How far a batch is filled."""

    batch_id: UUID
    #: Topics it has: the next chunk begins after them.
    topic_count: int
    job_count: int
    is_filling: bool
    #: False: it had these topics already.
    is_new: bool


class RowError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a topic cannot be used."""

    #: Place of the topic from 1, or line of the file; null where it is about an option.
    row: int | None
    field: str
    reason: str


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the batch would cost, by the prices of its tenant."""

    currency: str | None
    amount: float | None
    #: By stage, those that cost.
    stages: dict[str, float] = {}
    basis: str


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What the batch would take."""

    #: By stage.
    tasks: dict[str, int] | None
    seconds: int | None
    basis: str
    cost: Cost


class BatchCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A dry run: nothing was created."""

    problems: list[RowError]
    job_count: int
    estimate: Estimate
    #: Worth a look, like repeated topics; nothing is left out for them.
    warnings: list[RowError] = []


Title = Annotated[str, Meta(max_length=200)]
Cap = Annotated[int, Meta(ge=1, le=999_999)]
Amount = Annotated[float, Meta(ge=0, le=999_999_999)]


class NewBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Topics, and what holds for all of them."""

    #: May be left out of a dry run, for a project that is still to be made.
    project_id: UUID | None = None
    #: Each may be just its text. Up to 10,000; in a dry run as many as the body holds.
    topics: Annotated[list[AnyTopic | str], Meta(min_length=1)]
    title: Title = ""
    max_concurrent_tasks: Cap | None = None
    #: The most it may cost in all, in the currency the tenant pays in; `PUT /budgets` changes it.
    budget: Amount | None = None
    #: Fields of topics that do not say otherwise, like {"platforms": ["youtube"]}.
    defaults: AnyDefaults = {}
    options: AnyBatchOptions = {}


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A topic of which one video is made, or with `job_type` batch several topics."""

    project_id: UUID
    job_type: Literal["single", "batch"] = "single"
    topic: str | None = None
    #: With `job_type` batch.
    topics: Annotated[list[AnyTopic | str], Meta(max_length=10_000)] = []
    platforms: list[str] | None = None
    brief: str | None = None
    audience: str | None = None
    tone: str | None = None
    script_type: str | None = None
    language: str | None = None
    duration_s: int | None = None
    priority: str | None = None
    voice: str | None = None
    images: list[dict[str, Any]] | None = None
    library_items: list[str] | None = None
    reuse: Reuse | None = None
    metadata: dict[str, Any] | None = None
    title: Title = ""
    #: Nothing starts before.
    starts_at: datetime | None = None
    #: When it must have ended; what has not is cancelled then, or only marked as late.
    deadline: datetime | None = None
    on_deadline: Literal["cancel", "warn"] | None = None
    #: Batches and jobs that come first, how they must have ended (completed unless said otherwise), and what becomes of it
    #: when they end otherwise (hold unless said otherwise).
    after: Annotated[list[UUID], Meta(max_length=100)] | None = None
    after_condition: Literal["completed", "ended"] | None = None
    after_failure: Literal["hold", "cancel", "run"] | None = None
    #: The most it may cost in all, with all of its topics, in the currency the tenant pays in.
    budget: Amount | None = None
    pause_after: PauseAfter = None
