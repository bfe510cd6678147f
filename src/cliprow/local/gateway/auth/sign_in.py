"""Signing up, signing in, and renewing a sign-in."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import post

from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.passwords import check_strength
from cliprow.local.gateway.auth.service import AnyRequest, Auth, device, read
from cliprow.local.gateway.auth.users import (
    EMAIL,
    add_email_identity,
    clean_email,
    confirm_email,
    create_user,
    find_by_email,
    update_user,
)


class SignUp(msgspec.Struct, kw_only=True):
    """Body of a sign-up."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None
    data: dict[str, Any] | None = None


class Credentials(msgspec.Struct, kw_only=True):
    """Body of a sign-in by password."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None


class Renewal(msgspec.Struct, kw_only=True):
    """Body of a refresh."""

    refresh_token: str | None = None


@post("/signup", status_code=200)
async def sign_up(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Make a user."""
    auth.require_key(request)
    body = await read(request, SignUp)
    if not body.email and not body.phone:
        raise AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
    auth.rates.count("sign_in", device(request).address)
    if body.phone:
        raise AuthError(400, "phone_provider_disabled", "Phone signups are disabled")
    if not body.password:
        raise invalid("Signup requires a valid password")
    check_strength(body.password, auth.options)
    email = clean_email(body.email)
    # Hashed whether the address is taken or not, so that the time does not tell.
    hashed = await auth.passwords.hash(body.password)
    async with auth.transaction() as connection:
        if await find_by_email(connection, email) is not None:
            raise AuthError(422, "user_already_exists", "User already registered")
        user = await create_user(
            connection, email=email, hashed_password=hashed, provider=EMAIL, metadata=body.data
        )
        await add_email_identity(connection, user, email, data=body.data)
        user = await confirm_email(connection, user)
    async with auth.transaction() as connection:
        return await auth.sessions.open(connection, user, "password", device(request))


@post("/token", status_code=200)
async def token(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Give a session for a password, a refresh token or a code."""
    auth.require_key(request)
    grant = _GRANTS.get(request.query_params.get("grant_type", ""))
    if grant is None:
        raise AuthError(400, "invalid_credentials", "unsupported_grant_type")
    return await grant(request, auth)


async def _by_password(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    auth.rates.count("sign_in", device(request).address)
    body = await read(request, Credentials)
    if body.phone:
        raise AuthError(422, "phone_provider_disabled", "Phone logins are disabled")
    if not body.email:
        raise invalid("missing email or phone")
    password = body.password or ""
    async with auth.pool.connection() as connection:
        user = await find_by_email(connection, body.email)
    stored = user.encrypted_password if user else None
    if not await auth.passwords.matches(stored, password) or user is None or not stored:
        raise AuthError(400, "invalid_credentials", "Invalid login credentials")
    # Only whoever knows the password learns more of the user.
    if user.is_banned:
        raise AuthError(400, "user_banned", "User is banned")
    if not user.is_confirmed:
        raise AuthError(400, "email_not_confirmed", "Email not confirmed")
    rehashed = await auth.passwords.hash(password) if auth.passwords.needs_rehash(stored) else None
    async with auth.transaction() as connection:
        if rehashed:
            await update_user(connection, user, encrypted_password=rehashed)
        return await auth.sessions.open(connection, user, "password", device(request))


async def _by_refresh_token(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    auth.rates.count("refresh", device(request).address)
    body = await read(request, Renewal)
    async with auth.transaction() as connection:
        answer = await auth.sessions.renew(connection, body.refresh_token or "", device(request))
    if isinstance(answer, AuthError):
        raise answer
    return answer


_GRANTS = {"password": _by_password, "refresh_token": _by_refresh_token}

ROUTES = [sign_up, token]
