"""Making users: by themselves, with an address that they may have to prove first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from litestar import post

from cliprow.local.gateway.auth import flows
from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.flows import Challenge, Challenged
from cliprow.local.gateway.auth.passwords import check_strength
from cliprow.local.gateway.auth.redirects import target
from cliprow.local.gateway.auth.service import AnyRequest, Auth, read
from cliprow.local.gateway.auth.users import (
    EMAIL,
    Connection,
    User,
    add_email_identity,
    clean_email,
    confirm_email,
    create_user,
    find_by_email,
    reload,
)
from cliprow.local.gateway.keys import AUDIENCE


class SignUp(Challenged, kw_only=True):
    """Body of a sign-up."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None
    data: dict[str, Any] | None = None


@post("/signup", status_code=200)
async def sign_up(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Make a user; it is signed in at once unless it must confirm its address first."""
    auth.require_key(request)
    body = await read(request, SignUp)
    if not body.email and not body.phone:
        raise AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
    auth.rates.count("sign_in", auth.device(request).address)
    if body.phone:
        raise AuthError(400, "phone_provider_disabled", "Phone signups are disabled")
    if not body.password:
        raise invalid("Signup requires a valid password")
    check_strength(body.password, auth.options)
    challenge = flows.challenge_of(body.code_challenge, body.code_challenge_method)
    email = clean_email(body.email)
    # Hashed whether the address is taken or not, so that the time does not tell.
    hashed = await auth.passwords.hash(body.password)
    if auth.options.confirm_email:
        auth.rates.count_mail(email)
        async with auth.transaction() as connection:
            return await _ask(
                connection, auth, email, hashed, body.data, target(request, auth.options), challenge
            )
    async with auth.transaction() as connection:
        if await find_by_email(connection, email) is not None:
            raise AuthError(422, "user_already_exists", "User already registered")
        user = await new_user(connection, email, hashed, body.data)
        user = await confirm_email(connection, user)
    async with auth.transaction() as connection:
        return await auth.sessions.open(connection, user, "password", auth.device(request))


async def new_user(
    connection: Connection, email: str, hashed_password: str | None, data: Mapping[str, Any] | None
) -> User:
    """A user with an identity for its address, which it has not proved yet."""
    user = await create_user(
        connection, email=email, hashed_password=hashed_password, provider=EMAIL, metadata=data
    )
    await add_email_identity(connection, user, email, data=data)
    return await reload(connection, user)


async def _ask(
    connection: Connection,
    auth: Auth,
    email: str,
    hashed: str,
    data: Mapping[str, Any] | None,
    redirect_to: str,
    challenge: Challenge | None,
) -> dict[str, Any]:
    user = await find_by_email(connection, email)
    if user is not None and user.is_confirmed:
        return _pretended(email, data)
    # Nothing of an unconfirmed user is changed: nobody knows yet whose the address is.
    user = user or await new_user(connection, email, hashed, data)
    await auth.mailer.ask(connection, user, "signup", redirect_to, challenge)
    return (await reload(connection, user)).public()


def _pretended(email: str, data: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a new user would get, for an address that is taken: who asks must not learn that it is."""
    now = datetime.now(UTC)
    return {
        "id": uuid4(),
        "aud": AUDIENCE,
        "role": "",
        "email": email,
        "phone": "",
        "app_metadata": {"provider": EMAIL, "providers": [EMAIL]},
        "user_metadata": dict(data or {}),
        "identities": [],
        "created_at": now,
        "updated_at": now,
        "confirmation_sent_at": now,
        "is_anonymous": False,
    }


ROUTES = [sign_up]
