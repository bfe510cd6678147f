"""The script of one video, from its topic and, where there is one, the user's brief."""

from __future__ import annotations

from collections.abc import Mapping

from cliprow.errors import FailForGood
from cliprow.models import ScriptInputs
from cliprow.providers import script_extractive, script_openai
from cliprow.stages import StageOutput, Work

#: Raised whenever the embedded writer makes other scripts of equal inputs.
_EXTRACTIVE_VERSION = 2

_PROVIDERS = ("extractive", "openai")


def version(settings: Mapping[str, str]) -> str:
    """Name what decides how equal inputs are written."""
    if _provider_name(settings) == "openai":
        return f"openai {script_openai.version(settings)}"
    return f"{_provider_name(settings)} {_EXTRACTIVE_VERSION}"


def run(inputs: ScriptInputs, work: Work) -> StageOutput:
    """Write a script; it has no files, the facts are all.

    Raises:
        FailForGood: inputs that no script can be made of, or a provider that refuses them or us.
        RetryLater: the provider is busy or out of reach.
    """
    name = _provider_name(work.settings)
    _check_provider(name)
    if name == "openai":
        script = script_openai.write_script(inputs, work.settings)
    else:
        script = script_extractive.write_script(inputs)
    work.progress(1.0)
    return StageOutput(script)


def _provider_name(settings: Mapping[str, str]) -> str:
    return settings.get("script.provider", "") or "extractive"


def _check_provider(name: str) -> None:
    if name not in _PROVIDERS:
        raise FailForGood(
            f"There is no script provider {name!r}.",
            error_code="PROVIDER_UNKNOWN",
            next_step=f"Set CLIPROW_SCRIPT_PROVIDER to one of: {', '.join(_PROVIDERS)}.",
        )
