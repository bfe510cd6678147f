"""The script that a job works from, and what a retry may change of a job and of its scenes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, LiteralString
from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.params import FromPath
from msgspec import UNSET, Meta, UnsetType

from cliprow.api.answers import tagged
from cliprow.api.keys import key_of, not_found
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant
from cliprow.models import FileRef, SceneType, ScriptType, Tone

Text = Annotated[str, Meta(max_length=10_000)]
Point = Annotated[str, Meta(max_length=500)]
Short = Annotated[str, Meta(max_length=500)]


class SceneChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be other in a scene; what is left out stays."""

    voiceover_text: Annotated[str, Meta(min_length=1, max_length=10_000)] | UnsetType = UNSET
    visual_description: Text | UnsetType = UNSET
    heading: Text | UnsetType = UNSET
    points: Annotated[list[Point], Meta(max_length=20)] | UnsetType = UNSET


class JobChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be other in a job; what is left out stays, and null takes away what was said. Brief, audience, tone,
    script_type, language and duration_s write another script; the others keep it.
    """

    brief: Annotated[str, Meta(max_length=50_000)] | UnsetType | None = UNSET
    audience: Short | UnsetType | None = UNSET
    tone: Tone | UnsetType | None = UNSET
    script_type: ScriptType | UnsetType | None = UNSET
    #: BCP 47 tag.
    language: Annotated[str, Meta(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")] | UnsetType | None = UNSET
    duration_s: Annotated[int, Meta(ge=5, le=600)] | UnsetType | None = UNSET
    voice: Annotated[str, Meta(max_length=100)] | UnsetType | None = UNSET
    #: Stored files of the tenant, shown in the scenes.
    images: Annotated[list[FileRef], Meta(max_length=50)] | UnsetType | None = UNSET
    #: All platforms that the job is to have from now on.
    platforms: Annotated[list[str], Meta(min_length=1)] | UnsetType = UNSET
    #: Scenes by their number; not together with what writes another script.
    scenes: dict[Annotated[str, Meta(pattern="^[0-9]{1,4}$")], SceneChange] | UnsetType = UNSET


class ScriptScene(msgspec.Struct, frozen=True, kw_only=True):
    """One scene: what is said and what is seen."""

    id: UUID
    scene_number: int
    scene_type: SceneType
    heading: str
    voiceover_text: str
    visual_description: str
    points: list[str]
    #: Seconds, estimated; `duration_ms` is exact, once the narration is there.
    duration: int
    duration_ms: int | None
    #: Item of the library that it was taken from, unchanged, and which version; null for one that was written.
    library_item_id: UUID | None
    library_version: int | None


class JobScript(msgspec.Struct, frozen=True, kw_only=True):
    """The script that a job works from now: its newest."""

    id: UUID
    job_id: UUID
    title: str
    description: str
    key_points: list[str]
    hashtags: list[str]
    language: str
    script_type: ScriptType
    word_count: int
    #: Seconds, estimated when written.
    total_duration: int
    #: How it came to be: provider, model, method, notes.
    metadata: dict[str, Any]
    created_at: datetime
    scenes: list[ScriptScene]


#: Parameters: tenant, job. Scenes of the library stand in the job's parameters as they were taken, beside their ids.
_SCRIPT: LiteralString = """
select to_json(r)::text from (
  select s.id, s.job_id, coalesce(s.content ->> 'title', '') as title,
    coalesce(s.content ->> 'description', '') as description,
    coalesce(s.content -> 'key_points', '[]') as key_points, coalesce(s.content -> 'hashtags', '[]') as hashtags,
    s.language, s.script_type, s.word_count, s.total_duration, coalesce(s.content -> 'metadata', '{}') as metadata,
    s.created_at,
    coalesce((select json_agg(to_json(k) order by k.scene_number) from (
      select c.id, c.scene_number, c.scene_type, c.heading, c.voiceover_text, c.visual_description, c.points, c.duration,
        c.duration_ms, split_part(l.name, '@', 1)::uuid as library_item_id,
        nullif(split_part(l.name, '@', 2), '')::int as library_version
      from public.scenes as c
      left join lateral (
        select i.name
        from jsonb_array_elements_text(j.params -> 'library_items') with ordinality as i (name, place)
        join jsonb_array_elements(j.params -> 'scenes') with ordinality as t (taken, place) using (place)
        where t.taken ->> 'voiceover_text' = c.voiceover_text and t.taken ->> 'visual_description' = c.visual_description
          and coalesce(t.taken ->> 'heading', '') = c.heading and coalesce(t.taken -> 'points', '[]') = c.points
        order by i.place limit 1
      ) as l on true
      where c.tenant_id = s.tenant_id and c.script_id = s.id
    ) as k), '[]') as scenes
  from public.generation_jobs as j
  join public.scripts as s on s.tenant_id = j.tenant_id and s.job_id = j.id
  where j.tenant_id = %s and j.id = %s
  order by s.created_at desc, s.id desc
  limit 1
) as r
"""


@get("/jobs/{job_id:str}/script")
async def get_script(request: ApiRequest, job_id: FromPath[str]) -> Response[JobScript]:
    """Show the script that a job works from, scene by scene. 404 until it has been written. A scene is changed by
    `POST /jobs/{job_id}/retry` with `changes`.
    """
    key = await key_of(request, "job", job_id)
    rows = await request.rows(_SCRIPT, request.tenant_id, key)
    if not rows:
        raise not_found("script", job_id)
    return tagged(request, rows[0][0])


router = Router(path="/", route_handlers=[get_script], guards=[in_tenant], security=BEARER, tags=["Jobs"])
