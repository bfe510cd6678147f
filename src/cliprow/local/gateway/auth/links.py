"""Asking for a message: to set a new password, to sign in without one, or once more."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from litestar import get, post

from cliprow.local.gateway.auth import flows
from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.flows import Challenged
from cliprow.local.gateway.auth.passwords import random_password
from cliprow.local.gateway.auth.redirects import target
from cliprow.local.gateway.auth.service import AnyRequest, Auth, read
from cliprow.local.gateway.auth.sign_up import new_user
from cliprow.local.gateway.auth.users import clean_email, confirm_email, find_by_email

#: A message to somebody unknown takes as long to "send" as one to a user.
ANSWER_AFTER_S = 0.1


class Recovery(Challenged, kw_only=True):
    """Body of a request for a new password."""

    email: str | None = None


class MagicLink(Challenged, kw_only=True):
    """Body of a request for a link or code to sign in with."""

    email: str | None = None
    phone: str | None = None
    create_user: bool = True
    data: dict[str, Any] | None = None


class Resend(Challenged, kw_only=True):
    """Body of a request to send a message once more."""

    type: str | None = None
    email: str | None = None
    phone: str | None = None


@post("/recover", status_code=200)
async def recover(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Send a link to set a new password; the answer is the same for addresses that nobody has."""
    started = time.monotonic()
    auth.require_key(request)
    auth.rates.count("mail", auth.device(request).address)
    body = await read(request, Recovery)
    if not body.email:
        raise invalid("Password recovery requires an email")
    challenge = flows.challenge_of(body.code_challenge, body.code_challenge_method)
    email = clean_email(body.email)
    auth.rates.count_mail(email)
    async with auth.transaction() as connection:
        user = await find_by_email(connection, email)
        if user is not None:
            await auth.mailer.ask(connection, user, "recovery", target(request, auth.options), challenge)
    await _wait_since(started)
    return {}


@post(["/otp", "/magiclink"], status_code=200)
async def magic_link(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Send a link and a code to sign in with; who is new becomes a user, unless the request says otherwise."""
    started = time.monotonic()
    auth.require_key(request)
    auth.rates.count("mail", auth.device(request).address)
    body = await read(request, MagicLink)
    if body.phone:
        raise AuthError(400, "phone_provider_disabled", "Unsupported phone provider")
    if not body.email:
        raise invalid("One of email or phone must be set")
    challenge = flows.challenge_of(body.code_challenge, body.code_challenge_method)
    email = clean_email(body.email)
    redirect_to = target(request, auth.options)
    auth.rates.count_mail(email)
    hashed = await auth.passwords.hash(random_password()) if body.create_user else None
    async with auth.transaction() as connection:
        user = await find_by_email(connection, email)
        if user is None and not body.create_user:
            raise AuthError(422, "otp_disabled", "Signups not allowed for otp")
        user = user or await new_user(connection, email, hashed, body.data)
        if not user.is_confirmed and auth.options.confirm_email:
            # The link that confirms the address signs in, too.
            await auth.mailer.ask(connection, user, "signup", redirect_to, challenge)
        else:
            if not user.is_confirmed:
                user = await confirm_email(connection, user)
            await auth.mailer.ask(connection, user, "magiclink", redirect_to, challenge)
    await _wait_since(started)
    return {}


@post("/resend", status_code=200)
async def resend(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Send a confirmation once more, if one is due."""
    started = time.monotonic()
    auth.require_key(request)
    auth.rates.count("mail", auth.device(request).address)
    body = await read(request, Resend)
    if body.phone or body.type in ("sms", "phone_change"):
        raise AuthError(400, "phone_provider_disabled", "Phone logins are disabled")
    if body.type not in ("signup", "email_change"):
        raise invalid("Missing one of these types: signup, email_change")
    challenge = flows.challenge_of(body.code_challenge, body.code_challenge_method)
    email = clean_email(body.email)
    redirect_to = target(request, auth.options)
    auth.rates.count_mail(email)
    async with auth.transaction() as connection:
        user = await find_by_email(connection, email)
        if user is not None and body.type == "signup" and not user.is_confirmed:
            await auth.mailer.ask(connection, user, "signup", redirect_to, challenge)
        elif user is not None and body.type == "email_change" and user.email_change:
            await auth.mailer.ask_for_change(
                connection,
                user,
                user.email_change,
                redirect_to,
                challenge,
                ask_both=auth.options.confirm_email,
            )
    await _wait_since(started)
    return {}


@get("/reauthenticate")
async def reauthenticate(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Send the signed-in user a code."""
    user = (await auth.signed_in(request)).user
    if not user.email:
        raise invalid("Reauthentication requires the user to have an email or a phone number")
    if not user.is_confirmed:
        raise AuthError(422, "email_not_confirmed", "Please verify your email first.")
    auth.rates.count_mail(user.email)
    async with auth.transaction() as connection:
        await auth.mailer.ask(connection, user, "reauthentication", "")
    return {}


async def _wait_since(started: float) -> None:
    await asyncio.sleep(max(0.0, started + ANSWER_AFTER_S - time.monotonic()))


ROUTES = [recover, magic_link, resend, reauthenticate]
