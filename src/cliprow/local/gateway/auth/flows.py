"""Sign-ins that begin at one client and may end only there: it holds a verifier whose hash it gave at the start (PKCE)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from uuid import UUID, uuid4

import msgspec
from psycopg.rows import DictRow

from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.users import Connection

VALID_S = 300
_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class Challenged(msgspec.Struct, kw_only=True):
    """A body that may begin such a sign-in."""

    code_challenge: str | None = None
    code_challenge_method: str | None = None


@dataclass(frozen=True)
class Challenge:
    """The hash that the client gave."""

    value: str
    method: str


@dataclass(frozen=True)
class Flow:
    """A row of auth.flow_state."""

    id: UUID
    user_id: UUID | None
    auth_code: str | None
    challenge: Challenge | None
    provider: str
    method: str
    referrer: str
    client_state_id: UUID | None
    linking_user_id: UUID | None
    provider_token: str | None
    provider_refresh_token: str | None


def challenge_of(value: str | None, method: str | None) -> Challenge | None:
    """The challenge in a request, or None without one.

    Raises:
        AuthError: it is malformed.
    """
    if not value and not method:
        return None
    if not value or not method:
        raise invalid("PKCE flow requires code_challenge_method and code_challenge")
    if not _CHALLENGE.fullmatch(value):
        raise invalid(
            "code challenge has to be 43 to 128 letters, digits, hyphens, periods, underscores or tildes"
        )
    if method.lower() not in ("s256", "plain"):
        raise invalid(f'unsupported code_challenge method "{method}"')
    return Challenge(value, method.lower())


async def start(
    connection: Connection,
    *,
    provider: str,
    method: str,
    challenge: Challenge | None,
    user_id: UUID | None = None,
    referrer: str = "",
    client_state_id: UUID | None = None,
    linking_user_id: UUID | None = None,
) -> UUID:
    """Remember how a sign-in began."""
    flow_id = uuid4()
    await connection.execute("delete from auth.flow_state where created_at < now() - interval '1 day'")
    await connection.execute(
        """
        insert into auth.flow_state (
            id, user_id, auth_code, code_challenge, code_challenge_method, provider_type, authentication_method,
            referrer, oauth_client_state_id, linking_target_id, created_at, updated_at)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now(), now())
        """,
        [
            flow_id, user_id, str(uuid4()) if challenge else None, challenge and challenge.value,
            challenge and challenge.method, provider, method, referrer, client_state_id, linking_user_id,
        ],
    )  # fmt: skip
    return flow_id


async def issue_code(connection: Connection, user_id: UUID, method: str) -> str:
    """The code of the user's latest sign-in of this kind, to be exchanged by the client that began it.

    Raises:
        AuthError: no such sign-in began here.
    """
    cursor = await connection.execute(
        """
        update auth.flow_state set auth_code_issued_at = now(), updated_at = now()
        where id = (
            select id from auth.flow_state
            where user_id = %s and authentication_method = %s and auth_code is not null
            order by created_at desc limit 1)
        returning auth_code
        """,
        [user_id, method],
    )
    row = await cursor.fetchone()
    if row is None:
        raise AuthError(422, "flow_state_not_found", "No valid flow state found for user.")
    return str(row["auth_code"])


async def find(connection: Connection, flow_id: UUID) -> Flow | None:
    """The sign-in with this id while it is fresh; its row is locked."""
    cursor = await connection.execute(
        f"{_FLOW} where id = %s and created_at > now() - make_interval(secs => %s) for update".encode(),
        [flow_id, VALID_S],
    )
    row = await cursor.fetchone()
    return None if row is None else _flow(row)


async def exchange(connection: Connection, auth_code: str, verifier: str) -> Flow:
    """End a sign-in by its code; the code is used up with the caller's transaction.

    Raises:
        AuthError: the code is unknown, too old, or not this client's.
    """
    cursor = await connection.execute(f"{_FLOW} where auth_code = %s for update".encode(), [auth_code])
    row = await cursor.fetchone()
    if row is None or row["user_id"] is None or row["auth_code_issued_at"] is None:
        raise AuthError(404, "flow_state_not_found", "invalid flow state, no valid flow state found")
    if not row["is_fresh"]:
        raise AuthError(422, "flow_state_expired", "invalid flow state, flow state has expired")
    flow = _flow(row)
    assert flow.challenge is not None
    if not _proves(verifier, flow.challenge):
        raise AuthError(
            400, "bad_code_verifier", "code challenge does not match previously saved code verifier"
        )
    await end(connection, flow.id)
    return flow


async def end(connection: Connection, flow_id: UUID) -> None:
    """Forget a sign-in."""
    await connection.execute("delete from auth.flow_state where id = %s", [flow_id])


def _proves(verifier: str, challenge: Challenge) -> bool:
    shown = verifier
    if challenge.method == "s256":
        digest = hashlib.sha256(verifier.encode()).digest()
        shown = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(shown.encode(), challenge.value.encode())


_FLOW = f"""
select
    id, user_id, auth_code, auth_code_issued_at, code_challenge, code_challenge_method::text, provider_type,
    authentication_method, coalesce(referrer, '') as referrer, oauth_client_state_id, linking_target_id,
    provider_access_token, provider_refresh_token,
    coalesce(auth_code_issued_at, created_at) > now() - make_interval(secs => {VALID_S}) as is_fresh
from auth.flow_state
"""


def _flow(row: DictRow) -> Flow:
    challenge = row["code_challenge"]
    return Flow(
        id=row["id"],
        user_id=row["user_id"],
        auth_code=row["auth_code"],
        challenge=Challenge(challenge, row["code_challenge_method"]) if challenge else None,
        provider=row["provider_type"],
        method=row["authentication_method"],
        referrer=row["referrer"],
        client_state_id=row["oauth_client_state_id"],
        linking_user_id=row["linking_target_id"],
        provider_token=row["provider_access_token"],
        provider_refresh_token=row["provider_refresh_token"],
    )
