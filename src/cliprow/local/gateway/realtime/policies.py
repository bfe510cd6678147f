"""What row-level security on `realtime.messages` allows: asked of the database, by trying, and rolled back.

Whether a topic may be read is seen from a row that the owner inserts and the caller tries to read; whether it may be
sent to, from a row that the caller tries to insert. Policies learn the topic from `realtime.topic()` and tell
broadcast and presence apart by the column `extension`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal, LiteralString
from uuid import uuid4

import msgspec
import psycopg
from psycopg import errors
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from cliprow.local.gateway.keys import Caller

logger = logging.getLogger(__name__)

Extension = Literal["broadcast", "presence"]

#: How long a policy may take to decide.
DECISION_MS = 3_000

#: Become the caller until the transaction ends. The time limit is in effect from the next statement on.
ACT_AS = (
    "select set_config('statement_timeout', %(timeout)s, true), set_config('role', %(role)s, true),"
    " set_config('realtime.topic', %(topic)s, true), set_config('request.jwt.claims', %(claims)s, true),"
    " set_config('request.jwt.claim.sub', %(sub)s, true), set_config('request.jwt.claim.role', %(role)s, true),"
    " set_config('request.headers', '{}', true)"
)
_PROBE = (
    "insert into realtime.messages (id, topic, extension, private)"
    " select unnest(%(ids)s::uuid[]), %(topic)s, unnest(%(extensions)s::text[]), true"
)
_SEEN = "select extension from realtime.messages where id = any (%(ids)s::uuid[])"
# Nothing is returned: that would ask for the right to read as well.
_SEND = "insert into realtime.messages (topic, extension, private) values (%(topic)s, %(extension)s, true)"


class Unanswered(Exception):
    """The database did not say what is allowed; the message tells the client why."""


class Policies:
    """Asks the database, over a few connections of the superuser."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool

    async def readable(
        self, caller: Caller, topic: str, extensions: Collection[Extension]
    ) -> frozenset[Extension]:
        """Which of these the caller may read on a private topic.

        Raises:
            Unanswered: the database cannot be asked.
        """
        values = {
            "ids": [uuid4() for _ in extensions],
            "topic": topic,
            "extensions": list(extensions),
            **acting(caller, topic),
        }
        seen = await self._try((_PROBE, ACT_AS, _SEEN), values)
        return frozenset(extension for (extension,) in seen or ())

    async def may_send(self, caller: Caller, topic: str, extension: Extension) -> bool:
        """Whether the caller may send to a private topic.

        Raises:
            Unanswered: the database cannot be asked.
        """
        values = {"topic": topic, "extension": extension, **acting(caller, topic)}
        return await self._try((ACT_AS, _SEND), values) is not None

    async def _try(
        self, statements: Sequence[LiteralString], values: Mapping[str, object], *, again: bool = True
    ) -> list[tuple[Any, ...]] | None:
        """Run the statements in one round trip and roll them back.

        Returns:
            The rows of the last one; None where the policies refuse.
        """
        try:
            async with self._pool.connection() as connection, connection.pipeline() as pipeline:
                async with connection.transaction(force_rollback=True):
                    for statement in statements:
                        cursor = await connection.execute(statement, values)
                    await pipeline.sync()
                    return await cursor.fetchall() if cursor.description else []
        except errors.CheckViolation as error:
            if not again:
                raise Unanswered("Realtime was unable to find the expected messages partition") from error
        except (PoolTimeout, TooManyRequests) as error:
            raise Unanswered("Too many channels are being joined, please try again") from error
        except errors.QueryCanceled as error:
            raise Unanswered("Query was cancelled, please try again") from error
        except psycopg.OperationalError as error:
            raise Unanswered("Realtime was unable to connect to the project database") from error
        except errors.InsufficientPrivilege:
            return None
        except psycopg.Error as error:
            logger.warning("A policy on realtime.messages failed for topic %r: %s", values["topic"], error)
            return None
        await self._open_today()
        return await self._try(statements, values, again=False)

    async def _open_today(self) -> None:
        """Make the partition that is missing: nobody has sent anything today."""
        try:
            async with self._pool.connection() as connection:
                await connection.execute("select realtime.open_today()")
        except psycopg.Error as error:
            raise Unanswered("Realtime was unable to find the expected messages partition") from error


def caller_key(caller: Caller) -> str:
    """The same for callers to whom the same is allowed."""
    # when an API key was used makes no difference
    claims = {name: value for name, value in caller.claims.items() if name != "iat" or caller.user_id}
    return f"{caller.role} {msgspec.json.encode(claims, order='deterministic').decode()}"


def acting(caller: Caller, topic: str = "") -> dict[str, str]:
    """The values that `ACT_AS` sets."""
    return {
        "timeout": str(DECISION_MS),
        "role": caller.role,
        "topic": topic,
        "claims": msgspec.json.encode(caller.claims).decode(),
        "sub": caller.user_id or "",
    }
