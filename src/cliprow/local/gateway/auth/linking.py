"""Whose account somebody from a provider gets: known, one with the same proved address, or a new one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from cliprow.local.gateway.auth.errors import AuthError
from cliprow.local.gateway.auth.providers import Profile
from cliprow.local.gateway.auth.users import (
    EMAIL,
    Connection,
    User,
    add_identity,
    confirm_email,
    create_user,
    drop_one_time_tokens,
    find_by_email,
    find_by_id,
    merge_metadata,
    refresh_providers,
    reload,
    update_user,
)


async def sign_in_as(
    connection: Connection,
    provider: str,
    profile: Profile,
    data: dict[str, Any],
    *,
    confirm_email_first: bool,
) -> User:
    """The user of somebody who came from a provider; made or linked if need be.

    An address links accounts only if the provider has proved it: otherwise anybody who claims an address somewhere
    would get the account that has it here.

    Raises:
        AuthError: the address is not proved and somebody has it already, or the user is banned.
    """
    user = await _known(connection, provider, profile.subject)
    if user is not None:
        await _update(connection, user, provider, data)
    elif (
        profile.is_email_verified and profile.email and (user := await _with_email(connection, profile.email))
    ):
        await link(connection, user, provider, profile, data)
    else:
        user = await _new(connection, provider, profile, data)
    user = await reload(connection, user)
    if user.is_banned:
        raise AuthError(403, "user_banned", "User is banned")
    if not user.is_confirmed and user.email:
        if profile.is_email_verified and profile.email == user.email:
            user = await _take_over(connection, user, provider, data)
        elif not confirm_email_first:
            user = await confirm_email(connection, user)
    return user


async def link(
    connection: Connection, user: User, provider: str, profile: Profile, data: dict[str, Any]
) -> None:
    """Give a user one more way to sign in.

    Raises:
        AuthError: somebody has it already.
    """
    holder = await _known(connection, provider, profile.subject)
    if holder is not None:
        whom = "" if holder.id == user.id else " to another user"
        raise AuthError(422, "identity_already_exists", f"Identity is already linked{whom}")
    await add_identity(connection, user, provider, profile.subject, data)
    if user.email is None and profile.email and profile.is_email_verified:
        if await find_by_email(connection, profile.email) is None:
            await update_user(connection, user, email=profile.email)
            user = await confirm_email(connection, await reload(connection, user))
    await refresh_providers(connection, user)


async def unlink(connection: Connection, user: User, identity_id: UUID) -> None:
    """Take a way to sign in from a user; one must remain.

    Raises:
        AuthError: it is the last one, or none of the user's.
    """
    if len(user.identities) <= 1:
        raise AuthError(
            422, "single_identity_not_deletable", "User must have at least 1 identity after unlinking"
        )
    gone = next((each for each in user.identities if each["identity_id"] == str(identity_id)), None)
    if gone is None:
        raise AuthError(422, "identity_not_found", "Identity doesn't exist")
    await connection.execute("delete from auth.identities where id = %s", [identity_id])
    if gone["provider"] == EMAIL:
        await update_user(connection, user, encrypted_password="")
    left = [each for each in user.identities if each is not gone]
    if user.email not in [each["email"] for each in left]:
        await _take_email_of(connection, user, left)
    await refresh_providers(connection, user)


async def _take_email_of(connection: Connection, user: User, identities: list[dict[str, Any]]) -> None:
    """The user's address goes with the identity it came from: another proved one takes its place."""
    for each in identities:
        email, is_verified = each["email"], each["identity_data"].get("email_verified") is True
        if email and is_verified and await find_by_email(connection, email) is None:
            await drop_one_time_tokens(connection, user)
            await update_user(connection, user, email=email, email_change="")
            return
    raise AuthError(
        422,
        "email_conflict_identity_not_deletable",
        "Unable to unlink identity: no other one has a verified email",
    )


async def _known(connection: Connection, provider: str, subject: str) -> User | None:
    cursor = await connection.execute(
        "select user_id from auth.identities where provider = %s and provider_id = %s", [provider, subject]
    )
    row = await cursor.fetchone()
    return None if row is None else await find_by_id(connection, row["user_id"])


async def _with_email(connection: Connection, email: str) -> User | None:
    """The one user with this address, be it its own or one that another provider has proved."""
    cursor = await connection.execute(
        """
        select id from auth.users where email = %(email)s and not is_sso_user
        union
        select user_id from auth.identities
        where email = %(email)s and identity_data -> 'email_verified' = 'true'
        """,
        {"email": email},
    )
    found = await cursor.fetchall()
    if len(found) > 1:
        raise AuthError(422, "email_exists", "Several accounts have this email address; sign in to link one")
    return await find_by_id(connection, found[0]["id"]) if found else None


async def _new(connection: Connection, provider: str, profile: Profile, data: dict[str, Any]) -> User:
    if profile.email is None:
        raise AuthError(422, "email_address_not_provided", f"{provider} did not tell an email address")
    if await find_by_email(connection, profile.email) is not None:
        raise AuthError(
            403,
            "provider_email_needs_verification",
            f"Unverified email with {provider}. Verify the email with {provider} in order to sign in",
        )
    user = await create_user(
        connection, email=profile.email, hashed_password=None, provider=provider, metadata=data
    )
    await add_identity(connection, user, provider, profile.subject, data)
    return user


async def _update(connection: Connection, user: User, provider: str, data: dict[str, Any]) -> None:
    await connection.execute(
        """
        update auth.identities set identity_data = %s, last_sign_in_at = now(), updated_at = now()
        where user_id = %s and provider = %s and provider_id = %s
        """,
        [Jsonb(data), user.id, provider, data["sub"]],
    )
    await merge_metadata(connection, user, own=data)


async def _take_over(connection: Connection, user: User, provider: str, data: dict[str, Any]) -> User:
    """The proved owner of an address gets an account that somebody else may have made with it, and nobody else."""
    await update_user(connection, user, encrypted_password="", raw_user_meta_data=Jsonb(data))
    await connection.execute(
        "delete from auth.identities where user_id = %s and not (provider = %s and provider_id = %s)",
        [user.id, provider, data["sub"]],
    )
    await drop_one_time_tokens(connection, user)
    await refresh_providers(connection, user)
    return await confirm_email(connection, await reload(connection, user))
