"""Using a link or a code from a message."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.response import Redirect
from psycopg.errors import UniqueViolation

from cliprow.local.gateway.auth import flows, one_time
from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.mailer import METHODS
from cliprow.local.gateway.auth.one_time import PKCE_PREFIX, TOKEN_TYPES, Used
from cliprow.local.gateway.auth.redirects import target, with_error, with_fragment, with_query
from cliprow.local.gateway.auth.service import AnyRequest, Auth, read
from cliprow.local.gateway.auth.users import (
    EMAIL,
    Connection,
    User,
    add_email_identity,
    clean_email,
    confirm_email,
    drop_one_time_tokens,
    refresh_providers,
    reload,
    update_identity,
    update_user,
)

#: How such a sign-in is called in a token's `amr`.
METHOD = "otp"
_HALF_DONE = "Confirmation link accepted. Please proceed to confirm link sent to the other email"


class Verification(msgspec.Struct, kw_only=True):
    """Body of a verification."""

    type: str | None = None
    token: str | None = None
    token_hash: str | None = None
    email: str | None = None
    phone: str | None = None


@post("/verify", status_code=200)
async def by_code(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Sign in by a code that was typed, or by the hash in a link that an app took apart."""
    auth.require_key(request)
    auth.rates.count("verify", auth.device(request).address)
    body = await read(request, Verification)
    types = TOKEN_TYPES.get(body.type or "")
    if types is None:
        raise invalid(
            "Verify requires a verification type: signup, invite, recovery, magiclink, email, email_change"
        )
    if bool(body.token) == bool(body.token_hash):
        raise invalid("Verify requires either a token or a token hash")
    async with auth.transaction() as connection:
        if body.token_hash:
            used = await one_time.use(connection, [body.token_hash], types, what="Email link")
        else:
            if not body.email or body.phone:
                raise invalid("Only an email address should be provided on verify")
            hashed = one_time.hash_of(clean_email(body.email), body.token or "")
            used = await one_time.use(connection, [hashed, PKCE_PREFIX + hashed], types, what="Token")
        user = await accept(connection, auth, used)
        if user is None:
            return {"msg": _HALF_DONE, "code": "200"}
        return await auth.sessions.open(connection, user, METHOD, auth.device(request))


@get("/verify", status_code=303)
async def by_link(request: AnyRequest, auth: Auth) -> Redirect:
    """Follow a link: sign in, and go on to where it was asked for.

    Tokens travel in the fragment, which servers do not see; a client that began the sign-in gets a code instead.
    """
    token = request.query_params.get("token", "")
    kind = request.query_params.get("type", "")
    redirect_to = target(request, auth.options)
    is_pkce = token.startswith(PKCE_PREFIX)
    try:
        auth.rates.count("verify", auth.device(request).address)
        if not token or kind not in TOKEN_TYPES:
            raise invalid("Verify requires a token and a verification type")
        async with auth.transaction() as connection:
            used = await one_time.use(connection, [token], TOKEN_TYPES[kind], what="Email link")
            user = await accept(connection, auth, used)
            location = await _continue(connection, auth, request, user, kind, redirect_to, is_pkce=is_pkce)
    except AuthError as error:
        location = with_error(redirect_to, error, in_query=is_pkce)
    return Redirect(location, status_code=303)


async def accept(connection: Connection, auth: Auth, used: Used) -> User | None:
    """Do what the message asked for.

    Returns:
        The user to sign in; None while another address must agree.
    """
    user = used.user
    if used.token_type in ("email_change_token_new", "email_change_token_current"):
        return await _change_email(connection, auth, user)
    if used.token_type == "confirmation_token" or not user.is_confirmed:  # noqa: S105 (a type of token)
        user = await confirm_email(connection, user)
        await update_identity(connection, user, EMAIL, {"email_verified": True})
    await drop_one_time_tokens(connection, user)
    await refresh_providers(connection, user)
    return await reload(connection, user)


async def _continue(
    connection: Connection,
    auth: Auth,
    request: AnyRequest,
    user: User | None,
    kind: str,
    redirect_to: str,
    *,
    is_pkce: bool,
) -> str:
    if user is None:
        url = with_query(redirect_to, {"message": _HALF_DONE}) if is_pkce else redirect_to
        return with_fragment(url, {"message": _HALF_DONE})
    if is_pkce:
        code = await flows.issue_code(connection, user.id, METHODS.get(kind, kind))
        return with_query(redirect_to, {"code": code})
    session = await auth.sessions.open(connection, user, METHOD, auth.device(request))
    names = ("access_token", "expires_at", "expires_in", "refresh_token", "token_type")
    return with_fragment(redirect_to, {**{name: str(session[name]) for name in names}, "type": kind})


async def _change_email(connection: Connection, auth: Auth, user: User) -> User | None:
    if not user.email_change:
        raise AuthError(403, "otp_expired", "Email link has expired or is invalid")
    if auth.options.confirm_email and user.email and await _is_pending(connection, user.id):
        await update_user(connection, user, email_change_confirm_status=1)
        return None
    new = user.email_change
    try:
        await update_user(connection, user, email=new, email_change="", email_change_confirm_status=0)
    except UniqueViolation as error:
        raise AuthError(
            422, "email_exists", "A user with this email address has already been registered"
        ) from error
    if user.identity(EMAIL):
        await update_identity(connection, user, EMAIL, {"email": new, "email_verified": True})
    else:
        await add_email_identity(connection, user, new, is_verified=True)
        await refresh_providers(connection, user)
    user = await reload(connection, user)
    if not user.is_confirmed:
        return await confirm_email(connection, user)
    await drop_one_time_tokens(connection, user)
    return user


async def _is_pending(connection: Connection, user_id: UUID) -> bool:
    """Whether the other address has not agreed yet: its token is still there."""
    cursor = await connection.execute(
        """
        select from auth.one_time_tokens
        where user_id = %s and token_type in ('email_change_token_new', 'email_change_token_current')
        """,
        [user_id],
    )
    return await cursor.fetchone() is not None


ROUTES = [by_code, by_link]
