"""Colours by tone, and those of a brand."""

from __future__ import annotations

from dataclasses import dataclass

from cliprow.models import BrandColours, Tone


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

#: Least contrast of text, and of what stands out, on the background of a brand (WCAG 2.2, 1.4.3 and 1.4.11).
TEXT_CONTRAST, ACCENT_CONTRAST = 4.5, 3.0


def palette_of(tone: Tone, brand: BrandColours | None) -> Palette:
    """The colours of a tone, or those of a brand with the tone's shapes."""
    if brand is None:
        return PALETTES[tone]
    ground, ink, accent = brand.background, brand.text, brand.accent
    # Other grounds lie on the far side of the text's colour: none of them has less contrast than the brand's own.
    away = "#000000" if luminance(ink) > luminance(ground) else "#ffffff"
    lights = (mixed(ground, accent, share / 100) for share in range(50, 0, -5))
    return Palette(
        ground=(mixed(ground, away, 0.4), mixed(ground, away, 0.18), ground),
        glow=next((light for light in lights if contrast(light, ink) >= TEXT_CONTRAST), ground),
        shape=mixed(accent, ink, 0.35),
        ink=ink,
        accent=accent,
        on_accent=max("#ffffff", "#0a0a12", key=lambda text: contrast(text, accent)),
        motif=PALETTES[tone].motif,
    )


def contrast(one: str, other: str) -> float:
    """Contrast of two colours (`#rrggbb`) by WCAG 2.2: 1 to 21.

    >>> contrast("#ffffff", "#000000")
    21.0
    """
    darker, lighter = sorted((luminance(one), luminance(other)))
    return round((lighter + 0.05) / (darker + 0.05), 2)


def luminance(rgb: str) -> float:
    """Relative luminance of `#rrggbb` by WCAG 2.2, 0 to 1."""
    parts = [int(rgb[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(one: str, other: str, share: float) -> str:
    """A colour so far on the way from one to the other, 0 to 1."""
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


#: Over a user's picture, which is darkened: the tone keeps its accent only.
PICTURE_INK = "#ffffff"
