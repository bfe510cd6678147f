"""Reads a topics file, whatever its format, into records with the line each one starts on.

A fault of the whole file (encoding, size, broken JSON) raises; a fault of one record is a `Fault` among the
records, so that the reader hears of all of them at once.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from cliprow.errors import InvalidInput, NotFound

#: Largest topics file, in bytes.
MAX_BYTES = 5_000_000
#: Most columns of a table.
MAX_COLUMNS = 200
#: The name that stands for standard input.
STDIN = "-"

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",;\t"
# A delimiter that no line contains.
_NONE = "\x1f"
# What spreadsheets put above the headings to say how cells are separated.
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])\r?\n", re.IGNORECASE)


@dataclass(frozen=True)
class Record:
    """One topic as found: its fields by heading, values as the format gives them."""

    line: int
    fields: Mapping[str, object]


@dataclass(frozen=True)
class Fault:
    """A record that could not be read."""

    line: int
    reason: str


def read_text(source: str, max_bytes: int = MAX_BYTES) -> str:
    """Return the text of a file, or of standard input for `-`.

    Raises:
        NotFound: there is no such file.
        InvalidInput: unreadable, empty, larger than `max_bytes`, or not text in UTF-8 (UTF-16 and UTF-32 are
            taken when they begin with a byte order mark).
    """
    try:
        if source == STDIN:
            data = sys.stdin.buffer.read(max_bytes + 1)
        else:
            with Path(source).open("rb") as file:
                data = file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise NotFound(
            f"There is no topics file {source}.", next_step="Check the path, or use - to read from a pipe."
        ) from error
    except OSError as error:
        raise InvalidInput(
            f"Cannot read the topics file {source}: {error.strerror}.", error_code="TOPICS_UNREADABLE"
        ) from error
    return decode_text(data, source, max_bytes)


def decode_text(data: bytes, source: str, max_bytes: int = MAX_BYTES) -> str:
    """Return the text that a file's bytes are.

    Raises:
        InvalidInput: as `read_text`.
    """
    if len(data) > max_bytes:
        raise InvalidInput(
            f"{_called(source)} is larger than {max_bytes / 1e6:g} MB, the most a topics file may be.",
            error_code="TOPICS_TOO_LARGE",
            next_step="Split it into several files and create a batch from each.",
        )
    text = _decode(data, source)
    if not text.strip():
        raise InvalidInput(
            f"{_called(source)} is empty.",
            error_code="TOPICS_EMPTY",
            next_step="Write a heading line `topic` and one topic a line below it.",
        )
    return text


def read_records(text: str, source: str) -> Iterator[Record | Fault]:
    """Yield the records of a text as CSV, JSON or JSON Lines, by the file's suffix or else by its look.

    Raises:
        InvalidInput: the text as a whole is not what it looks like.
    """
    suffix = Path(source).suffix.lower()
    first = text.lstrip()[:1]
    if suffix in {".csv", ".tsv"} or first not in {"[", "{"}:
        if suffix in {".json", ".jsonl", ".ndjson"}:
            raise InvalidInput(
                f"{_called(source)} is not JSON: it begins with {first!r}.",
                error_code="TOPICS_NOT_JSON",
                next_step='Write a list, [{"topic": "..."}, ...], or one object a line.',
            )
        return _csv_records(text)
    if suffix in {".jsonl", ".ndjson"} or (first == "{" and _is_json_lines(text)):
        return _json_line_records(text)
    return _json_records(text, source)


def _called(source: str) -> str:
    return "Standard input" if source == STDIN else f"The topics file {source}"


def _decode(data: bytes, source: str) -> str:
    if data.startswith(b"PK\x03\x04"):
        _refuse_encoding(source, "is a spreadsheet or an archive, not text", "Save it as CSV UTF-8 first.")
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            _refuse_encoding(source, f"begins like {encoding.upper()} but is not", "Save it as UTF-8.")
        line = data.count(b"\n", 0, error.start) + 1
        wrong = data[error.start : error.start + 1]
        _refuse_encoding(
            source,
            f"is not UTF-8: line {line} has the byte 0x{wrong.hex()}"
            f" ({wrong.decode('cp1252', 'replace')!r} in Windows-1252)",
            "Save it as `CSV UTF-8`, or convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW",
        )
    if encoding == "utf-8" and text.count("\0") * 4 > len(text):
        _refuse_encoding(
            source,
            "looks like UTF-16 without its mark",
            "Convert it: iconv -f UTF-16LE -t UTF-8 OLD > NEW",
        )
    return text


def _refuse_encoding(source: str, what: str, next_step: str) -> NoReturn:
    raise InvalidInput(f"{_called(source)} {what}.", error_code="TOPICS_ENCODING", next_step=next_step)


def _csv_records(text: str) -> Iterator[Record | Fault]:
    delimiter = _delimiter(text)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter or _NONE, skipinitialspace=True, strict=True
    )
    headings: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if _quote_left_open(error):
                yield Fault(
                    line, 'a quote (") is opened here and never closed, so the rest could not be read'
                )
                return
            yield Fault(line, f"is not CSV: {error} (inside a quoted cell, write a quote twice)")
            continue
        if not any(cell.strip() for cell in cells) or (line == 1 and _SEPARATOR_LINE.match(text)):
            continue
        if not headings:
            headings = _headings(cells)
            continue
        while len(cells) > len(headings) and not cells[-1].strip():
            cells.pop()
        if len(cells) > len(headings):
            yield Fault(
                line,
                f"has {len(cells)} cells under {len(headings)} headings; "
                f"put quotes around cells that contain {delimiter!r}",
            )
        else:
            yield Record(line, dict(zip(headings, cells, strict=False)))


def _delimiter(text: str) -> str:
    """Return what separates the headings; nothing for a one-column file, where a comma is just a comma."""
    if said := _SEPARATOR_LINE.match(text):
        return said[1]

    def width(delimiter: str) -> int:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        try:
            return next((len(cells) for cells in rows if any(cell.strip() for cell in cells)), 0)
        except csv.Error:
            return 0

    widest = max(_DELIMITERS, key=width)
    return widest if width(widest) > 1 else ""


def _headings(cells: list[str]) -> list[str]:
    if len(cells) > MAX_COLUMNS:
        raise too_wide(len(cells))
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, 1)]
    counts = Counter(name.casefold() for name in names)
    twice = {name for name in names if counts[name.casefold()] > 1}
    if twice:
        raise InvalidInput(
            f"The heading {min(twice)!r} stands over more than one column.",
            error_code="TOPICS_HEADINGS",
            next_step="Give every column a heading of its own.",
        )
    return names


def too_wide(count: int) -> InvalidInput:
    """A table has too many columns to be one of topics."""
    return InvalidInput(
        f"The topics file has {count:,} columns, more than the {MAX_COLUMNS} that it may have.",
        error_code="TOPICS_HEADINGS",
        next_step="Keep the columns that say something of the topics.",
    )


def _quote_left_open(error: csv.Error) -> bool:
    return str(error).startswith(("unexpected end of data", "field larger than"))


def _json_line_records(text: str) -> Iterator[Record | Fault]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield _json_record(number, _parse_json(line))
            except _NotJson as error:
                yield Fault(number, f"is not JSON: {error}")


def _json_records(text: str, source: str) -> Iterator[Record | Fault]:
    try:
        whole = _parse_json(text)
    except _NotJson as error:
        raise InvalidInput(
            f"{_called(source)} is not JSON: {error}.",
            error_code="TOPICS_NOT_JSON",
            next_step='Write a list, [{"topic": "..."}, ...], or one object a line.',
        ) from error
    at = _skip_space(text, 0)
    if isinstance(whole, dict):
        if "topics" not in whole:
            yield Record(text.count("\n", 0, at) + 1, whole)
            return
        if not isinstance(whole["topics"], list):
            raise InvalidInput(
                f'In {source} "topics" is not a list.',
                error_code="TOPICS_NOT_JSON",
                next_step='Write {"topics": [{"topic": "..."}, ...]}.',
            )
        at = next(at for key, at in _members(text, at) if key == "topics")
    line, counted = 1, 0
    for start, value in _elements(text, at):
        line += text.count("\n", counted, start)
        counted = start
        yield _json_record(line, value)


def _json_record(line: int, value: object) -> Record | Fault:
    if isinstance(value, str):
        return Record(line, {"topic": value})
    if isinstance(value, dict):
        return Record(line, value)
    return Fault(line, "is neither an object nor a text")


def _is_json_lines(text: str) -> bool:
    first, *others = [line for line in text.split("\n") if line.strip()]
    try:
        value = _parse_json(first)
    except _NotJson:
        return False
    return bool(others) or not (isinstance(value, dict) and "topics" in value)


class _NotJson(Exception):
    """The message says why."""


def _parse_json(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _NotJson(f"{error.msg.lower()} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise _NotJson("nested too deep") from error
    except ValueError as error:  # NaN, or a number with thousands of digits
        raise _NotJson(str(error)) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


# The json module does not say where a value stood, so valid JSON is walked once more, one level deep.

_decoder = json.JSONDecoder()


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """Yield each key of the object at `at` with the place of its value."""
    at = _skip_space(text, at + 1)
    while text[at] != "}":
        key, at = _decoder.raw_decode(text, at)
        at = _skip_space(text, _skip_space(text, at) + 1)
        yield key, at
        _, at = _decoder.raw_decode(text, at)
        at = _next_item(text, at)


def _elements(text: str, at: int) -> Iterator[tuple[int, object]]:
    """Yield each element of the array at `at` with its place."""
    at = _skip_space(text, at + 1)
    while text[at] != "]":
        start = at
        value, at = _decoder.raw_decode(text, at)
        yield start, value
        at = _next_item(text, at)


def _next_item(text: str, at: int) -> int:
    at = _skip_space(text, at)
    return _skip_space(text, at + 1) if text[at] == "," else at


def _skip_space(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at
