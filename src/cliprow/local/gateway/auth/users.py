"""Users and their identities: the rows, and what clients see of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
from psycopg import AsyncConnection, sql
from psycopg.errors import UniqueViolation
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from cliprow.local.gateway.auth.errors import AuthError, invalid, primary, unexpected
from cliprow.local.gateway.keys import AUDIENCE

_log = logging.getLogger(__name__)

#: A connection whose rows are dictionaries.
Connection = AsyncConnection[DictRow]

#: Provider of the identity that an e-mail address and a password make.
EMAIL = "email"
MAX_EMAIL = 255
_EMAIL = re.compile(r"[^\s@<>\"'\\,;:()\[\]\x00-\x1f\x7f]+@[^\s@.\x00-\x1f]+(\.[^\s@.\x00-\x1f]+)*")

_USER = """
select
    u.id, u.aud, u.role, u.email, u.phone, u.encrypted_password, u.email_confirmed_at, u.phone_confirmed_at,
    u.confirmed_at, u.invited_at, u.confirmation_sent_at, u.recovery_sent_at, u.email_change, u.email_change_sent_at,
    u.email_change_confirm_status, u.reauthentication_sent_at, u.last_sign_in_at,
    -- users that SQL made may have neither
    coalesce(u.created_at, to_timestamp(0)) as created_at, coalesce(u.updated_at, to_timestamp(0)) as updated_at,
    u.banned_until, u.deleted_at, u.is_anonymous,
    coalesce(u.raw_app_meta_data, '{}') as app_metadata,
    coalesce(u.raw_user_meta_data, '{}') as user_metadata,
    array(
        select jsonb_build_object(
            'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'identity_data', i.identity_data,
            'provider', i.provider, 'last_sign_in_at', i.last_sign_in_at, 'created_at', i.created_at,
            'updated_at', i.updated_at, 'email', i.email)
        from auth.identities as i where i.user_id = u.id order by i.created_at, i.id
    ) as identities
from auth.users as u
"""

#: Members of a user's JSON that stand there only with a value.
_OPTIONAL = (
    "email_confirmed_at", "phone_confirmed_at", "confirmed_at", "invited_at", "confirmation_sent_at",
    "recovery_sent_at", "email_change_sent_at", "reauthentication_sent_at", "last_sign_in_at", "banned_until",
    "deleted_at",
)  # fmt: skip


class User(msgspec.Struct, kw_only=True):
    """A row of auth.users with its identities."""

    id: UUID
    aud: str | None
    role: str | None
    email: str | None
    phone: str | None
    encrypted_password: str | None
    email_confirmed_at: datetime | None
    phone_confirmed_at: datetime | None
    confirmed_at: datetime | None
    invited_at: datetime | None
    confirmation_sent_at: datetime | None
    recovery_sent_at: datetime | None
    email_change: str | None
    email_change_sent_at: datetime | None
    email_change_confirm_status: int | None
    reauthentication_sent_at: datetime | None
    last_sign_in_at: datetime | None
    created_at: datetime
    updated_at: datetime
    banned_until: datetime | None
    deleted_at: datetime | None
    is_anonymous: bool
    app_metadata: dict[str, Any]
    user_metadata: dict[str, Any]
    identities: list[dict[str, Any]]

    @property
    def is_confirmed(self) -> bool:
        """Whether the e-mail address is known to be the user's."""
        return self.email_confirmed_at is not None

    @property
    def is_banned(self) -> bool:
        """Whether an administrator has locked the user out for now."""
        return self.banned_until is not None and self.banned_until > datetime.now(UTC)

    def identity(self, provider: str) -> dict[str, Any] | None:
        """The user's identity at a provider."""
        return next((each for each in self.identities if each["provider"] == provider), None)

    def public(self) -> dict[str, Any]:
        """What the user's own client sees: no hash and no token."""
        shown: dict[str, Any] = {
            "id": self.id,
            "aud": self.aud or AUDIENCE,
            "role": self.role or AUDIENCE,
            "email": self.email or "",
            "phone": self.phone or "",
            "app_metadata": self.app_metadata,
            "user_metadata": self.user_metadata,
            "identities": [
                {name: value for name, value in each.items() if value is not None} for each in self.identities
            ],
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "is_anonymous": self.is_anonymous,
        }
        if self.email_change:
            shown["new_email"] = self.email_change
        return shown | {name: value for name in _OPTIONAL if (value := getattr(self, name)) is not None}


def clean_email(email: str | None) -> str:
    """The address in the form it is stored in.

    Raises:
        AuthError: it is none.
    """
    if not email:
        raise invalid("An email address is required")
    if len(email) > MAX_EMAIL:
        raise invalid("An email address is too long")
    if not _EMAIL.fullmatch(email):
        raise invalid("Unable to validate email address: invalid format")
    return email.lower()


async def find_by_email(connection: Connection, email: str) -> User | None:
    """The user with this address, or None."""
    # Addresses are stored in lower case.
    return await _find(connection, "where u.email = %s and not u.is_sso_user", email.lower())


async def find_by_id(connection: Connection, user_id: UUID) -> User | None:
    """The user with this id, or None."""
    return await _find(connection, "where u.id = %s", user_id)


async def list_users(connection: Connection, limit: int, offset: int) -> list[User]:
    """Users, newest first."""
    cursor = await connection.execute(
        f"{_USER} where u.aud = %s order by u.created_at desc, u.id limit %s offset %s",
        [AUDIENCE, limit, offset],
    )
    return [msgspec.convert(row, User) for row in await cursor.fetchall()]


async def _find(connection: Connection, where: str, value: object) -> User | None:
    cursor = await connection.execute(f"{_USER} {where}".encode(), [value])
    row = await cursor.fetchone()
    return None if row is None else msgspec.convert(row, User)


async def reload(connection: Connection, user: User) -> User:
    """The user as it stands now, triggers and generated columns included."""
    found = await find_by_id(connection, user.id)
    if found is None:
        raise AuthError(404, "user_not_found", "User not found")
    return found


async def create_user(
    connection: Connection,
    *,
    email: str | None,
    hashed_password: str | None,
    provider: str,
    metadata: Mapping[str, Any] | None = None,
    user_id: UUID | None = None,
) -> User:
    """Insert a user without identities; triggers make its tenant in the same transaction.

    Raises:
        AuthError: the address or the id belongs to another user, or a trigger refuses the user.
    """
    user_id = user_id or uuid4()
    try:
        await connection.execute(
            """
            insert into auth.users (
                instance_id, id, aud, role, email, encrypted_password, raw_app_meta_data, raw_user_meta_data,
                confirmation_token, recovery_token, email_change_token_new, email_change, created_at, updated_at)
            values ('00000000-0000-0000-0000-000000000000', %s, %s, %s, %s, %s, %s, %s, '', '', '', '', now(), now())
            """,
            [
                user_id, AUDIENCE, AUDIENCE, email, hashed_password or "",
                Jsonb({"provider": provider, "providers": [provider]}), Jsonb(dict(metadata or {})),
            ],
        )  # fmt: skip
    except UniqueViolation as error:
        raise AuthError(422, "user_already_exists", "User already registered") from error
    except psycopg.DataError:
        raise  # what the request says cannot be stored
    except psycopg.Error as error:
        _log.warning("A new user was refused: %s", primary(error))
        raise unexpected("Database error saving new user") from error
    found = await find_by_id(connection, user_id)
    assert found is not None
    return found


async def add_identity(
    connection: Connection, user: User, provider: str, provider_id: str, data: Mapping[str, Any]
) -> UUID:
    """Give a user another way to sign in."""
    cursor = await connection.execute(
        """
        insert into auth.identities
            (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
        values (%s, %s, %s, %s, now(), now(), now())
        returning id
        """,
        [provider_id, user.id, Jsonb({**data, "sub": provider_id}), provider],
    )
    row = await cursor.fetchone()
    assert row is not None
    return UUID(str(row["id"]))


async def add_email_identity(
    connection: Connection,
    user: User,
    email: str,
    *,
    is_verified: bool = False,
    data: Mapping[str, Any] | None = None,
) -> UUID:
    """Give a user the identity of its e-mail address."""
    content = {**(data or {}), "email": email, "email_verified": is_verified, "phone_verified": False}
    return await add_identity(connection, user, EMAIL, str(user.id), content)


async def update_identity(
    connection: Connection, user: User, provider: str, changes: Mapping[str, Any]
) -> None:
    """Change what an identity says of the user."""
    await connection.execute(
        """
        update auth.identities set identity_data = identity_data || %s, updated_at = now()
        where user_id = %s and provider = %s
        """,
        [Jsonb(dict(changes)), user.id, provider],
    )


async def update_user(connection: Connection, user: User, **columns: Any) -> None:
    """Set columns of the user's row."""
    names = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in columns)
    statement = sql.SQL("update auth.users set {}, updated_at = now() where id = %s").format(names)
    await connection.execute(statement, [*columns.values(), user.id])


async def merge_metadata(
    connection: Connection,
    user: User,
    *,
    app: Mapping[str, Any] | None = None,
    own: Mapping[str, Any] | None = None,
) -> None:
    """Change members of app_metadata and of user_metadata; a null removes one."""
    columns: dict[str, Any] = {}
    if app is not None:
        columns["raw_app_meta_data"] = Jsonb(_merged(user.app_metadata, app))
    if own is not None:
        columns["raw_user_meta_data"] = Jsonb(_merged(user.user_metadata, own))
    if columns:
        await update_user(connection, user, **columns)


async def confirm_email(connection: Connection, user: User) -> User:
    """The address is the user's: links to it are used up."""
    await update_user(connection, user, email_confirmed_at=datetime.now(UTC), confirmation_token="")
    await merge_metadata(connection, user, own={"email_verified": True})
    await drop_one_time_tokens(connection, user)
    return await reload(connection, user)


async def drop_one_time_tokens(connection: Connection, user: User) -> None:
    """Links and codes that were sent before no longer work."""
    await connection.execute("delete from auth.one_time_tokens where user_id = %s", [user.id])


async def refresh_providers(connection: Connection, user: User) -> None:
    """Set app_metadata.providers by the user's identities."""
    current = await reload(connection, user)
    providers: Sequence[str] = list(dict.fromkeys(each["provider"] for each in current.identities))
    changes: dict[str, Any] = {"providers": providers}
    if providers:
        changes["provider"] = providers[0]
    await merge_metadata(connection, current, app=changes)


def _merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**old, **changes}.items() if value is not None}
