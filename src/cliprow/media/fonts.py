"""Packaged fonts, and which of them draws which character.

Latin, Greek and Cyrillic are set in Inter; other scripts in Noto Sans; pictographs in Noto Emoji, in one colour.
All are under the SIL Open Font License and come as Python packages.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fontTools import unicodedata as scripts
from fontTools.ttLib import TTFont, TTLibError
from PIL import ImageFont

from cliprow.errors import FailForGood
from cliprow.files import sha256_of
from cliprow.media import segments
from cliprow.media.families import Face, family, package_folder

#: Scripts with a Noto Sans of their own, by ISO 15924 code.
_NOTO = {
    "Arab": "Arabic",
    "Armn": "Armenian",
    "Beng": "Bengali",
    "Deva": "Devanagari",
    "Ethi": "Ethiopic",
    "Geor": "Georgian",
    "Gujr": "Gujarati",
    "Guru": "Gurmukhi",
    "Hebr": "Hebrew",
    "Khmr": "Khmer",
    "Knda": "Kannada",
    "Laoo": "Lao",
    "Mlym": "Malayalam",
    "Mymr": "Myanmar",
    "Orya": "Oriya",
    "Sinh": "Sinhala",
    "Taml": "Tamil",
    "Telu": "Telugu",
    "Thai": "Thai",
}
_CJK_SCRIPTS = frozenset({"Hani", "Hira", "Kana", "Hang", "Bopo"})
#: Faces inside the CJK collection, by start of a language tag; Han shapes differ between them.
_CJK_FACES = (
    ("ja", 0),
    ("ko", 1),
    ("zh-hant", 3),
    ("zh-tw", 3),
    ("zh-mo", 4),
    ("zh-hk", 4),
    ("yue", 4),
    ("zh", 2),
)
_VARIATION_SELECTOR_16 = "\ufe0f"


@dataclass(frozen=True)
class Fonts:
    """The faces to choose from for one language."""

    #: BCP 47 tag; decides how Han characters look.
    language: str = "en"
    #: A font file of the user's, asked when no packaged one has a character; empty for none.
    extra: str = ""
    #: The brand's family, which draws whatever it can; empty for Inter.
    family: str = ""

    def runs(self, text: str) -> list[tuple[Face, str]]:
        """Split a text into stretches that one face draws.

        Raises:
            FailForGood: FONT_COVERAGE, no face has a character.
        """
        runs: list[tuple[Face, str]] = []
        missing: list[str] = []
        for cluster in segments.clusters(text):
            face = self._face(cluster, runs[-1][0] if runs else None)
            if face is None:
                missing.append(cluster)
            elif runs and runs[-1][0] == face:
                runs[-1] = face, runs[-1][1] + cluster
            else:
                runs.append((face, cluster))
        if missing:
            raise _not_covered(missing)
        return runs

    def check(self, *texts: str) -> tuple[str, ...]:
        """Return the names of the faces that the texts need, in order of first use.

        Raises:
            FailForGood: FONT_COVERAGE, as in `runs`, for all characters of all texts at once.
        """
        names = dict.fromkeys(face.name for face, _ in self.runs(" ".join(texts).replace(" ", "")))
        return tuple(names)

    def _face(self, cluster: str, current: Face | None) -> Face | None:
        """Return the face for one cluster; characters of no script stay in the run they stand in."""
        wanted = [char for char in cluster if not _is_ignorable(char)]
        if _VARIATION_SELECTOR_16 in cluster and wanted:
            emoji = _noto("Emoji")
            if wanted[0] in _coverage(emoji):
                return emoji
        if current and current != _noto("Emoji") and scripts.script(cluster[0]) in ("Zyyy", "Zinh"):
            if _has_all(current, wanted):
                return current
        return next((face for face in self._candidates(cluster) if _has_all(face, wanted)), None)

    def _candidates(self, cluster: str) -> Iterator[Face]:
        if self.family:
            yield family(self.family)
        yield _inter()
        yield _noto("")
        for code in sorted(scripts.script_extension(cluster[0]) | {scripts.script(cluster[0])}):
            if code in _NOTO:
                yield _noto(_NOTO[code])
            if code in _CJK_SCRIPTS:
                yield self._cjk()
        yield _noto("Emoji")
        yield _noto("Symbols")
        yield self._cjk()
        if self.extra:
            yield Face(Path(self.extra).stem, self.extra)

    def _cjk(self) -> Face:
        tag = self.language.lower()
        index = next((index for start, index in _CJK_FACES if tag.startswith(start)), 2)
        return Face(
            "Noto Sans CJK", str(package_folder("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"), index
        )


def font_version(extra: str) -> str:
    """Return what changes when the user's font does: its digest, or its name where it cannot be read."""
    path = Path(extra)
    return sha256_of(path)[:16] if extra and path.is_file() else extra


@functools.lru_cache(maxsize=96)
def sized(face: Face, size: int, weight: int) -> ImageFont.FreeTypeFont:
    """Return the face at `size` pixels and as near to `weight` (100 to 900) as it goes."""
    font = ImageFont.truetype(face.path, size, index=face.index, layout_engine=ImageFont.Layout.RAQM)
    try:
        axes = font.get_variation_axes()
    except OSError:  # a font of one weight
        return font
    wanted = {"Weight": weight, "Optical size": size}
    values = []
    for axis in axes:
        name = axis["name"].decode("ascii", "replace") if axis["name"] else ""
        least, most = axis["minimum"] or 0, axis["maximum"] or 0
        values.append(float(min(max(wanted.get(name, axis["default"] or 0), least), most)))
    font.set_variation_by_axes(values)
    return font


def _inter() -> Face:
    return Face("Inter", str(package_folder("fontpkg_inter") / "files" / "Inter[opsz,wght].ttf"))


@functools.cache
def _noto(script: str) -> Face:
    name = "NotoEmoji" if script == "Emoji" else f"NotoSans{script}"
    label = "Noto Emoji" if script == "Emoji" else f"Noto Sans {script}".strip()
    return Face(label, str(package_folder("manimgx_fonts") / f"{name}[wght].ttf"))


@functools.cache
def _coverage(face: Face) -> frozenset[str]:
    """Return every character a face has a glyph for."""
    try:
        with TTFont(face.path, fontNumber=face.index, lazy=True) as font:
            return frozenset(map(chr, font.getBestCmap()))
    except (OSError, TTLibError) as error:
        raise FailForGood(
            f"The font {face.path} cannot be read: {error}.",
            error_code="FONT_UNREADABLE",
            next_step="Set CLIPROW_VISUALS_FONT to a TrueType or OpenType file that the worker may read.",
        ) from error


def _has_all(face: Face, chars: list[str]) -> bool:
    covered = _coverage(face)
    return all(char in covered for char in chars)


def _is_ignorable(char: str) -> bool:
    """Joiners and selectors shape their neighbours and are never drawn, so no glyph is needed."""
    return char in "\u200c\u200d\u034f" or 0xFE00 <= ord(char) <= 0xFE0F or 0xE0000 <= ord(char) <= 0xE01EF


def _not_covered(missing: list[str]) -> FailForGood:
    chars = dict.fromkeys("".join(missing))
    names = dict.fromkeys(_script_name(char) for char in chars)
    shown = " ".join(f"{char} (U+{ord(char):04X})" for char in list(chars)[:5])
    return FailForGood(
        f"No font draws these characters: {shown}{' and more' if len(chars) > 5 else ''}; script: {', '.join(names)}.",
        error_code="FONT_COVERAGE",
        next_step="Write the text in another script, leave these characters out, or set CLIPROW_VISUALS_FONT to a "
        "font file that has them.",
    )


def _script_name(char: str) -> str:
    code = scripts.script(char)
    if code in ("Zyyy", "Zinh", "Zzzz"):
        return unicodedata.name(char, "unassigned or private character").capitalize()
    return str(scripts.script_name(code)).replace("_", " ")
