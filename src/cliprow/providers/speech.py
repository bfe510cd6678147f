"""What a speech provider gives: one sound per sentence, with the time of every word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cliprow.media.sound import Samples
from cliprow.models import Word
from cliprow.providers.tokens import Token

#: A sentence to say: its words, of which at least one has something to say.
Sentence = Sequence[Token]
#: Told after each sentence: how many are done.
Progress = Callable[[int], None]


@dataclass(frozen=True)
class SpokenSentence:
    """One sentence as said."""

    #: (1, count) float32 at `SAMPLE_RATE`, as loud as the engine made it.
    samples: Samples
    #: Times count from the sentence's first sample.
    words: tuple[Word, ...]


class SpeechProvider(Protocol):
    """Turns sentences into sound. Equal sentences give equal samples."""

    #: Short name, like `piper`.
    name: str
    #: Name of the voice that speaks.
    voice: str
    #: Where word times come from (see `AudioFacts.timing`).
    timing: str
    #: What a reader should know of this provider's work.
    notes: tuple[str, ...]

    def say(self, sentences: Sequence[Sentence], progress: Progress) -> list[SpokenSentence]:
        """Say the sentences of one narration, in order.

        Raises:
            RetryLater: the engine crashed or stalled.
            FailForGood: it can never say this.
        """
        ...
