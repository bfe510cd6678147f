"""Calls that may cost: asked for before, kept after, so that nothing is paid twice. docs/costs.md tells the whole.

A stage gets a `PaidCalls` with its `Work`. In a worker's child it asks the worker, which asks the database; on its own
it is `Unkept`, which lets every call through and remembers none.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from cliprow.models import Stage


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a call took, as the provider says."""

    input_tokens: int = 0
    output_tokens: int = 0
    characters: int = 0
    #: Of sound or picture made.
    seconds: float = 0.0


@dataclass(frozen=True)
class Permit:
    """A call may be made, or has been made before."""

    #: Names the call; sent to the provider, which then does not carry it out twice.
    idempotency_key: str
    #: The answer of the call that was made before; None where it is to be made.
    response: str | None = None


class PaidCalls(Protocol):
    """Where calls of providers are asked for and kept."""

    def ask(self, provider: str, model: str, request: bytes, expected_tokens: int) -> Permit:
        """Ask before a call.

        Args:
            request: all that decides the answer.
            expected_tokens: sent and received, for rates; corrected by what the provider says.

        Raises:
            Deferred: the provider is not to be asked for some time.
        """
        ...

    def keep(self, permit: Permit, request_id: str, usage: Usage, response: str) -> None:
        """Keep an answer, which returns once it is safe; call it before anything is made of the answer."""
        ...

    def failed(self, permit: Permit, retry_after_s: float | None) -> None:
        """The provider refused, and took nothing; perhaps it wants to be left alone for so many seconds."""
        ...

    def discard(self, permits: Sequence[Permit]) -> None:
        """Answers that are of no use: the next attempt asks anew."""
        ...


class Unkept:
    """Lets every call through, and remembers none."""

    def ask(self, provider: str, model: str, request: bytes, expected_tokens: int) -> Permit:
        """Let it through, under a key of its own."""
        return Permit(f"cliprow-{uuid.uuid4()}")

    def keep(self, permit: Permit, request_id: str, usage: Usage, response: str) -> None:
        """Forget it."""

    def failed(self, permit: Permit, retry_after_s: float | None) -> None:
        """Forget it."""

    def discard(self, permits: Sequence[Permit]) -> None:
        """Forget them."""


class StageProvider(msgspec.Struct, frozen=True):
    """What runs a stage: prices and rates go by these names."""

    stage: Stage
    provider: str
    model: str = ""


def providers_in_use(settings: Mapping[str, str]) -> list[StageProvider]:
    """What runs the stages that have a choice, by the provider settings."""
    script = settings.get("script.provider", "").strip() or "extractive"
    speech = settings.get("speech.provider", "").strip() or "piper"
    return [
        StageProvider(
            Stage.SCRIPT, script, settings.get("script.model", "").strip() if script != "extractive" else ""
        ),
        StageProvider(Stage.AUDIO, "piper" if speech == "auto" else speech),
        StageProvider(Stage.VIDEO, "motion"),
    ]
