"""One row of a topics file: which heading is which column, and what each cell may hold."""

from __future__ import annotations

import difflib
import json
import math
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from cliprow.errors import InvalidInput
from cliprow.images import image_fault
from cliprow.models import ScriptType, Tone
from cliprow.topic_files import Record

#: The lanes, first served first.
PRIORITIES = ("urgent", "premium", "standard")
MAX_TOPIC_CHARS = 500
MAX_BRIEF_CHARS = 50_000
MAX_AUDIENCE_CHARS = 500
MAX_METADATA_CHARS = 20_000
MAX_IMAGES = 50
MIN_DURATION_S = 5
MAX_DURATION_S = 600

#: Each column with the other headings it goes by.
COLUMNS: dict[str, tuple[str, ...]] = {
    "topic": ("title", "idea", "original_idea", "subject", "video_topic"),
    "brief": ("description", "notes", "text", "content", "source_text"),
    "tone": ("style", "mood"),
    "audience": ("target_audience", "target"),
    "platforms": ("platform", "channels"),
    "duration_s": ("duration", "seconds", "length", "target_duration", "duration_seconds"),
    "priority": ("lane",),
    "script_type": ("type", "structure"),
    "language": ("lang", "locale"),
    "images": ("image", "pictures", "photos", "image_paths"),
    "after_rows": ("after", "after_topics"),
    "deadline": ("due", "due_at"),
}

# Language, script, region, variants and extensions of BCP 47, without its grandfathered and private-use tags.
_LANGUAGE = re.compile(
    r"(?P<language>[a-z]{2,3})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<rest>(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(-[a-z0-9](-[a-z0-9]{2,8})+)*)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}
_LINE_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, kw_only=True)
class TopicRow:
    """One valid topic; None or empty means the file does not say, so the batch's own choice holds."""

    #: Line of the file that the row starts on, from 1.
    line: int
    topic: str
    brief: str = ""
    audience: str = ""
    tone: Tone | None = None
    script_type: ScriptType | None = None
    platforms: tuple[str, ...] = ()
    duration_s: int | None = None
    priority: str | None = None
    #: BCP 47 tag in its usual case, like `pt-BR`.
    language: str | None = None
    #: Pictures that exist and decode.
    images: tuple[Path, ...] = ()
    #: Places of topics of the file, from 1, whose jobs must be completed first.
    after_rows: tuple[int, ...] = ()
    #: When its job must have ended, in ISO 8601 with an offset.
    deadline: str | None = None
    #: Columns that Cliprow does not know, by their heading; JSON values.
    metadata: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return what the row says, for SQL: without its line, its images (files to be stored) and empty fields."""
        said = {name: value for name, value in vars(self).items() if value and name not in {"line", "images"}}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}


def parse_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Turn `heading=column` pairs into a mapping.

    >>> parse_mapping(["Video title=topic"])
    {'Video title': 'topic'}

    Raises:
        InvalidInput: no equals sign, or no such column.
    """
    mapping = {}
    for pair in pairs:
        heading, equals, column = (part.strip() for part in pair.rpartition("="))
        if not equals or not heading or column not in COLUMNS:
            raise InvalidInput(
                f"--map {pair!r} does not say heading=column.",
                error_code="TOPICS_MAPPING",
                next_step=f"The columns are {', '.join(COLUMNS)}.",
            )
        mapping[heading] = column
    return mapping


def match_headings(headings: Iterable[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the column of each heading that has one: as mapped, else by its own name, else by a synonym.

    Raises:
        InvalidInput: a mapped heading is not there, or no heading is the topic.
    """
    headings = list(headings)
    by_key: dict[str, str] = {}
    for heading in headings:
        by_key.setdefault(heading_key(heading), heading)
    columns: dict[str, str] = {}
    for wanted, column in mapping.items():
        if heading_key(wanted) not in by_key:
            raise InvalidInput(
                f"There is no heading {wanted!r} to map to {column}.",
                error_code="TOPICS_MAPPING",
                next_step=f"The headings are {_listed(headings)}.",
            )
        columns[by_key.pop(heading_key(wanted))] = column
    for column, synonyms in COLUMNS.items():
        for name in (column, *synonyms):
            if column not in columns.values() and name in by_key:
                columns[by_key.pop(name)] = column
    if "topic" not in columns.values():
        raise InvalidInput(
            f"No column holds the topics. The headings are {_listed(headings) or 'missing'}.",
            error_code="TOPICS_NO_TOPIC_COLUMN",
            next_step="Call the column `topic`, or say which it is with --map HEADING=topic.",
        )
    return columns


def heading_key(heading: str) -> str:
    """Return what two spellings of the same heading share.

    >>> heading_key(" Script-Type ")
    'script_type'
    """
    return re.sub(r"[\s_-]+", "_", heading.strip("\ufeff \t").casefold())


class RowReader:
    """Checks records one after another, collecting every reason against each.

    Args:
        folder: where the paths of pictures count from; None refuses them.
    """

    def __init__(self, columns: Mapping[str, str], platforms: Collection[str], folder: Path | None) -> None:
        self._columns = columns
        self._platforms = platforms
        self._folder = folder
        self._image_faults: dict[Path, str] = {}

    def read(self, record: Record) -> tuple[TopicRow | None, list[str]]:
        """Return the row, or why there is none."""
        reasons: list[str] = []
        values: dict[str, object] = {}
        metadata: dict[str, object] = {}
        for heading, value in record.fields.items():
            if value is None or value == [] or (isinstance(value, str) and not value.strip()):
                continue
            column = self._columns.get(heading, "")
            try:
                if column:
                    values[column] = self._read_cell(column, value)
                else:
                    metadata[_clean(heading)] = _clean_value(value)
            except _Unusable as error:
                reasons.append(f"{column or repr(heading)} {error}")
        if "topic" not in values and not any(reason.startswith("topic ") for reason in reasons):
            reasons.append("topic is missing")
        if len(json.dumps(metadata, ensure_ascii=False)) > MAX_METADATA_CHARS:
            reasons.append(f"the columns kept as metadata hold more than {MAX_METADATA_CHARS:,} characters")
        if reasons:
            return None, reasons
        return TopicRow(line=record.line, metadata=metadata, **values), []  # type: ignore[arg-type]

    def _read_cell(self, column: str, value: object) -> object:
        match column:
            case "topic":
                return _text(value, MAX_TOPIC_CHARS, "; longer text belongs in the column brief").replace(
                    "\n", " "
                )
            case "brief":
                return _text(value, MAX_BRIEF_CHARS, "; split it into several topics")
            case "audience":
                return _text(value, MAX_AUDIENCE_CHARS).replace("\n", " ")
            case "tone":
                return _member(value, Tone)
            case "script_type":
                return _member(value, ScriptType)
            case "priority":
                return _one_of(_word(value), PRIORITIES)
            case "duration_s":
                return _duration(value)
            case "language":
                return _language(value)
            case "platforms":
                return self._read_platforms(value)
            case "after_rows":
                return _places(value)
            case "deadline":
                return _moment(value)
            case _:
                return self._read_images(value)

    def _read_platforms(self, value: object) -> tuple[str, ...]:
        names = value if isinstance(value, list) else re.split(r"[\s,;|/]+", _text(value, 500))
        words = [_word(name) for name in names]
        return tuple(dict.fromkeys(_one_of(word, self._platforms) for word in words if word))

    def _read_images(self, value: object) -> tuple[Path, ...]:
        if self._folder is None:
            raise _Unusable(
                "cannot be given in an uploaded file; upload the pictures, and send the topics as JSON"
            )
        if isinstance(value, str) and value.lstrip().startswith("["):
            try:
                value = json.loads(value)
            except ValueError as error:
                raise _Unusable(f"looks like a JSON list but is not: {error}") from error
        names = value if isinstance(value, list) else re.split(r"[;|\n]", _clean(value))
        names = [name.strip() for name in map(_clean, names) if name.strip()]
        if len(names) > MAX_IMAGES:
            raise _Unusable(f"lists {len(names)} files, at most {MAX_IMAGES}")
        faults = [f"{name}: {fault}" for name in names if (fault := self._image_fault(name))]
        if faults:
            raise _Unusable("; ".join(faults))
        return tuple(self._place(name) for name in names)

    def _place(self, name: str) -> Path:
        assert self._folder is not None
        return self._folder / Path(name).expanduser()

    def _image_fault(self, name: str) -> str:
        if _ADDRESS.match(name):
            return "is an address; download the picture and give its path"
        path = self._place(name)
        if path not in self._image_faults:
            self._image_faults[path] = image_fault(path)
        return self._image_faults[path]


class _Unusable(Exception):
    """Why a cell cannot be used; the message follows the column's name."""


def _clean(value: object) -> str:
    r"""Return a cell as text: composed, trimmed, line breaks as newlines, other control characters removed.

    >>> _clean("  caf\u0065\u0301\x0bau lait\x07 ")
    'café\nau lait'

    Raises:
        _Unusable: not text, or text that no database takes.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _Unusable("is not text")
    text = _LINE_BREAKS.sub("\n", str(value))
    if "\0" in text:
        raise _Unusable("contains a NUL character; the file may be damaged or not text")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise _Unusable("contains half a character (a lone surrogate)")
    kept = (
        char for char in text if char in "\n\t" or (unicodedata.category(char) != "Cc" and char != "\ufeff")
    )
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def _clean_value(value: object) -> object:
    """Clean the texts inside a JSON value."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, list):
        return [_clean_value(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean_value(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise _Unusable("is not a finite number")
    return value


def _text(value: object, most: int, advice: str = "") -> str:
    text = _clean(value)
    if all(unicodedata.category(char) in _INVISIBLE for char in text):
        raise _Unusable("is empty")
    if len(text) > most:
        raise _Unusable(f"is {len(text):,} characters long, at most {most:,}{advice}")
    return text


def _word(value: object) -> str:
    return _clean(value).casefold().replace(" ", "_").replace("-", "_")


def _one_of(word: str, valid: Collection[str]) -> str:
    if word in valid:
        return word
    near = difflib.get_close_matches(word, valid, 1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    raise _Unusable(f"{word[:40]!r} is unknown{guess}; valid: {', '.join(valid)}")


_Choice = TypeVar("_Choice", bound=StrEnum)


def _member(value: object, choices: type[_Choice]) -> _Choice:
    return choices(_one_of(_word(value), [choice.value for choice in choices]))


def _duration(value: object) -> int:
    text = _clean(value)
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (seconds.is_integer() and MIN_DURATION_S <= seconds <= MAX_DURATION_S):
        raise _Unusable(
            f"{text[:40]!r} is not a whole number of seconds from {MIN_DURATION_S} to {MAX_DURATION_S}"
        )
    return int(seconds)


def _places(value: object) -> tuple[int, ...]:
    texts = map(_clean, value) if isinstance(value, list) else re.split(r"[\s,;|]+", _clean(value))
    places = [text for text in texts if text]
    if wrong := [text for text in places if not re.fullmatch(r"[1-9][0-9]{0,5}", text)]:
        raise _Unusable(f"{wrong[0][:40]!r} is not the place of a topic, like 1")
    return tuple(dict.fromkeys(map(int, places)))


def _moment(value: object) -> str:
    text = _clean(value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _Unusable(f"{text[:40]!r} is not a moment with an offset, like 2027-01-31T09:00:00+01:00")
    return moment.isoformat()


def _language(value: object) -> str:
    text = _clean(value).replace("_", "-")
    tag = _LANGUAGE.fullmatch(text)
    if not tag:
        raise _Unusable(f"{text[:40]!r} is not a language tag like en, pt-BR or zh-Hans")
    parts = [tag["language"].lower(), (tag["script"] or "").title(), (tag["region"] or "").upper()]
    return "-".join(part for part in parts if part) + tag["rest"].lower()


def _listed(headings: Iterable[str]) -> str:
    shown = [repr(heading[:40]) for heading in headings]
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")
