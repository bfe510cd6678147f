"""Where text may be cut: between what a reader sees as characters, words and lines, in any script."""

from __future__ import annotations

import functools
import unicodedata

import budoux
import regex

_CLUSTER = regex.compile(r"\X")
#: Scripts written without spaces between words.
_UNSPACED = regex.compile(
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}"
    r"\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]"
)
_THAI = regex.compile(r"\p{Script=Thai}")
_KANA = regex.compile(r"[\p{Script=Hiragana}\p{Script=Katakana}]")
#: What no line may start with, and what none may end with.
_NOT_FIRST = frozenset(
    "、。，．・：；！？）」』】〉》〕］｝ー々ゝゞぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;!?)]}…%”’ๆฯ"
)
_NOT_LAST = frozenset("（「『【〈《〔［｛([{“‘")


def clusters(text: str) -> list[str]:
    """Split into what a reader takes for one character: letter with its marks, emoji sequence, syllable."""
    found: list[str] = _CLUSTER.findall(text)
    return found


def is_unspaced(text: str) -> bool:
    """Whether the text holds a character of a script that is written without spaces."""
    return _UNSPACED.search(text) is not None


def is_right_to_left(text: str) -> bool:
    """Whether the first letter with a direction runs from right to left (rules P2 and P3 of UAX 9)."""
    return strong_direction(text) == "rtl"


def strong_direction(text: str) -> str:
    """Return `ltr`, `rtl`, or an empty string when no character has a direction of its own."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind == "L":
            return "ltr"
        if kind in ("R", "AL"):
            return "rtl"
    return ""


def tidy(text: str) -> str:
    """Return the text on one line, in composed form, without control characters and directional overrides."""
    text = unicodedata.normalize("NFC", text)
    kept = (
        " " if char.isspace() else char
        for char in text
        if char.isspace() or (unicodedata.category(char) not in ("Cc", "Cs") and char not in _FORMAT)
    )
    return " ".join("".join(kept).split())


#: Marks that steer a layout engine of the author's, not ours: directional embeddings and isolates, soft hyphen, BOM.
_FORMAT = frozenset(
    "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)


def split_unspaced(text: str, language: str) -> list[str]:
    """Split a text without spaces into short phrases that belong together; other text is returned whole."""
    if not is_unspaced(text):
        return [text]
    parser = _parser(text, language)
    parts = parser.parse(text) if parser else clusters(text)
    return _keep_punctuation(parts)


def _parser(text: str, language: str) -> budoux.Parser | None:
    """Choose the model by what is written, and by the language where Han is written by several."""
    if _THAI.search(text):
        return _model("thai")
    if _KANA.search(text) or language.lower().startswith("ja"):
        return _model("japanese")
    if not regex.search(r"\p{Script=Han}", text):
        return None
    traditional = regex.match(r"zh.*(hant|-tw|-hk|-mo)|yue", language.lower())
    return _model("traditional_chinese" if traditional else "simplified_chinese")


@functools.cache
def _model(name: str) -> budoux.Parser:
    parser: budoux.Parser = getattr(budoux, f"load_default_{name}_parser")()
    return parser


def _keep_punctuation(parts: list[str]) -> list[str]:
    """Join parts so that none starts with closing, or ends with opening punctuation."""
    kept: list[str] = []
    for part in parts:
        if kept and (part[0] in _NOT_FIRST or kept[-1][-1] in _NOT_LAST):
            kept[-1] += part
        else:
            kept.append(part)
    return kept


def is_mark(char: str) -> bool:
    """Whether a character is a mark that belongs to the letter before it."""
    return unicodedata.category(char) in ("Mn", "Mc")
