"""Voices and styles that a topic may ask for, with a sample of each."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery, QueryParameter

from cliprow.api.answers import json_answer
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant, no_tenant
from cliprow.models import Tone

#: Of a still picture, by aspect.
_SIZES = {"16:9": (640, 360), "9:16": (360, 640), "1:1": (480, 480), "4:5": (384, 480)}
#: Samples change when Cliprow does.
_KEPT = {"cache-control": "private, max-age=86400"}
_LABELS = {
    Tone.PROFESSIONAL: "Deep blue, rings",
    Tone.CASUAL: "Warm and light, soft shapes",
    Tone.EDUCATIONAL: "Green with yellow, grid",
    Tone.ENTERTAINING: "Violet and lime, confetti",
    Tone.MOTIVATIONAL: "Dark red and amber, rays",
}


class VoiceChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A voice, as `voice` of a topic names it."""

    voice: str
    #: BCP 47 tag of what it speaks.
    language: str
    label: str
    provider: str
    #: Speaks its language when a topic names no voice.
    is_default: bool


class Voices(msgspec.Struct, frozen=True, kw_only=True):
    """All voices of this deployment."""

    items: list[VoiceChoice]


class StyleChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A style: colours and shapes. It goes with the `tone` of a topic, whose words it decides too."""

    style: Tone
    label: str
    is_default: bool


class Styles(msgspec.Struct, frozen=True, kw_only=True):
    """All styles."""

    items: list[StyleChoice]


async def _member(request: ApiRequest) -> None:
    """Samples cost time, so they are for members only; nothing else here asks the database."""
    if (await request.rows("select private.tenant_id()"))[0][0] is None:
        raise no_tenant()


@get("/voices")
async def list_voices(request: ApiRequest) -> Response[Voices]:
    """List the voices that speak here, with their languages."""
    await _member(request)
    return json_answer(b'{"items":' + await request.services.samples.ask(voices={}) + b"}")


@get(
    "/voices/sample",
    responses={
        200: ResponseSpec(bytes, generate_examples=False, media_type="audio/flac", description="Sound.")
    },
)
async def get_voice_sample(
    request: ApiRequest,
    language: Annotated[str, QueryParameter(max_length=35, description="BCP 47 tag, like en or pt-BR.")],
    voice: Annotated[
        str, QueryParameter(max_length=100, description="Absent: the default of the language.")
    ] = "",
) -> Response[bytes]:
    """Let a voice say a sentence or two, as the audio stage would."""
    await _member(request)
    sound = await request.services.samples.ask(voice={"language": language, "voice": voice})
    return Response(sound, media_type="audio/flac", headers=_KEPT)


@get("/styles")
async def list_styles(request: ApiRequest) -> Styles:
    """List the styles that videos can have."""
    await _member(request)
    return Styles(
        items=[
            StyleChoice(style=tone, label=_LABELS[tone], is_default=tone is Tone.EDUCATIONAL) for tone in Tone
        ]
    )


@get(
    "/styles/still",
    responses={
        200: ResponseSpec(bytes, generate_examples=False, media_type="image/jpeg", description="A picture.")
    },
)
async def get_style_still(
    request: ApiRequest,
    style: Annotated[Tone, QueryParameter(description="One of `/styles`.")],
    aspect: FromQuery[Literal["16:9", "9:16", "1:1", "4:5"]] = "16:9",
) -> Response[bytes]:
    """Show a frame in a style, drawn by what draws every frame of a video."""
    await _member(request)
    width, height = _SIZES[aspect]
    picture = await request.services.samples.ask(style={"style": style, "width": width, "height": height})
    return Response(picture, media_type="image/jpeg", headers=_KEPT)


router = Router(
    path="/",
    route_handlers=[list_voices, get_voice_sample, list_styles, get_style_still],
    guards=[in_tenant],
    security=BEARER,
    tags=["Voices and styles"],
)
