"""Stages: pure functions from typed inputs to files and facts. They know neither database nor queue.

Each module of this package is one stage and has two functions:

    version(settings) -> str            changes whenever equal inputs would give other bytes
    run(inputs, work) -> StageOutput    raises RetryLater, FailForGood or Cancelled; anything else is retried
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cliprow.models import FileRef
from cliprow.providers.paid import PaidCalls, Unkept


@dataclass(frozen=True)
class OutputFile:
    """A file that a stage has written into its working folder."""

    #: What the file is to its stage (see `FileRef.role`).
    role: str
    #: Where it lies now.
    path: Path
    media_type: str
    #: File name for people, with suffix.
    name: str


@dataclass(frozen=True)
class StageOutput:
    """What a stage made."""

    facts: msgspec.Struct
    files: tuple[OutputFile, ...] = ()


@dataclass(frozen=True)
class Work:
    """What a stage may touch while it runs."""

    #: An empty folder of the attempt's own, removed afterwards.
    folder: Path
    #: Provider settings: plain strings by name, like `{"script.provider": "openai"}`; secrets included, so never logged.
    settings: Mapping[str, str]
    #: Input files by their sha256.
    files: Mapping[str, Path]
    #: Say how far the work is, 0.0 to 1.0. Cheap: call it as often as you like.
    progress: Callable[[float], None]
    #: Where calls of providers are asked for and kept; every one goes through here.
    calls: PaidCalls = field(default_factory=Unkept)

    def open(self, ref: FileRef) -> Path:
        """Return the local path of an input file; do not write to it."""
        return self.files[ref.sha256]
