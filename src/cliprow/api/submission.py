"""Topics on their way to `create_batch`: from JSON or an uploaded file, with what holds for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from cliprow import topics
from cliprow.api.database import Transaction
from cliprow.db import translate
from cliprow.errors import CliprowError, InvalidInput, RowProblem

#: Fields that a topic may have, and that defaults may give.
TOPIC_FIELDS = frozenset({
    "topic", "platforms", "brief", "audience", "tone", "script_type", "language", "duration_s", "priority", "voice",
    "images", "library_items", "reuse", "metadata",
})  # fmt: skip


@dataclass
class Submission:
    """A batch that somebody wants."""

    #: None, for a dry run alone: of a project that is still to be made.
    project_id: UUID | None
    topics: list[dict[str, Any]]
    options: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    #: Lines of the file that the topics stand on; empty where they came as JSON.
    lines: list[int] = field(default_factory=list)
    #: Rows of the file that could not be read.
    problems: list[RowProblem] = field(default_factory=list)
    warnings: list[RowProblem] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        project_id: UUID | None,
        given: Sequence[dict[str, Any] | str],
        options: dict[str, Any],
        defaults: dict[str, Any] | None = None,
    ) -> Submission:
        """A submission out of JSON, where a topic may be just its text."""
        whole = [{"topic": each} if isinstance(each, str) else each for each in given]
        return cls(project_id, whole, options, defaults or {})

    async def create(self, transaction: Transaction, key: str | None) -> dict[str, Any]:
        """Create the batch.

        Raises:
            InvalidInput: with every problem of file, topics and options; or no project is named.
        """
        if self.project_id is None:
            raise InvalidInput(
                "The batch names no project.",
                next_step="Send project_id: `GET /projects` lists your projects.",
            )
        if self.problems:
            found = [*self.problems, *await self._problems(transaction)]
            raise InvalidInput(
                f"{len({each.row for each in found})} rows of the file cannot be used.",
                next_step="Correct the lines named, or leave them out.",
                problems=sorted(found, key=lambda each: each.row or 0),
            )
        arguments = await self._arguments(transaction)
        try:
            made: dict[str, Any] = await transaction.value(
                "select public.create_batch(%s, %s, %s, %s)", *arguments, key
            )
        except psycopg.Error as error:
            raise self._by_line_of(error) from error
        return made

    async def append(
        self, transaction: Transaction, batch_id: UUID, position: int, *, is_last: bool
    ) -> dict[str, Any]:
        """Add the topics to a batch that is being filled."""
        _, whole, _ = await self._arguments(transaction)
        filled: dict[str, Any] = await transaction.value(
            "select public.append_topics(%s, %s, %s, %s)", batch_id, position, whole, is_last
        )
        return filled

    async def check(self, transaction: Transaction, position: int = 1) -> bytes:
        """The dry run, as JSON.

        Args:
            position: place of the first topic, of a list that is checked in chunks.
        """
        found = await self._check(transaction, position)
        problems = [*self.problems, *self._by_line(found["problems"])]
        found["problems"] = sorted(problems, key=lambda each: each.row or 0)
        found["warnings"] = self.warnings
        return msgspec.json.encode(found)

    async def _check(self, transaction: Transaction, position: int = 1) -> dict[str, Any]:
        arguments = await self._arguments(transaction)
        found: dict[str, Any] = await transaction.value(
            "select public.check_batch(%s, %s, %s, %s)", *arguments, position
        )
        return found

    async def _problems(self, transaction: Transaction) -> list[RowProblem]:
        return self._by_line((await self._check(transaction))["problems"]) if self.topics else []

    async def _arguments(self, transaction: Transaction) -> tuple[UUID | None, Jsonb, Jsonb]:
        of_project = await transaction.value(
            "select metadata -> 'batch' from public.projects where id = %s", self.project_id
        )
        base = of_project if isinstance(of_project, dict) else {}
        defaults = {name: value for name, value in base.items() if name in TOPIC_FIELDS} | self.defaults
        options = {name: value for name, value in base.items() if name not in TOPIC_FIELDS} | self.options
        whole = [{**defaults, **topic} for topic in self.topics]
        return self.project_id, Jsonb(whole), Jsonb(options)

    def _by_line(self, problems: Sequence[dict[str, Any]]) -> list[RowProblem]:
        return [RowProblem(self._line(each["row"]), each["field"], each["reason"]) for each in problems]

    def _line(self, row: int | None) -> int | None:
        return self.lines[row - 1] if self.lines and row else row

    def _by_line_of(self, error: psycopg.Error) -> CliprowError:
        """What the database says of topics, said of the file's lines."""
        meant = translate(error)
        if isinstance(meant, InvalidInput) and self.lines:
            meant.problems = tuple(
                RowProblem(self._line(each.row), each.field, each.reason) for each in meant.problems
            )
        return meant


def read_upload(data: bytes, name: str, platforms: Sequence[str], project_id: UUID) -> Submission:
    """A submission out of an uploaded CSV, JSON or JSON Lines file.

    Raises:
        InvalidInput: the file as a whole cannot be used.
    """
    found = topics.read_uploaded_topics(data, name, platforms=platforms)
    return Submission(
        project_id,
        [row.as_json() for row in found.rows],
        lines=[row.line for row in found.rows],
        problems=[_as_row(each) for each in found.problems],
        warnings=[_as_row(each) for each in found.warnings],
    )


def _as_row(problem: topics.Problem) -> RowProblem:
    return RowProblem(problem.line, "", problem.reason)
