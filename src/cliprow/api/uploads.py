"""Bodies that are not simply JSON: topics as a file."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

import msgspec
from litestar.datastructures import UploadFile

from cliprow.api.problems import Refused
from cliprow.api.request import ApiRequest
from cliprow.api.submission import Submission, read_upload
from cliprow.api.topic_types import ReviewStage
from cliprow.errors import InvalidInput, RowProblem

T = TypeVar("T")

#: Media types of topic files, with the suffix that says how each is read.
FILE_TYPES = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "text/plain": ".txt",
    "application/octet-stream": ".txt",
}
FORM = "multipart/form-data"
#: Longest list that one part of a form or parameter may hold.
_MAX_PLATFORMS = 50


class UploadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a file cannot say, as parameters of the address or parts of the form."""

    project_id: UUID | None = None
    title: str = ""
    max_concurrent_tasks: int | None = None
    budget: float | None = None
    pause_after: ReviewStage | None = None
    #: For rows that name none, separated by commas.
    platforms: str = ""


class UploadForm(UploadOptions, frozen=True, kw_only=True):
    """A topics file as the part of a form."""

    file: bytes


def decode_json(body: bytes, kind: type[T]) -> T:
    """A JSON body as its type.

    Raises:
        Refused: it is not JSON.
        InvalidInput: it is not of the type.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `")
        field = place.rstrip("`").removeprefix("$").lstrip(".")
        raise InvalidInput(
            "Parts of the request cannot be used.",
            next_step="Correct the fields named.",
            problems=[RowProblem(None, field, reason)],
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            f"The body is not JSON: {error}.",
            error_code="MALFORMED_JSON",
            next_step="Send JSON in UTF-8, or say with Content-Type what it is.",
        ) from error


async def read_batch_file(request: ApiRequest, media_type: str, given: UploadOptions) -> Submission:
    """A batch out of an uploaded file.

    Raises:
        Refused: the media type is none of a topics file.
        InvalidInput: the file or a parameter cannot be used.
    """
    if media_type == FORM:
        data, name, given = await _read_form(request, given)
    elif media_type in FILE_TYPES:
        data, name = await request.body(), f"upload{FILE_TYPES[media_type]}"
    else:
        raise Refused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"A batch is not made from {media_type or 'a body without a media type'}.",
            error_code="UNSUPPORTED_MEDIA_TYPE",
            next_step="Send application/json, text/csv, or multipart/form-data with a part `file`.",
        )
    if given.project_id is None:
        raise InvalidInput(
            "It is not said for which project the batch is.",
            next_step="Add ?project_id= with the id of one of your projects.",
            problems=[RowProblem(None, "project_id", "is missing")],
        )
    offered = [row[0] for row in await request.rows("select platform from public.platforms where is_offered")]
    submission = read_upload(data, name, offered, given.project_id)
    submission.options = {"title": given.title, "job_type": "batch"}
    if given.max_concurrent_tasks is not None:
        submission.options["max_concurrent_tasks"] = given.max_concurrent_tasks
    if given.budget is not None:
        submission.options["budget"] = given.budget
    if given.pause_after is not None:
        submission.options["pause_after"] = given.pause_after
    if platforms := [each.strip() for each in given.platforms.split(",", _MAX_PLATFORMS) if each.strip()]:
        submission.defaults = {"platforms": platforms}
    return submission


async def _read_form(request: ApiRequest, given: UploadOptions) -> tuple[bytes, str, UploadOptions]:
    """The file of a form, and its other parts over the parameters."""
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise InvalidInput(
            "The form has no part `file`.",
            next_step="Send the topics file as the part `file`.",
            problems=[RowProblem(None, "file", "is missing")],
        )
    parts = {name: form[name] for name in UploadOptions.__struct_fields__ if isinstance(form.get(name), str)}
    try:
        said = msgspec.convert({**msgspec.structs.asdict(given), **parts}, UploadOptions, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"A part of the form cannot be used: {error}.", next_step="Correct it.") from error
    return await file.read(), file.filename, said
