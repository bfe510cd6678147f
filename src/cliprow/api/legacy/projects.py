"""`/api/projects`, `/api/scripts` and `/api/jobs`: from an idea to a finished single video."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from psycopg.types.json import Jsonb

from cliprow.api.database import Transaction
from cliprow.api.legacy.access import TheDoor
from cliprow.api.legacy.answers import missing, success
from cliprow.api.legacy.rows import (
    CONTENT,
    JOBS,
    PROJECTS,
    SCENES,
    SCRIPTS,
    TONE_KEPT_AS,
    Row,
    find,
    one,
    rows,
    shown,
)
from cliprow.models import Tone

#: Lengths of a video that a batch takes, in seconds; older clients may ask for others.
MIN_DURATION_S, MAX_DURATION_S = 5, 600
#: What the old pipeline made, unless the project's metadata names others under `platforms`.
PLATFORMS = ("youtube",)


class NewProject(msgspec.Struct, kw_only=True):
    """Body of `POST /api/projects`; other fields are ignored, as they always were."""

    original_idea: str
    target_audience: str | None = None
    tone: str | None = None
    metadata: dict[str, Any] | None = None


class Generate(msgspec.Struct, kw_only=True):
    """Body of `POST /api/scripts/generate`."""

    project_id: str
    #: Seconds.
    target_duration: int | None = 300
    scene_count: int | None = 5


Limit = Annotated[int, QueryParameter(ge=0, le=1000)]


@post("/api/projects", status_code=200)
async def create_project(data: JSONBody[NewProject], door: TheDoor) -> dict[str, object]:
    """Make a project; a tone that we do not know is kept in its metadata."""
    async with door.acting() as at:
        metadata = dict(data.metadata or {})
        if data.tone and data.tone not in set(Tone):
            metadata[TONE_KEPT_AS] = data.tone
        own_id = await at.value(
            "insert into public.projects (original_idea, target_audience, tone, metadata)"
            " values (%s, %s, %s, %s) returning id",
            data.original_idea,
            data.target_audience,
            data.tone if data.tone in set(Tone) else None,
            Jsonb(metadata),
        )
        row = await one(at.connection, f"{PROJECTS} and p.id = %(id)s", id=own_id)
    assert row is not None
    return success(shown(row))


@get("/api/projects")
async def list_projects(
    door: TheDoor, status: FromQuery[str | None] = None, limit: Limit = 50
) -> dict[str, object]:
    """Projects, the newest first."""
    async with door.acting() as at:
        found = await rows(
            at.connection,
            f"{PROJECTS} and (%(status)s::text is null or s.status = %(status)s)"
            " order by p.created_at desc, p.id desc limit %(limit)s",
            status=status,
            limit=limit,
        )
    return success([shown(row) for row in found], len(found))


@get("/api/projects/{project_id:str}")
async def get_project(project_id: FromPath[str], door: TheDoor) -> dict[str, object]:
    """A project with its jobs and the sums of its figures."""
    async with door.acting() as at:
        project = await project_row(at, project_id)
        jobs = await _jobs(at, project)
        figures = await project_figures(at, project)
    return success({**shown(project), "jobs": jobs, "analytics": figures})


@delete("/api/projects/{project_id:str}", status_code=200)
async def delete_project(project_id: FromPath[str], door: TheDoor) -> dict[str, object]:
    """Delete a project; what is left of it is purged later."""
    async with door.acting() as at:
        project = await project_row(at, project_id)
        await at.run("update public.projects set deleted_at = now() where id = %s", project["own_id"])
    return {"success": True, "message": "Project deleted successfully"}


@post("/api/scripts/generate", status_code=200)
async def generate(data: JSONBody[Generate], door: TheDoor) -> dict[str, object]:
    """Start the making of a single video: a batch of one."""
    async with door.acting() as at:
        project = await project_row(at, data.project_id)
        await at.value(
            "select public.create_batch(%s, %s, %s)",
            project["own_id"],
            Jsonb([_topic(project, data)]),
            Jsonb({"job_type": "single"}),
        )
        await at.run("update public.projects set status = 'processing' where id = %s", project["own_id"])
    return {"success": True, "message": "Script generation started", "project_id": data.project_id}


def _topic(project: Row, asked: Generate) -> dict[str, object]:
    """What the batch is to make of a project's idea."""
    options = project["metadata"] if isinstance(project["metadata"], dict) else {}
    duration = asked.target_duration or 300
    topic = {
        "topic": str(project["original_idea"])[:500],
        # A long idea is also the brief that the script is taken from.
        "brief": project["original_idea"] if len(project["original_idea"]) > 500 else None,
        "audience": project["target_audience"],
        # One that only the old system took has no palette and no voice here: the default speaks.
        "tone": project["tone"] if project["tone"] in set(Tone) else None,
        "platforms": options.get("platforms") or list(PLATFORMS),
        "duration_s": min(MAX_DURATION_S, max(MIN_DURATION_S, duration)),
        "metadata": {"target_duration": asked.target_duration, "scene_count": asked.scene_count},
    }
    return {key: value for key, value in topic.items() if value}


@get(["/api/scripts/{script_id:str}", "/api/preview/script/{script_id:str}"])
async def get_script(script_id: FromPath[str], door: TheDoor) -> dict[str, object]:
    """A script, its content as an object."""
    async with door.acting() as at:
        own_id = await find(at.connection, "script", script_id)
        row = await one(at.connection, f"{SCRIPTS} and s.id = %(id)s", id=own_id)
    if row is None:
        raise missing("Script")
    return success(row)


@get("/api/scripts/{script_id:str}/scenes")
async def list_scenes(script_id: FromPath[str], door: TheDoor) -> dict[str, object]:
    """Scenes with what was made of each: its narration, and the finished files of its video."""
    async with door.acting() as at:
        own_id = await find(at.connection, "script", script_id)
        scenes = await rows(
            at.connection, f"{SCENES} and s.script_id = %(id)s order by s.scene_number", id=own_id
        )
        content = await rows(
            at.connection,
            # Pictures of a single scene are silent parts of the finished video, which clients expect here instead.
            f"{CONTENT} and c.role <> 'segment' and (c.scene_id = any(%(scenes)s) or (c.scene_id is null and"
            " c.content_type <> 'manifest' and c.job_id = (select s.job_id from public.scripts as s where s.id = %(id)s)))"
            " order by c.id",
            id=own_id,
            scenes=[scene["own_id"] for scene in scenes],
        )
    answer = []
    for scene in scenes:
        own = [shown(file) for file in content if file["scene_id"] == scene["id"]]
        whole = [{**shown(file), "scene_id": scene["id"]} for file in content if file["scene_id"] is None]
        answer.append(
            {**shown(scene), "content_count": len(own) + len(whole), "generated_content": own + whole}
        )
    return success(answer, len(answer))


@get("/api/jobs/{job_id:str}")
async def get_job(job_id: FromPath[str], door: TheDoor) -> dict[str, object]:
    """A job, its result as an object."""
    async with door.acting() as at:
        own_id = await find(at.connection, "job", job_id)
        row = await one(at.connection, f"{JOBS} and j.id = %(id)s", id=own_id)
    if row is None:
        raise missing("Job")
    return success(shown(row))


@get("/api/projects/{project_id:str}/jobs")
async def list_jobs(project_id: FromPath[str], door: TheDoor) -> dict[str, object]:
    """Jobs of a project, the newest first; none for a project that is not there, as it always was."""
    async with door.acting() as at:
        own_id = await find(at.connection, "project", project_id)
        found = await rows(at.connection, f"{JOBS} and j.project_id = %(id)s order by j.id desc", id=own_id)
    return success([shown(row) for row in found], len(found))


async def project_row(at: Transaction, given: str) -> Row:
    """A project by either of its ids.

    Raises:
        NotFound: `Project not found`.
    """
    own_id = await find(at.connection, "project", given)
    row = await one(at.connection, f"{PROJECTS} and p.id = %(id)s", id=own_id)
    if row is None:
        raise missing("Project")
    return row


async def project_figures(at: Transaction, project: Row) -> Row:
    """Sums over everything measured of a project's content; null where nothing was measured."""
    row = await one(
        at.connection,
        "select sum(m.views)::bigint as total_views, sum(m.likes)::bigint as total_likes,"
        " sum(m.comments_count)::bigint as total_comments, avg(m.engagement_rate)::float8 as avg_engagement"
        " from public.performance_metrics as m"
        " where m.tenant_id = private.tenant_id() and m.project_id = %(id)s",
        id=project["own_id"],
    )
    assert row is not None
    return row


async def _jobs(at: Transaction, project: Row) -> list[Row]:
    found = await rows(
        at.connection, f"{JOBS} and j.project_id = %(id)s order by j.id desc", id=project["own_id"]
    )
    return [shown(row) for row in found]


PROJECTS_AND_JOBS = [
    create_project,
    list_projects,
    get_project,
    delete_project,
    generate,
    get_script,
    list_scenes,
    get_job,
    list_jobs,
]
