"""What the secret key may do with users: list, make, change, remove, invite, and make links without sending them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from litestar import Response, delete, get, post, put
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.passwords import check_strength, random_password
from cliprow.local.gateway.auth.service import AnyRequest, Auth, read
from cliprow.local.gateway.auth.users import (
    EMAIL,
    Connection,
    User,
    add_email_identity,
    clean_email,
    confirm_email,
    create_user,
    drop_one_time_tokens,
    find_by_email,
    find_by_id,
    list_users,
    merge_metadata,
    reload,
    update_identity,
    update_user,
)
from cliprow.local.gateway.keys import AUDIENCE, ROLES

DEFAULT_PAGE, LARGEST_PAGE = 50, 1000

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
_TAKEN = "A user with this email address has already been registered"


class Attributes(msgspec.Struct, kw_only=True):
    """Body that makes or changes a user."""

    id: UUID | None = None
    email: str | None = None
    phone: str | None = None
    password: str | None = None
    password_hash: str | None = None
    email_confirm: bool | None = None
    user_metadata: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None
    role: str | None = None
    ban_duration: str | None = None


class Removal(msgspec.Struct, kw_only=True):
    """Body that removes a user."""

    should_soft_delete: bool = False


@get("/admin/users")
async def users(request: AnyRequest, auth: Auth) -> Response[dict[str, Any]]:
    """Users, newest first."""
    auth.require_admin(request)
    page = _number(request, "page", 1, 1_000_000)
    per_page = _number(request, "per_page", DEFAULT_PAGE, LARGEST_PAGE)
    async with auth.pool.connection() as connection:
        found = await list_users(connection, per_page, (page - 1) * per_page)
        cursor = await connection.execute("select count(*) as total from auth.users")
        row = await cursor.fetchone()
    total = int(row["total"]) if row else 0
    last = max(1, math.ceil(total / per_page))
    links = [f'<{_page(page + 1, per_page)}>; rel="next"'] if page < last else []
    return Response(
        {"users": [user.public() for user in found], "aud": AUDIENCE},
        headers={
            "X-Total-Count": str(total),
            "Link": ", ".join([*links, f'<{_page(last, per_page)}>; rel="last"']),
        },
    )


@post("/admin/users", status_code=200)
async def create(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Make a user."""
    auth.require_admin(request)
    body = await read(request, Attributes)
    if not body.email:
        raise invalid("Cannot create a user without an email")
    _check(body)
    email = clean_email(body.email)
    if body.password and body.password_hash:
        raise invalid("Only a password or a password hash should be provided")
    if body.password:
        check_strength(body.password, auth.options)
    hashed = body.password_hash or await auth.passwords.hash(body.password or random_password())
    async with auth.transaction() as connection:
        if await find_by_email(connection, email) is not None:
            raise AuthError(422, "email_exists", _TAKEN)
        user = await create_user(
            connection,
            email=email,
            hashed_password=hashed,
            provider=EMAIL,
            metadata=body.user_metadata,
            user_id=body.id,
        )
        await add_email_identity(connection, user, email, is_verified=bool(body.email_confirm))
        return await _apply(connection, user, body)


@get("/admin/users/{user_id:uuid}")
async def user_by_id(request: AnyRequest, auth: Auth, user_id: UUID) -> dict[str, Any]:
    """One user."""
    auth.require_admin(request)
    async with auth.pool.connection() as connection:
        return (await _find(connection, user_id)).public()


@put("/admin/users/{user_id:uuid}")
async def update(request: AnyRequest, auth: Auth, user_id: UUID) -> dict[str, Any]:
    """Change a user."""
    auth.require_admin(request)
    body = await read(request, Attributes)
    _check(body)
    hashed = body.password_hash
    if body.password:
        check_strength(body.password, auth.options)
        hashed = await auth.passwords.hash(body.password)
    async with auth.transaction() as connection:
        user = await _find(connection, user_id)
        if hashed:
            await update_user(connection, user, encrypted_password=hashed)
            await drop_one_time_tokens(connection, user)
            await auth.sessions.close(connection, user.id, None, "global")
        if body.email:
            await _set_email(connection, user, clean_email(body.email), is_verified=bool(body.email_confirm))
        if body.user_metadata is not None:
            await merge_metadata(connection, user, own=body.user_metadata)
        return await _apply(connection, user, body)


@delete("/admin/users/{user_id:uuid}", status_code=200)
async def remove(request: AnyRequest, auth: Auth, user_id: UUID) -> dict[str, Any]:
    """Remove a user, or only what tells who it was."""
    auth.require_admin(request)
    body = await read(request, Removal)
    async with auth.transaction() as connection:
        user = await _find(connection, user_id)
        if body.should_soft_delete:
            await _forget(connection, user)
        else:
            await connection.execute("delete from auth.users where id = %s", [user.id])
    return {}


@get("/admin/users/{user_id:uuid}/factors")
async def factors(request: AnyRequest, auth: Auth, user_id: UUID) -> list[dict[str, Any]]:
    """Second factors of a user: none can be enrolled here."""
    auth.require_admin(request)
    async with auth.pool.connection() as connection:
        await _find(connection, user_id)
    return []


async def _find(connection: Connection, user_id: UUID) -> User:
    user = await find_by_id(connection, user_id)
    if user is None:
        raise AuthError(404, "user_not_found", "User not found")
    return user


async def _apply(connection: Connection, user: User, body: Attributes) -> dict[str, Any]:
    """Set what making and changing a user have in common."""
    if body.role:
        await update_user(connection, user, role=body.role)
    if body.ban_duration:
        banned_s = _seconds(body.ban_duration)
        until = datetime.now(UTC) + timedelta(seconds=banned_s) if banned_s else None
        await update_user(connection, user, banned_until=until)
    user = await reload(connection, user)
    if body.app_metadata is not None:
        await merge_metadata(connection, user, app=body.app_metadata)
        user = await reload(connection, user)
    if body.email_confirm:
        user = await confirm_email(connection, user)
    return user.public()


async def _set_email(connection: Connection, user: User, email: str, *, is_verified: bool) -> None:
    try:
        await update_user(connection, user, email=email)
    except UniqueViolation as error:
        raise AuthError(422, "email_exists", _TAKEN) from error
    if user.identity(EMAIL):
        await update_identity(connection, user, EMAIL, {"email": email, "email_verified": is_verified})
    else:
        await add_email_identity(connection, user, email, is_verified=is_verified)


async def _forget(connection: Connection, user: User) -> None:
    """Keep the row, for what points to it, and nothing that tells who it was."""
    if user.deleted_at is not None:
        return
    await update_user(
        connection,
        user,
        email=f"{user.id}@deleted.invalid",
        phone=None,
        email_change="",
        encrypted_password="",
        raw_user_meta_data=Jsonb({}),
        raw_app_meta_data=Jsonb({}),
        deleted_at=datetime.now(UTC),
    )
    for statement in (
        "delete from auth.identities where user_id = %s",
        "delete from auth.sessions where user_id = %s",
        "delete from auth.one_time_tokens where user_id = %s",
    ):
        await connection.execute(statement, [user.id])


def _check(body: Attributes) -> None:
    if body.phone:
        raise AuthError(400, "phone_provider_disabled", "Phone numbers are not supported")
    if body.role and body.role not in ROLES:
        raise invalid(f"role must be one of {', '.join(sorted(ROLES))}")
    if body.ban_duration:
        _seconds(body.ban_duration)
    if body.password_hash:
        try:
            extract_parameters(body.password_hash)
        except InvalidHashError as error:
            raise invalid(
                "password_hash must be an argon2 hash; the development server reads no other"
            ) from error


def _seconds(duration: str) -> float:
    """Seconds of a duration like 1h30m; `none` is zero."""
    found = _DURATION.fullmatch(duration)
    if duration == "none":
        return 0.0
    if not duration or found is None:
        raise invalid(f'invalid format for ban duration: "{duration[:50]}"; write it like 24h or 1h30m')
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return min(hours * 3600 + minutes * 60 + seconds, 100 * 365 * 86400.0)


def _number(request: AnyRequest, name: str, default: int, largest: int) -> int:
    """A number in the query, which clients also send empty."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit():
        raise invalid(f"Bad Pagination Parameters: {name} must be a number")
    return min(max(int(text[:9]), 1), largest)


def _page(page: int, per_page: int) -> str:
    return f"/auth/v1/admin/users?{urlencode({'page': page, 'per_page': per_page})}"


ROUTES = [users, create, user_by_id, update, remove, factors]
