"""What a command asks for, in both of the ways it may be asked: an SQL function, or a route of the REST API.

Both check the same rights and answer with the same JSON, because the route calls the function.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from cliprow import db
from cliprow.account import Account


@dataclass(frozen=True, kw_only=True)
class Question:
    """One call; which of both ways it goes is up to where it is asked."""

    #: Gives one value, JSON; of a list the list itself.
    sql: LiteralString
    #: Objects are sent as jsonb.
    arguments: tuple[object, ...] = ()
    method: str = "GET"
    path: str
    body: Mapping[str, object] | None = None
    #: Of a GET.
    parameters: Mapping[str, object] = field(default_factory=dict)
    #: How long a database that this machine reaches may take; an API has a limit of its own.
    timeout_ms: int = db.USER_TIMEOUT_MS
    #: Rows of a list that are enough; None for all.
    most: int | None = None


def ask_database(account: Account, question: Question) -> Any:
    """The answer of a database that this machine reaches, as one of its users.

    Raises:
        CliprowError: as the database says.
    """
    arguments = [Jsonb(each) if isinstance(each, dict) else each for each in question.arguments]
    with account.acting(timeout_ms=question.timeout_ms) as connection:
        row = connection.execute(question.sql, arguments).fetchone()
    return row[0] if row else None
