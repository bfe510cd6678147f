"""A session for a password, a refresh token, or the code at the end of a sign-in that the client began."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import post

from cliprow.local.gateway.auth import flows
from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.service import AnyRequest, Auth, read
from cliprow.local.gateway.auth.users import find_by_email, find_by_id, update_user


class Credentials(msgspec.Struct, kw_only=True):
    """Body of a sign-in by password."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None


class Renewal(msgspec.Struct, kw_only=True):
    """Body of a refresh."""

    refresh_token: str | None = None


class Exchange(msgspec.Struct, kw_only=True):
    """Body of the exchange of a code."""

    auth_code: str | None = None
    code_verifier: str | None = None


@post("/token", status_code=200)
async def token(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Give a session."""
    auth.require_key(request)
    grant = _GRANTS.get(request.query_params.get("grant_type", ""))
    if grant is None:
        raise AuthError(400, "invalid_credentials", "unsupported_grant_type")
    return await grant(request, auth)


async def _by_password(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    auth.rates.count("sign_in", auth.device(request).address)
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
        return await auth.sessions.open(connection, user, "password", auth.device(request))


async def _by_refresh_token(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    auth.rates.count("refresh", auth.device(request).address)
    body = await read(request, Renewal)
    async with auth.transaction() as connection:
        answer = await auth.sessions.renew(connection, body.refresh_token or "", auth.device(request))
    if isinstance(answer, AuthError):
        raise answer
    return answer


async def _by_code(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    auth.rates.count("refresh", auth.device(request).address)
    body = await read(request, Exchange)
    if not body.auth_code or not body.code_verifier:
        raise invalid("invalid request: both auth code and code verifier should be non-empty")
    async with auth.transaction() as connection:
        flow = await flows.exchange(connection, body.auth_code, body.code_verifier)
        assert flow.user_id is not None
        user = await find_by_id(connection, flow.user_id)
        if user is None:
            raise AuthError(404, "user_not_found", "User not found")
        if user.is_banned:
            raise AuthError(403, "user_banned", "User is banned")
        session = await auth.sessions.open(connection, user, flow.method, auth.device(request))
    if flow.provider_token:
        session["provider_token"] = flow.provider_token
    if flow.provider_refresh_token:
        session["provider_refresh_token"] = flow.provider_refresh_token
    return session


_GRANTS = {"password": _by_password, "refresh_token": _by_refresh_token, "pkce": _by_code}

ROUTES = [token]
