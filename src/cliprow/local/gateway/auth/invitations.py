"""Users that somebody else makes: invited by e-mail, or given a link that the caller sends itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from litestar import post

from cliprow.local.gateway.auth import one_time
from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.one_time import Kind, Secret, TokenType
from cliprow.local.gateway.auth.passwords import check_strength, random_password
from cliprow.local.gateway.auth.redirects import is_allowed, target
from cliprow.local.gateway.auth.service import AnyRequest, Auth, read
from cliprow.local.gateway.auth.sign_up import new_user
from cliprow.local.gateway.auth.users import (
    Connection,
    User,
    clean_email,
    find_by_email,
    merge_metadata,
    reload,
    update_user,
)

_TAKEN = "A user with this email address has already been registered"


class Invitation(msgspec.Struct, kw_only=True):
    """Body of an invitation."""

    email: str | None = None
    data: dict[str, Any] | None = None


class LinkRequest(msgspec.Struct, kw_only=True):
    """Body that asks for a link."""

    type: Literal["signup", "invite", "magiclink", "recovery", "email_change_current", "email_change_new"]
    email: str | None = None
    new_email: str | None = None
    password: str | None = None
    data: dict[str, Any] | None = None
    redirect_to: str | None = None


@post("/invite", status_code=200)
async def invite(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Make a user who comes in by the link in an e-mail."""
    auth.require_admin(request)
    body = await read(request, Invitation)
    email = clean_email(body.email)
    async with auth.transaction() as connection:
        user = await _unconfirmed(connection, email, None, body.data)
        await auth.mailer.ask(connection, user, "invite", target(request, auth.options))
        return (await reload(connection, user)).public()


@post("/admin/generate_link", status_code=200)
async def generate_link(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Make a link, and send nothing."""
    auth.require_admin(request)
    body = await read(request, LinkRequest)
    email = clean_email(body.email)
    redirect_to = target(request, auth.options)
    if body.redirect_to and is_allowed(body.redirect_to, auth.options):
        redirect_to = body.redirect_to
    hashed = await _hash(auth, body)
    async with auth.transaction() as connection:
        kind, user, secret = await _prepare(connection, auth, body, email, hashed)
        user = await reload(connection, user)
    return {
        **user.public(),
        "action_link": auth.mailer.link(kind, secret, redirect_to),
        "email_otp": secret.code,
        "hashed_token": secret.hash,
        "verification_type": body.type if kind == "email_change" else kind,
        "redirect_to": redirect_to,
    }


async def _hash(auth: Auth, body: LinkRequest) -> str | None:
    if body.type == "signup":
        if not body.password:
            raise invalid("Signup requires a valid password")
        check_strength(body.password, auth.options)
    # A link to sign in makes a user where there is none.
    return await auth.passwords.hash(body.password or random_password()) if body.type != "invite" else None


async def _prepare(
    connection: Connection, auth: Auth, body: LinkRequest, email: str, hashed: str | None
) -> tuple[Kind, User, Secret]:
    if body.type in ("signup", "invite"):
        user = await _unconfirmed(connection, email, hashed, body.data)
        kind: Kind = "signup" if body.type == "signup" else "invite"
        return kind, user, await auth.mailer.prepare(connection, user, kind)
    known = await find_by_email(connection, email)
    if known is None and body.type == "magiclink":
        user = await new_user(connection, email, hashed, body.data)
        return "signup", user, await auth.mailer.prepare(connection, user, "signup")
    if known is None:
        raise AuthError(404, "user_not_found", "User with this email not found")
    if body.type in ("magiclink", "recovery"):
        kind = "magiclink" if body.type == "magiclink" else "recovery"
        return kind, known, await auth.mailer.prepare(connection, known, kind)
    return "email_change", known, await _prepare_change(connection, body, known, email)


async def _prepare_change(connection: Connection, body: LinkRequest, user: User, email: str) -> Secret:
    new = clean_email(body.new_email)
    if new != user.email and await find_by_email(connection, new) is not None:
        raise AuthError(422, "email_exists", _TAKEN)
    is_current = body.type == "email_change_current"
    token_type: TokenType = "email_change_token_current" if is_current else "email_change_token_new"
    recipient = email if is_current else new
    secret = one_time.new_secret(recipient)
    await one_time.store(connection, user, token_type, secret, recipient)
    await update_user(connection, user, email_change=new, email_change_sent_at=datetime.now(UTC))
    return secret


async def _unconfirmed(
    connection: Connection, email: str, hashed: str | None, data: dict[str, Any] | None
) -> User:
    """The user of this address, made if need be, as long as nobody has proved the address."""
    user = await find_by_email(connection, email)
    if user is None:
        return await new_user(connection, email, hashed, data)
    if user.is_confirmed:
        raise AuthError(422, "email_exists", _TAKEN)
    if data:
        await merge_metadata(connection, user, own=data)
    return user


ROUTES = [invite, generate_link]
