"""Links and codes that prove who reads an e-mail address: made, sent, and used once.

Only a hash of address and code is stored; the link carries that hash, the person types the code. A hash that starts
with `pkce_` belongs to a client that will exchange a code for the session, so its link gives no tokens away.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

from cliprow.local.gateway.auth.errors import AuthError
from cliprow.local.gateway.auth.users import Connection, User, find_by_id

#: What a message asks for; part of its link.
Kind = Literal["signup", "invite", "recovery", "magiclink", "email_change", "reauthentication"]
#: Column type auth.one_time_token_type.
TokenType = Literal[
    "confirmation_token",
    "recovery_token",
    "email_change_token_new",
    "email_change_token_current",
    "reauthentication_token",
]

PKCE_PREFIX = "pkce_"
VALID_S = 3600

#: Which tokens a verification of a kind may use; `email` is either of the first two.
TOKEN_TYPES: dict[str, tuple[TokenType, ...]] = {
    "signup": ("confirmation_token",),
    "invite": ("confirmation_token",),
    "recovery": ("recovery_token",),
    "magiclink": ("recovery_token",),
    "email": ("confirmation_token", "recovery_token"),
    "email_change": ("email_change_token_new", "email_change_token_current"),
}


@dataclass(frozen=True)
class Secret:
    """A new code and the hash that stands for it."""

    code: str
    hash: str


@dataclass(frozen=True)
class Used:
    """A token that was just used up, and whose it was."""

    user: User
    token_type: TokenType


def new_secret(email: str, *, is_pkce: bool = False) -> Secret:
    """A code for an address."""
    code = f"{secrets.randbelow(1_000_000):06}"
    return Secret(code, (PKCE_PREFIX if is_pkce else "") + hash_of(email, code))


def hash_of(email: str, code: str) -> str:
    """What is stored of a code, without the prefix of its flow."""
    return hashlib.sha224((email + code).encode()).hexdigest()


async def store(
    connection: Connection, user: User, token_type: TokenType, secret: Secret, relates_to: str
) -> None:
    """Remember a secret in place of an earlier one of the same type."""
    await connection.execute(
        """
        insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to)
        values (%s, %s, %s, %s, %s)
        on conflict (user_id, token_type) do update set
            token_hash = excluded.token_hash, relates_to = excluded.relates_to,
            created_at = excluded.created_at, updated_at = excluded.updated_at
        """,
        [uuid4(), user.id, token_type, secret.hash, relates_to],
    )


async def use(
    connection: Connection, hashes: Sequence[str], token_types: Sequence[TokenType], *, what: str
) -> Used:
    """Use up the token with one of these hashes.

    Args:
        what: how the refusal names it: a link or a code.

    Raises:
        AuthError: it is unknown, used or too old.
    """
    cursor = await connection.execute(
        """
        delete from auth.one_time_tokens
        where token_hash = any(%s) and token_type = any(%s::auth.one_time_token_type[])
        returning user_id, token_type, created_at > now() - make_interval(secs => %s) as is_fresh
        """,
        [list(hashes), list(token_types), VALID_S],
    )
    row = await cursor.fetchone()
    user = await find_by_id(connection, UUID(str(row["user_id"]))) if row and row["is_fresh"] else None
    if row is None or user is None:
        raise AuthError(403, "otp_expired", f"{what} has expired or is invalid")
    if user.is_banned:
        raise AuthError(403, "user_banned", "User is banned")
    return Used(user, row["token_type"])
