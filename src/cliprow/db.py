"""Connections to the database, acting as one of its users, and what its errors mean.

Driver errors become `CliprowError`s here and nowhere else. Our SQL raises with an errcode of its own, a message and a
hint, and may name an `error_code` in the detail:

    CR001 InvalidInput    CR002 NotFound    CR003 NotAllowed    CR004 Conflict    CR005 StaleToken
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, LiteralString
from uuid import UUID

import msgspec
import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from cliprow.doors import REST
from cliprow.errors import (
    CliprowError,
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    RowProblem,
    StaleToken,
    Unavailable,
)

#: What an SQLSTATE means, by its first characters; the longest match counts.
ERRORS: dict[str, type[CliprowError]] = {
    "CR001": InvalidInput,
    "CR002": NotFound,
    "CR003": NotAllowed,
    "CR004": Conflict,
    "CR005": StaleToken,
    "08": Unavailable,  # connection lost
    "22": InvalidInput,  # data that does not fit its type
    "23": Conflict,  # a constraint
    "23502": InvalidInput,  # not_null_violation
    "23514": InvalidInput,  # check_violation
    "28": NotAllowed,  # wrong password, or no login
    "40": Unavailable,  # serialization failure, deadlock: repeating helps
    "42501": NotAllowed,  # insufficient_privilege
    "53": Unavailable,  # out of disk, memory or connections
    "55P03": Unavailable,  # lock_not_available
    "57": Unavailable,  # shut down, or cancelled by a timeout
    "58": Unavailable,  # the server cannot reach its files
}

#: An `error_code` in the detail of an error that our SQL raised, like TRANSIENT_STORAGE_FAILURE.
_OUR_CODE = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")

#: How long a statement run as a user may take; what `authenticated` has in a Supabase project.
USER_TIMEOUT_MS = 8_000
_CONNECT_TIMEOUT_S = 10
#: Port of Supabase's pooler in transaction mode, where a prepared statement is on another connection the next time.
_TRANSACTION_POOLER_PORT = 6543


def connect(conninfo: str, **options: Any) -> Connection[tuple[Any, ...]]:
    """A connection in autocommit mode.

    Raises:
        Unavailable, NotAllowed: the database does not answer, or not to this role.
    """
    with translated():
        return psycopg.connect(conninfo, **_options(conninfo, options))


async def connect_async(conninfo: str, **options: Any) -> AsyncConnection[tuple[Any, ...]]:
    """As `connect`, for asyncio."""
    with translated():
        return await AsyncConnection.connect(conninfo, **_options(conninfo, options))


def pool(conninfo: str, *, max_size: int = 4, **options: Any) -> ConnectionPool[Connection[tuple[Any, ...]]]:
    """A pool of connections in autocommit mode, not yet open."""
    return ConnectionPool(
        conninfo, min_size=1, max_size=max_size, open=False, kwargs=_options(conninfo, options)
    )


def pool_async(
    conninfo: str, *, min_size: int = 1, max_size: int = 4, **options: Any
) -> AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]]:
    """As `pool`, for asyncio."""
    return AsyncConnectionPool(
        conninfo, min_size=min_size, max_size=max_size, open=False, kwargs=_options(conninfo, options)
    )


def _options(conninfo: str, given: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {
        "autocommit": True,
        "connect_timeout": _CONNECT_TIMEOUT_S,
        "application_name": "cliprow",
    }
    if str(conninfo_to_dict(conninfo).get("port")) == str(_TRANSACTION_POOLER_PORT):
        options["prepare_threshold"] = None
    return options | given


@contextmanager
def as_user(
    connection: Connection[Any],
    user_id: UUID | str,
    tenant_id: UUID | str,
    *,
    timeout_ms: int = USER_TIMEOUT_MS,
    door: str = "sql",
) -> Iterator[Connection[Any]]:
    """One transaction as a signed-in user, in which row-level security decides.

    Committed at the end of the block, rolled back when it raises; driver errors are translated.

    Args:
        door: which way the user came, for the audit: one of `DOORS`.

    Raises:
        ValueError: a transaction is open already, to which the role would stick.
    """
    _require_idle(connection)
    with translated(), connection.transaction():
        connection.execute(_BECOME_USER, [*_claims(user_id, tenant_id, timeout_ms), door])
        yield connection


@asynccontextmanager
async def as_user_async(
    connection: AsyncConnection[Any],
    user_id: UUID | str,
    tenant_id: UUID | str,
    *,
    timeout_ms: int = USER_TIMEOUT_MS,
) -> AsyncIterator[AsyncConnection[Any]]:
    """As `as_user`, for asyncio."""
    claims, timeout = _claims(user_id, tenant_id, timeout_ms)
    async with as_claims_async(connection, claims, timeout_ms=int(timeout)):
        yield connection


@asynccontextmanager
async def as_claims_async(
    connection: AsyncConnection[Any], claims: str, *, timeout_ms: int = USER_TIMEOUT_MS, door: str = REST
) -> AsyncIterator[AsyncConnection[Any]]:
    """As `as_user_async`, for whom the claims of a verified token (JSON) name."""
    _require_idle(connection)
    with translated():
        async with connection.transaction():
            await become_async(connection, claims, timeout_ms=timeout_ms, door=door)
            yield connection


async def become_async(
    connection: AsyncConnection[Any], claims: str, *, timeout_ms: int = USER_TIMEOUT_MS, door: str = REST
) -> None:
    """Go on as a user until the end of the transaction that is open, or until `become_oneself_async`."""
    await connection.execute(_BECOME_USER, [claims, str(timeout_ms), door])


async def become_oneself_async(connection: AsyncConnection[Any]) -> None:
    """Go on as the role that has logged in."""
    await connection.execute("select set_config('role', 'none', true)")


async def fetch_as_claims_async(
    connection: AsyncConnection[Any],
    claims: str,
    queries: Sequence[tuple[LiteralString, Sequence[object]]],
    *,
    timeout_ms: int = USER_TIMEOUT_MS,
) -> list[list[tuple[Any, ...]]]:
    """The rows of queries that do not depend on each other, in one transaction and one round trip.

    Everything is sent before anything is read; when one statement fails the server skips the rest, `commit` included.
    Plans are made once and kept: planning takes longer than running here, and a plan made for values is worse, because
    under row-level security the planner may not look at the statistics behind conditions like `ilike`.
    """
    _require_idle(connection)
    with translated():
        try:
            async with connection.pipeline():
                await connection.execute("begin")
                await connection.execute(_BECOME_READER, [claims, str(timeout_ms), REST])
                cursors = [await connection.execute(query, arguments) for query, arguments in queries]
                await connection.execute("commit")
            return [await cursor.fetchall() for cursor in cursors]
        finally:
            if connection.info.transaction_status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN):
                await connection.rollback()


#: As `set local`, which takes no parameters. The role does not bring its own `statement_timeout` along.
_BECOME_USER: LiteralString = (
    "select set_config('role', 'authenticated', true),"
    " set_config('request.jwt.claims', %s, true), set_config('statement_timeout', %s, true),"
    " set_config('cliprow.door', %s, true)"
)
_BECOME_READER: LiteralString = f"{_BECOME_USER}, set_config('plan_cache_mode', 'force_generic_plan', true)"


def _claims(user_id: UUID | str, tenant_id: UUID | str, timeout_ms: int) -> list[str]:
    claims = {
        "sub": str(user_id),
        "role": "authenticated",
        "aud": "authenticated",
        "tenant_id": str(tenant_id),
    }
    return [msgspec.json.encode(claims).decode(), str(timeout_ms)]


def _require_idle(connection: Connection[Any] | AsyncConnection[Any]) -> None:
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise ValueError("as_user begins a transaction of its own; this connection is inside one, or closed")


@contextmanager
def translated() -> Iterator[None]:
    """Turns driver errors raised in the block into CliprowErrors."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error) from error


def translate(error: psycopg.Error) -> CliprowError:
    """What a driver error means for the caller."""
    if error.sqlstate is None:
        return _without_sqlstate(error)
    kind = _kind(error.sqlstate)
    said = error.diag
    message = said.message_primary or str(error).strip() or type(error).__name__
    if kind is CliprowError:  # a mistake of ours: say precisely what the database said
        message = f"The database refused a statement: {message} ({error.sqlstate})"
    if error.sqlstate == "23514" and said.constraint_name:
        # Which is named so that it says what must hold.
        must = said.constraint_name.removesuffix("_check").replace("_", " ")
        return InvalidInput(f"A value is refused: {must}.", next_step="Correct that value, and repeat.")
    detail = (said.message_detail or "") if error.sqlstate.startswith("CR") else ""
    next_step = said.message_hint or ("Repeat the command in a moment." if kind is Unavailable else "")
    if kind is InvalidInput and detail.startswith("["):
        return InvalidInput(message, next_step=next_step, problems=_row_problems(detail))
    code = _OUR_CODE.search(detail)
    return kind(message, error_code=code[0] if code else "", next_step=next_step)


def _row_problems(detail: str) -> list[RowProblem]:
    """The list that `create_batch` gives in the detail of its CR001; none when the server cut it short."""
    try:
        return msgspec.json.decode(detail, type=list[RowProblem])
    except msgspec.DecodeError:
        return []


def _kind(sqlstate: str) -> type[CliprowError]:
    return next((ERRORS[sqlstate[:size]] for size in (5, 2) if sqlstate[:size] in ERRORS), CliprowError)


def _without_sqlstate(error: psycopg.Error) -> CliprowError:
    """The error comes from the client side: the server was not reached, or went away."""
    reason = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    if isinstance(error, psycopg.OperationalError):  # the pool's PoolTimeout is one
        if "password authentication failed" in str(error):
            return NotAllowed(reason, next_step="Check the user and password in DATABASE_URL.")
        return Unavailable(
            f"The database does not answer: {reason}",
            next_step="Check that it runs and that DATABASE_URL is right; `cliprow doctor` looks for the cause.",
        )
    if isinstance(error, psycopg.DataError):  # like a NUL in a text, which the driver refuses to send
        return InvalidInput(f"A value cannot be stored: {reason}", next_step="Correct it, or leave it out.")
    return CliprowError(f"The database could not be used: {reason}")
