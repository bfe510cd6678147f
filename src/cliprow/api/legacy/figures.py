"""`/api/library` and `/api/analytics`: reusable scenes, and what was watched."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody
from psycopg.types.json import Jsonb

from cliprow.api.legacy.access import TheDoor
from cliprow.api.legacy.answers import missing, success
from cliprow.api.legacy.projects import project_figures, project_row
from cliprow.api.legacy.rows import LIBRARY, PROJECTS, find, one, rows

_COUNTERS = ("views", "likes", "comments_count", "shares")


class Search(msgspec.Struct, kw_only=True):
    """Body of `POST /api/library/search`."""

    tags: list[str] | None = None
    #: Seconds.
    duration_min: int | None = None
    duration_max: int | None = None
    limit: int = 20


class NewItem(msgspec.Struct, kw_only=True):
    """Body of `POST /api/library/add`."""

    scene_id: str
    specific_tags: list[str] = []
    generic_tags: list[str] = []
    library_category: str = "experimental"


@post("/api/library/search", status_code=200)
async def search(data: JSONBody[Search], door: TheDoor) -> dict[str, object]:
    """Scenes with any of the tags, the best performing first, then the most used."""
    async with door.acting() as at:
        found = await rows(
            at.connection,
            f"""{LIBRARY}
            and (%(tags)s::text [] is null or i.specific_tags ?| %(tags)s or i.generic_tags ?| %(tags)s)
            and (%(duration_min)s::int is null or s.duration >= %(duration_min)s)
            and (%(duration_max)s::int is null or s.duration <= %(duration_max)s)
            order by i.performance_score desc, i.usage_count desc, i.id limit %(limit)s""",
            tags=data.tags or None,
            duration_min=data.duration_min,
            duration_max=data.duration_max,
            limit=max(0, min(data.limit, 1000)),
        )
    return success(found, len(found))


@post("/api/library/add", status_code=200)
async def add(data: JSONBody[NewItem], door: TheDoor) -> dict[str, object]:
    """Put a scene into the library; one that is there already gets these tags and this category."""
    async with door.acting() as at:
        scene_id = await find(at.connection, "scene", data.scene_id)
        if await at.value("select id from public.scenes where id = %s", scene_id) is None:
            raise missing("Scene")
        library_id = await at.value(
            "insert into public.content_library (scene_id, specific_tags, generic_tags, library_category)"
            " values (%s, %s, %s, %s)"
            " on conflict (tenant_id, scene_id) do update set specific_tags = excluded.specific_tags,"
            " generic_tags = excluded.generic_tags, library_category = excluded.library_category"
            " returning id",
            scene_id,
            Jsonb(data.specific_tags),
            Jsonb(data.generic_tags),
            data.library_category,
        )
        row = await one(at.connection, f"{LIBRARY} and i.id = %(id)s", id=library_id)
    assert row is not None
    return success({"library_id": row["id"]})


@get("/api/analytics/overview")
async def overview(door: TheDoor) -> dict[str, object]:
    """How many projects there are, by status, and the ten newest."""
    async with door.acting() as at:
        found = await rows(
            at.connection,
            f"select q.status, count(*) as projects from ({PROJECTS}) as q group by q.status order by q.status",
        )
        recent = await rows(
            at.connection,
            f"select q.id, q.original_idea, q.status, q.created_at from ({PROJECTS}) as q"
            " order by q.created_at desc, q.own_id desc limit 10",
        )
    breakdown = {row["status"]: row["projects"] for row in found}
    return success(
        {
            "total_projects": sum(breakdown.values()),
            "status_breakdown": breakdown,
            "recent_projects": recent,
        }
    )


@get("/api/analytics/projects/{project_id:str}")
async def of_project(project_id: FromPath[str], door: TheDoor) -> dict[str, object]:
    """Sums of a project's figures."""
    async with door.acting() as at:
        figures = await project_figures(at, await project_row(at, project_id))
    return success(figures)


@get("/api/analytics/realtime")
async def realtime(door: TheDoor) -> dict[str, object]:
    """How much content there is, by type and platform, and what was watched in all."""
    async with door.acting() as at:
        by_type = await rows(
            at.connection,
            "select content_type as name, count(*) as files from public.generated_content"
            " where tenant_id = private.tenant_id() group by 1 order by 1",
        )
        by_platform = await rows(
            at.connection,
            "select platform as name, count(*) as files from public.generated_content"
            " where tenant_id = private.tenant_id() group by 1 order by 1",
        )
        summary = await one(
            at.connection,
            "select sum(views)::bigint as total_views, sum(likes)::bigint as total_likes,"
            " sum(comments_count)::bigint as total_comments, sum(shares)::bigint as total_shares,"
            " avg(engagement_rate)::float8 as avg_engagement"
            " from public.performance_metrics where tenant_id = private.tenant_id()",
        )
    return success(
        {
            "total_content": sum(row["files"] for row in by_type),
            "content_by_type": {row["name"]: row["files"] for row in by_type},
            "content_by_platform": {row["name"]: row["files"] for row in by_platform},
            "performance_summary": summary,
        }
    )


@post("/api/analytics/performance", status_code=200)
async def record(data: JSONBody[dict[str, Any]], door: TheDoor) -> dict[str, object]:
    """Keep figures of a piece of content; a rate above 1 is a percentage, as older clients send it."""
    figures = {name: data.get(name) or 0 for name in _COUNTERS}
    rate = float(data.get("engagement_rate") or 0)
    figures["engagement_rate"] = rate / 100 if rate > 1 else rate
    figures["performance_score"] = data.get("performance_score") or 0
    async with door.acting() as at:
        content_id = await find(at.connection, "content", str(data.get("content_id") or ""))
    if content_id is None:
        raise missing("Content")
    await door.record(content_id, str(data.get("platform") or "universal"), figures)
    return {"success": True, "message": "Performance recorded"}


FIGURES = [search, add, overview, of_project, realtime, record]
