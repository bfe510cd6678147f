"""The topics a batch is made of: read, checked row by row, with every problem and its line.

Columns: topic, and optionally brief, tone, audience, platforms, duration_s, priority, script_type, language,
images. Headings are matched whatever their case, spaces or hyphens, some synonyms are known, and a column with
another heading becomes metadata of its topic.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cliprow import topic_files
from cliprow.errors import InvalidInput
from cliprow.topic_files import Fault, Record
from cliprow.topic_rows import COLUMNS, RowReader, TopicRow, heading_key, match_headings, parse_mapping

__all__ = ["PLATFORMS", "Problem", "TopicRow", "Topics", "parse_mapping", "read_topics"]

#: The platforms known without a database to ask.
PLATFORMS = ("youtube", "tiktok", "instagram", "linkedin", "twitter")
MAX_ROWS = 10_000


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row, or worth a look."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True)
class Topics:
    """What a topics file holds."""

    rows: tuple[TopicRow, ...]
    #: Rows that cannot be used, each with one or more problems.
    problems: tuple[Problem, ...]
    #: Repeated topics and headings that look misspelt; nothing is left out for them.
    warnings: tuple[Problem, ...]


def read_topics(
    source: str,
    *,
    mapping: Mapping[str, str] | None = None,
    platforms: Collection[str] = PLATFORMS,
    max_rows: int = MAX_ROWS,
    max_bytes: int = topic_files.MAX_BYTES,
) -> Topics:
    """Read and check a topics file.

    Args:
        source: path of a CSV, JSON or JSON Lines file, or `-` for standard input. Image paths count from its
            folder, or from the current one.
        mapping: column by heading, for headings that are not recognised.
        platforms: names that the column platforms may hold.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the file as a whole cannot be used.
    """
    text = topic_files.read_text(source, max_bytes)
    folder = Path() if source == topic_files.STDIN else Path(source).parent
    return _read(text, source, mapping or {}, platforms, max_rows, folder)


def read_uploaded_topics(
    data: bytes,
    name: str,
    *,
    mapping: Mapping[str, str] | None = None,
    platforms: Collection[str] = PLATFORMS,
    max_rows: int = MAX_ROWS,
) -> Topics:
    """As `read_topics`, of a file that came over the network: it may not name pictures, which would be ours.

    Args:
        name: what its sender calls it; only the suffix counts.
    """
    text = topic_files.decode_text(data, name)
    return _read(text, name, mapping or {}, platforms, max_rows, None)


def _read(
    text: str,
    source: str,
    mapping: Mapping[str, str],
    platforms: Collection[str],
    max_rows: int,
    folder: Path | None,
) -> Topics:
    found = list(topic_files.read_records(text, source))
    records = [entry for entry in found if isinstance(entry, Record)]
    problems = [Problem(entry.line, entry.reason) for entry in found if isinstance(entry, Fault)]
    if not found:
        raise InvalidInput(
            "The topics file has headings but no topics.",
            error_code="TOPICS_EMPTY",
            next_step="Add a line for each topic.",
        )
    if len(found) > max_rows:
        raise InvalidInput(
            f"The topics file has {len(found):,} topics; a batch takes at most {max_rows:,}.",
            error_code="TOPICS_TOO_MANY",
            next_step="Split it into several files and create a batch from each.",
        )
    headings = list(dict.fromkeys(heading for record in records for heading in record.fields))
    columns = match_headings(headings, mapping) if records else {}
    reader = RowReader(columns, platforms, folder)
    rows = []
    for record in records:
        row, reasons = reader.read(record)
        problems += [Problem(record.line, reason) for reason in reasons]
        if row:
            rows.append(row)
    if problems:
        # Places are those of the whole file: without its bad rows they would mean others.
        problems += [
            Problem(row.line, "after_rows cannot be told while other rows are bad")
            for row in rows
            if row.after_rows
        ]
        rows = [row for row in rows if not row.after_rows]
    problems.sort(key=lambda problem: problem.line)
    return Topics(tuple(rows), tuple(problems), (*_misspelt(headings, columns), *_repeated(rows)))


def _misspelt(headings: Iterable[str], columns: Mapping[str, str]) -> Iterator[Problem]:
    """Name the headings kept as metadata that look like a column, once each."""
    free = [column for column in COLUMNS if column not in columns.values()]
    for heading in headings:
        near = difflib.get_close_matches(heading_key(heading), free, 1, 0.8)
        if near and heading not in columns:
            yield Problem(1, f"the heading {heading!r} is kept as metadata; did you mean {near[0]}?")


def _repeated(rows: Iterable[TopicRow]) -> Iterator[Problem]:
    seen: dict[tuple[object, ...], int] = {}
    for row in rows:
        key = (row.topic.casefold(), row.brief, row.language, row.tone, row.script_type, row.audience)
        first = seen.setdefault(key, row.line)
        if first != row.line:
            yield Problem(row.line, f"repeats line {first}; its work is reused, not done again")
