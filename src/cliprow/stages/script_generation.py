"""The script of one video, from its topic and, where there is one, the user's brief."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from cliprow.errors import FailForGood
from cliprow.models import LibraryScene, SceneScript, SceneType, Script, ScriptInputs
from cliprow.providers import script_extractive
from cliprow.providers.pace import SCENE_SILENCE_S, spoken_seconds
from cliprow.stages import StageOutput, Work

#: Raised whenever the embedded writer makes other scripts of equal inputs.
_EXTRACTIVE_VERSION = 2

_PROVIDERS = ("extractive", "openai")
#: Scenes that end a script; those of the library stand before them.
_CLOSING = (SceneType.CONCLUSION, SceneType.CALL_TO_ACTION)
#: What a writer gets to fill, in seconds, however much the scenes of the library take.
_SHORTEST_S = 10


def version(settings: Mapping[str, str]) -> str:
    """Name what decides how equal inputs are written."""
    if _provider_name(settings) == "openai":
        from cliprow.providers import script_openai  # with an HTTP client, which few need

        return f"openai {script_openai.version(settings)}"
    return f"{_provider_name(settings)} {_EXTRACTIVE_VERSION}"


def run(inputs: ScriptInputs, work: Work) -> StageOutput:
    """Write a script; it has no files, the facts are all.

    Raises:
        FailForGood: inputs that no script can be made of, or a provider that refuses them or us.
        RetryLater: the provider is busy or out of reach, or (Deferred) not to be asked yet.
    """
    from cliprow.providers import script_openai

    name = _provider_name(work.settings)
    _check_provider(name)
    taken_s = sum(_seconds(scene.voiceover_text) for scene in inputs.scenes)
    shorter = msgspec.structs.replace(
        inputs, duration_s=max(min(_SHORTEST_S, inputs.duration_s), inputs.duration_s - round(taken_s))
    )
    if name == "openai":
        script = script_openai.write_script(shorter, work.settings, work.calls)
    else:
        script = script_extractive.write_script(shorter)
    work.progress(1.0)
    return StageOutput(with_library_scenes(script, inputs.scenes) if inputs.scenes else script)


def with_library_scenes(script: Script, scenes: Sequence[LibraryScene]) -> Script:
    """The script with scenes of the library before its ending, their text unchanged, and all numbered anew."""
    end = len(script.scenes)
    while end > 1 and script.scenes[end - 1].scene_type in _CLOSING:
        end -= 1
    added = [SceneScript(scene_number=0, **msgspec.structs.asdict(scene)) for scene in scenes]
    told = [*script.scenes[:end], *added, *script.scenes[end:]]
    metadata = {**script.metadata, "library_scenes": str(len(scenes))}
    if "estimated_s" in metadata:
        metadata["estimated_s"] = f"{sum(_seconds(scene.voiceover_text) for scene in told):.0f}"
    return msgspec.structs.replace(
        script,
        scenes=tuple(
            msgspec.structs.replace(scene, scene_number=number) for number, scene in enumerate(told, start=1)
        ),
        metadata=metadata,
    )


def _seconds(text: str) -> float:
    return SCENE_SILENCE_S + spoken_seconds(text)


def _provider_name(settings: Mapping[str, str]) -> str:
    return settings.get("script.provider", "") or "extractive"


def _check_provider(name: str) -> None:
    if name not in _PROVIDERS:
        raise FailForGood(
            f"There is no script provider {name!r}.",
            error_code="PROVIDER_UNKNOWN",
            next_step=f"Set CLIPROW_SCRIPT_PROVIDER to one of: {', '.join(_PROVIDERS)}.",
        )
