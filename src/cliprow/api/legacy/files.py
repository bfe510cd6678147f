"""`/media`, previews, downloads and exports: the bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from cliprow.api.archives import Member
from cliprow.api.legacy.access import Door, TheDoor
from cliprow.api.legacy.answers import missing, success
from cliprow.api.legacy.projects import project_row
from cliprow.api.legacy.rows import CONTENT, SCRIPTS, Row, find, moment, one, rows, shown
from cliprow.api.media import body, passed_on, plain_name
from cliprow.errors import InvalidInput, NotFound


class Export(msgspec.Struct, kw_only=True):
    """Body of `POST /api/export/project`."""

    project_id: str
    #: video, audio, script, thumbnail, subtitle.
    content_types: list[str]
    platforms: list[str] | None = None
    format: str = "zip"


@get("/api/preview/content/{content_id:str}")
async def preview(content_id: FromPath[str], door: TheDoor) -> dict[str, object]:
    """A file's row, with the address that serves it."""
    return success(shown(await _content(door, content_id)))


@get("/api/download/content/{content_id:str}")
async def download(request: Request[Any, Any, Any], content_id: FromPath[str], door: TheDoor) -> Stream:
    """The file itself, to be saved."""
    content = await _content(door, content_id)
    name = PurePosixPath(content["media_url"]).name
    return await _send(
        request,
        door,
        content,
        f'attachment; filename="{plain_name(name)}"',
        f"{content['content_type']}/{content['format'] or 'octet-stream'}",
    )


@get("/media/{name:str}")
async def media(request: Request[Any, Any, Any], name: FromPath[str], door: TheDoor) -> Stream:
    """A file by the name in its `media_url`; ranges work, so that players can seek."""
    async with door.acting() as at:
        content = await one(
            at.connection,
            f"{CONTENT} and (c.id = %(id)s or (c.job_id is null and c.file_name = %(name)s))"
            " order by c.id desc limit 1",
            id=_id_in(name),
            name=name,
        )
    if content is None:
        raise missing("File")
    return await _send(request, door, content, "inline")


@post("/api/export/project", status_code=200)
async def export(data: JSONBody[Export], door: TheDoor) -> Stream:
    """The files of a project as a zip: project_info.json, then a folder for each type."""
    if data.format != "zip":
        raise InvalidInput(f"The format {data.format!r} is not one of: zip.")
    async with door.acting() as at:
        project = await project_row(at, data.project_id)
        created = await at.value(
            f"select {moment('p.created_at')} from public.projects as p where p.id = %s",
            project["own_id"],
        )
        content = await rows(
            at.connection,
            f"{CONTENT} and c.project_id = %(id)s and c.content_type = any(%(types)s) and c.role <> 'segment'"
            " and (%(platforms)s::text [] is null or c.platform = any(%(platforms)s)) order by c.id",
            id=project["own_id"],
            types=data.content_types,
            platforms=data.platforms or None,
        )
        scripts = (
            await rows(at.connection, f"{SCRIPTS} and s.project_id = %(id)s", id=project["own_id"])
            if "script" in data.content_types
            else []
        )
    info = {
        "project_id": project["id"],
        "idea": project["original_idea"],
        "created_at": created,
        "export_date": datetime.now(UTC).replace(tzinfo=None).isoformat(),
    }
    texts = {"project_info.json": json.dumps(info, indent=2, ensure_ascii=False)}
    texts |= {
        f"scripts/{script['id']}.json": json.dumps(script["content"], indent=2, ensure_ascii=False)
        for script in scripts
    }
    members = [
        Member(
            row["own_id"],
            f"{row['content_type']}s/{plain_name(PurePosixPath(row['media_url']).name)}",
            row["file_path"],
            row["file_size"],
            datetime.now(UTC),
        )
        for row in content
    ]
    name = f"project_{data.project_id[:8]}_{datetime.now(UTC):%Y%m%d_%H%M%S}.zip"
    return Stream(
        door.archiver.write(members, texts),
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{plain_name(name)}"'},
    )


async def _content(door: Door, given: str) -> Row:
    async with door.acting() as at:
        own_id = await find(at.connection, "content", given)
        content = await one(at.connection, f"{CONTENT} and c.id = %(id)s", id=own_id)
    if content is None:
        raise missing("Content")
    return content


def _id_in(name: str) -> UUID | None:
    """The id that a newer file's name begins with."""
    try:
        return UUID(name.split(".")[0])
    except ValueError:
        return None


async def _send(
    request: Request[Any, Any, Any], door: Door, content: Row, disposition: str, media_type: str | None = None
) -> Stream:
    """What the storage answers, passed on."""
    try:
        response = await door.media.open(content["file_path"], request.headers)
    except NotFound:
        raise missing("File") from None
    headers = {**passed_on(response), "content-disposition": disposition}
    return Stream(
        body(response),
        status_code=response.status_code,
        media_type=media_type or headers.pop("content-type", "application/octet-stream"),
        headers={name: value for name, value in headers.items() if name != "content-type"},
        background=BackgroundTask(response.aclose),
    )


FILES = [preview, download, media, export]
