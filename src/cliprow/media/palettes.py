"""Colours by tone."""

from __future__ import annotations

from dataclasses import dataclass

from cliprow.models import Tone


@dataclass(frozen=True)
class Palette:
    """Colours of a scene, `#rrggbb`; contrast of `ink` on every ground colour is at least 4.5 to 1."""

    #: The background, from its one corner over the middle to the other.
    ground: tuple[str, str, str]
    #: Soft light in the background.
    glow: str
    #: Shapes of the background.
    shape: str
    #: Heading and points.
    ink: str
    #: What stands out: markers, progress, the word being spoken.
    accent: str
    #: Text on the accent colour.
    on_accent: str
    #: Family of background shapes (see artwork).
    motif: str


PALETTES: dict[Tone, Palette] = {
    Tone.PROFESSIONAL: Palette(
        ground=("#0b1533", "#10234f", "#173a6e"),
        glow="#2f6fd6",
        shape="#7fb2ff",
        ink="#ffffff",
        accent="#5cc8ff",
        on_accent="#071431",
        motif="rings",
    ),
    Tone.CASUAL: Palette(
        ground=("#fff1e0", "#ffd9c2", "#ffbfae"),
        glow="#fff7c9",
        shape="#ff8a73",
        ink="#33192b",
        accent="#d6336c",
        on_accent="#ffffff",
        motif="blobs",
    ),
    Tone.EDUCATIONAL: Palette(
        ground=("#06302f", "#0a4a45", "#0f665a"),
        glow="#1fa187",
        shape="#8ff0cf",
        ink="#ffffff",
        accent="#ffd43b",
        on_accent="#08302d",
        motif="grid",
    ),
    Tone.ENTERTAINING: Palette(
        ground=("#3a0ca3", "#6a11b8", "#a3159b"),
        glow="#d92fa8",
        shape="#ffd1f5",
        ink="#ffffff",
        accent="#c8ff4d",
        on_accent="#2a0a5e",
        motif="confetti",
    ),
    Tone.MOTIVATIONAL: Palette(
        ground=("#1a0f16", "#4a1220", "#8f2a1e"),
        glow="#e8590c",
        shape="#ffb36b",
        ink="#ffffff",
        accent="#ffb020",
        on_accent="#2b0f0a",
        motif="rays",
    ),
}

#: Over a user's picture, which is darkened: the tone keeps its accent only.
PICTURE_INK = "#ffffff"
