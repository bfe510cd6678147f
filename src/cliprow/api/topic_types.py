"""What topics and the options of batches may say: `sql/26_batch_checks.sql` checks them, these describe them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cliprow.api.shapes import described_by
from cliprow.models import FileRef, ScriptType, Tone
from cliprow.topic_rows import (
    MAX_AUDIENCE_CHARS,
    MAX_BRIEF_CHARS,
    MAX_DURATION_S,
    MAX_IMAGES,
    MAX_TOPIC_CHARS,
    MIN_DURATION_S,
)

Names = Annotated[list[str], Meta(max_length=20)]
Moment = Annotated[datetime, Meta(tz=True)]
Condition = Annotated[
    Literal["completed", "ended"] | None,
    Meta(
        description="How what comes first must have ended: `completed` unless said otherwise, or `ended` however."
    ),
]
OnFailure = Annotated[
    Literal["hold", "cancel", "run"] | None,
    Meta(
        description="What becomes of it when what comes first ends otherwise: `hold` unless said otherwise."
    ),
]
Deadline = Annotated[
    Moment | None,
    Meta(
        description="When it must have ended: a moment with an offset, at most five years away.",
        examples=["2027-02-01T09:00:00+01:00"],
    ),
]
OnDeadline = Annotated[
    Literal["cancel", "warn"] | None,
    Meta(
        description="What has not ended at the deadline is cancelled unless said otherwise, or only marked as late."
    ),
]
#: A stage that others follow.
ReviewStage = Literal["script_generation", "audio_generation", "video_generation", "platform_adaptation"]
PauseAfter = Annotated[
    ReviewStage | None,
    Meta(
        description="The stage after which each job pauses by itself, to be looked at, changed or done again, and resumed;"
        " none unless said otherwise.",
        examples=["script_generation"],
    ),
]


class ReuseWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish for scenes of the library, by tag, item or scene; at least one of them is named."""

    tag: Annotated[
        str | UnsetType, Meta(description="The best by performance with this tag.", examples=["intro"])
    ] = UNSET
    tags: Annotated[Names | UnsetType, Meta(description="The best of each.", examples=[["intro", "sky"]])] = (
        UNSET
    )
    item: Annotated[str | UnsetType, Meta(description="Id of an item of the library.")] = UNSET
    items: Annotated[Names | UnsetType, Meta(description="Ids of items of the library.")] = UNSET
    scene: Annotated[str | UnsetType, Meta(description="Id of a scene that is in the library.")] = UNSET
    scenes: Annotated[Names | UnsetType, Meta(description="Ids of scenes that are in the library.")] = UNSET
    version: Annotated[
        Annotated[int, Meta(ge=1, le=999_999)] | Literal["latest"] | UnsetType,
        Meta(description="Of the scenes; the latest unless said otherwise.", examples=[2]),
    ] = UNSET
    limit: Annotated[
        Annotated[int, Meta(ge=1, le=20)] | UnsetType,
        Meta(description="How many scenes of each tag; 1 unless said otherwise."),
    ] = UNSET


AnyWish = Annotated[dict[str, Any], described_by(ReuseWish)]
Reuse = AnyWish | Annotated[list[AnyWish], Meta(max_length=20)]
_Wishes = ReuseWish | Annotated[list[ReuseWish], Meta(max_length=20)]
_REUSE = "Scenes of the library that become part of the script: one wish, or up to 20; 20 scenes in all."


class TopicDefaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for all topics that do not say otherwise. Null says nothing."""

    platforms: Annotated[
        Annotated[list[str], Meta(min_length=1)] | UnsetType,
        Meta(description="Names that `GET /platforms` lists.", examples=[["youtube", "tiktok"]]),
    ] = UNSET
    brief: Annotated[
        Annotated[str, Meta(max_length=MAX_BRIEF_CHARS)] | None,
        Meta(
            description="What the script is to draw on: notes, a text, Markdown.",
            examples=["Scattering by molecules; why sunsets are red."],
        ),
    ] = None
    audience: Annotated[
        Annotated[str, Meta(max_length=MAX_AUDIENCE_CHARS)] | None,
        Meta(description="For whom it is.", examples=["curious children"]),
    ] = None
    tone: Annotated[
        Tone | None, Meta(description="How it speaks and looks: its style.", examples=["casual"])
    ] = None
    script_type: Annotated[
        ScriptType | None, Meta(description="The structure of the script.", examples=["explainer"])
    ] = None
    language: Annotated[
        Annotated[str, Meta(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")] | None,
        Meta(
            description="What is spoken, as BCP 47 tag; `en` unless said otherwise.",
            examples=["pt-BR"],
        ),
    ] = None
    voice: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="A voice that `GET /voices` lists for the language.", examples=["amy"]),
    ] = None
    duration_s: Annotated[
        Annotated[int, Meta(ge=MIN_DURATION_S, le=MAX_DURATION_S)] | None,
        Meta(description="Length to aim at, in seconds.", examples=[60]),
    ] = None
    priority: Annotated[
        Literal["urgent", "premium", "standard"] | None,
        Meta(description="Its lane; `premium` is for tenants of the plan premium.", examples=["urgent"]),
    ] = None
    images: Annotated[
        Annotated[list[FileRef], Meta(max_length=MAX_IMAGES)] | None,
        Meta(description="Stored pictures of the tenant, shown in the scenes in turn."),
    ] = None
    library_items: Annotated[
        Annotated[list[str], Meta(max_length=20)] | None,
        Meta(
            description="Scenes of the library that become part of the script: ids of items, or id@version.",
            examples=[["01938c62-1a2b-7c3d-8e4f-5a6b7c8d9e0f@2"]],
        ),
    ] = None
    reuse: Annotated[_Wishes | None, Meta(description=_REUSE, examples=[{"tag": "intro"}])] = None
    metadata: Annotated[
        dict[str, Any] | None,
        Meta(
            description="Kept with the job as it is, at most 20,000 characters of JSON.",
            examples=[{"campaign": "autumn"}],
        ),
    ] = None
    after_condition: Condition = None
    after_failure: OnFailure = None
    deadline: Deadline = None
    on_deadline: OnDeadline = None


class Topic(TopicDefaults, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A topic: one video. What it does not say is as the defaults of its batch say, then those of its project."""

    topic: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=MAX_TOPIC_CHARS,
            description="What it is about.",
            examples=["Why the sky is blue"],
        ),
    ]
    after_rows: Annotated[
        Annotated[list[Annotated[int, Meta(ge=1, le=999_999)]], Meta(max_length=20)] | None,
        Meta(
            description="Places from 1 of topics before it in the batch, whose jobs must have ended first.",
            examples=[[1, 2]],
        ),
    ] = None


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said of a batch, and of those of a schedule."""

    job_type: Annotated[
        Literal["single", "batch"] | None,
        Meta(description="What its jobs are called: `batch` unless said otherwise."),
    ] = None
    max_concurrent_tasks: Annotated[
        Annotated[int, Meta(ge=1, le=999_999)] | None,
        Meta(description="How many of its tasks may be active at once.", examples=[8]),
    ] = None
    budget: Annotated[
        Annotated[float, Meta(ge=0, le=999_999_999)] | None,
        Meta(
            description="The most it may cost in all, in the currency the tenant pays in.",
            examples=[20],
        ),
    ] = None
    pause_after: PauseAfter = None
    reuse: Annotated[_Wishes | UnsetType, Meta(description=_REUSE, examples=[{"tag": "intro"}])] = UNSET


class ScheduleOptions(_Options, frozen=True, kw_only=True):
    """What holds for each batch of a schedule. Fields of other names are kept with the batch."""

    title: Annotated[
        str,
        Meta(
            max_length=200,
            description="Of each batch; {date} becomes the local day.",
            examples=["Sky {date}"],
        ),
    ] = ""


class BatchOptions(_Options, frozen=True, kw_only=True):
    """What holds for a batch as a whole. Fields of other names are kept with it."""

    starts_at: Annotated[
        Moment | None,
        Meta(
            description="Nothing of it starts before: a moment with an offset, at most five years away.",
            examples=["2027-01-31T09:00:00+01:00"],
        ),
    ] = None
    deadline: Deadline = None
    on_deadline: OnDeadline = None
    after: Annotated[
        Annotated[list[UUID], Meta(max_length=100)] | None,
        Meta(description="Ids of batches and jobs that come first."),
    ] = None
    after_condition: Condition = None
    after_failure: OnFailure = None
    is_filling: Annotated[
        bool | None,
        Meta(description="More topics follow, by `POST /batches/{batch_id}/topics`.", examples=[True]),
    ] = None
    list_sha256: Annotated[
        Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None,
        Meta(
            description="With `is_filling`: a digest of all topics, in a form of your own, so that the same Idempotency-Key"
            " is refused for a list that differs later on. Not kept."
        ),
    ] = None


AnyTopic = Annotated[dict[str, Any], described_by(Topic)]
AnyDefaults = Annotated[dict[str, Any], described_by(TopicDefaults)]
AnyBatchOptions = Annotated[dict[str, Any], described_by(BatchOptions)]
AnyScheduleOptions = Annotated[dict[str, Any], described_by(ScheduleOptions)]
#: The structs that the document has to hold, because something refers to them.
SHAPES = (Topic, TopicDefaults, BatchOptions, ScheduleOptions, ReuseWish)
