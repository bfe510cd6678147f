"""The custom access token hook: a function in the database that may change the claims of every token."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from cliprow.local.gateway.auth.errors import AuthError, primary, unexpected
from cliprow.local.gateway.auth.users import Connection

_log = logging.getLogger(__name__)

TIMEOUT_MS = 2000

#: Claims that must come back, and what each may be.
_REQUIRED: dict[str, tuple[type, ...]] = {
    "aud": (str, list),
    "exp": (int,),
    "iat": (int,),
    "sub": (str,),
    "email": (str,),
    "phone": (str,),
    "role": (str,),
    "aal": (str,),
    "session_id": (str,),
    "is_anonymous": (bool,),
}
_OPTIONAL: dict[str, tuple[type, ...]] = {
    "jti": (str,),
    "iss": (str,),
    "nbf": (int,),
    "app_metadata": (dict,),
    "user_metadata": (dict,),
    "amr": (list,),
    "client_id": (str,),
}


class ClaimsHook:
    """Calls the function of the settings, as the role that Auth logs in as, in the transaction that issues the token."""

    def __init__(self, name: str) -> None:
        self._schema, _, self._function = name.rpartition(".")
        self._name = name

    async def apply(
        self, connection: Connection, claims: Mapping[str, Any], authentication_method: str
    ) -> dict[str, Any]:
        """The claims to sign.

        Raises:
            AuthError: the hook failed, took too long, refused, or lost a claim.
        """
        if not self._name or not await self._exists(connection):
            return dict(claims)
        event = {
            "user_id": claims["sub"],
            "claims": dict(claims),
            "authentication_method": authentication_method,
        }
        answer = await self._call(connection, event)
        if not isinstance(answer, dict):
            raise unexpected("Error unmarshaling JSON output.")
        _check_refusal(answer)
        changed = answer.get("claims")
        if not isinstance(changed, dict):
            raise unexpected("output claims field is missing")
        _check_claims(changed)
        return changed

    async def _exists(self, connection: Connection) -> bool:
        # By the catalog, since looking the name up would need rights on its schema.
        cursor = await connection.execute(
            """
            select from pg_catalog.pg_proc as p
            join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
            where n.nspname = %s and p.proname = %s
            limit 1
            """,
            [self._schema, self._function],
        )
        return await cursor.fetchone() is not None

    async def _call(self, connection: Connection, event: dict[str, Any]) -> Any:
        call = sql.SQL("select {}(%s) as answer").format(sql.Identifier(self._schema, self._function))
        try:
            await connection.execute(f"set local statement_timeout = {TIMEOUT_MS}")
            cursor = await connection.execute(call, [Jsonb(event)])
            row = await cursor.fetchone()
            await connection.execute("set local statement_timeout = default")
        except psycopg.Error as error:
            # The hook's own text stays in the log: it may speak of other people's rows.
            _log.warning("The hook %s failed: %s", self._name, primary(error))
            raise unexpected(f"Error running hook URI: pg-functions://postgres/{self._uri}") from error
        return None if row is None else row["answer"]

    @property
    def _uri(self) -> str:
        return f"{self._schema}/{self._function}"


def _check_refusal(answer: Mapping[str, Any]) -> None:
    match answer.get("error"):
        case {"message": str(message), **rest} if message:
            given = rest.get("http_code")
            status = given if isinstance(given, int) and 400 <= given <= 599 else 500
            raise AuthError(status, "unexpected_failure", message)


def _check_claims(claims: Mapping[str, Any]) -> None:
    problems = [f"(root): {name} is required" for name in _REQUIRED if name not in claims]
    for name, types in {**_REQUIRED, **_OPTIONAL}.items():
        value = claims.get(name)
        # bool is an int to Python, but not to JSON
        if name in claims and (
            not isinstance(value, types) or (isinstance(value, bool) and bool not in types)
        ):
            problems.append(f"{name}: Invalid type")
    if problems:
        listed = "".join(f"- {problem}\n" for problem in problems)
        raise unexpected(f"output claims do not conform to the expected schema: \n{listed}")
