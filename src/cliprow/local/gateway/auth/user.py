"""The signed-in user: look, change, sign out."""

from __future__ import annotations

from typing import Any, cast

from litestar import get, post, put

from cliprow.local.gateway.auth import flows
from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.flows import Challenged
from cliprow.local.gateway.auth.passwords import check_strength
from cliprow.local.gateway.auth.redirects import target
from cliprow.local.gateway.auth.service import AnyRequest, Auth, SignedIn, read
from cliprow.local.gateway.auth.sessions import Scope
from cliprow.local.gateway.auth.users import (
    Connection,
    clean_email,
    drop_one_time_tokens,
    find_by_email,
    merge_metadata,
    reload,
    update_user,
)


class Changes(Challenged, kw_only=True):
    """Body of a change of the user."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None
    data: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None


@get("/user")
async def get_user(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """The signed-in user."""
    return (await auth.signed_in(request)).user.public()


@put("/user")
async def update(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Change the signed-in user; a new address counts when it has been confirmed."""
    body = await read(request, Changes)
    caller = await auth.signed_in(request)
    if body.app_metadata is not None:
        raise AuthError(403, "not_admin", "Updating app_metadata requires admin privileges")
    if body.phone:
        raise AuthError(400, "phone_provider_disabled", "Phone numbers are not supported")
    challenge = flows.challenge_of(body.code_challenge, body.code_challenge_method)
    new_email = clean_email(body.email) if body.email else caller.user.email
    hashed = None
    if body.password is not None:
        auth.rates.count("sign_in", auth.device(request).address)
        hashed = await _new_hash(auth, caller, body.password)
    async with auth.transaction() as connection:
        if hashed is not None:
            await _set_password(auth, connection, caller, hashed)
        if body.data is not None:
            await merge_metadata(connection, caller.user, own=body.data)
        if new_email and new_email != caller.user.email:
            auth.rates.count_mail(new_email)
            if await find_by_email(connection, new_email) is not None:
                raise AuthError(
                    422, "email_exists", "A user with this email address has already been registered"
                )
            await auth.mailer.ask_for_change(
                connection,
                caller.user,
                new_email,
                target(request, auth.options),
                challenge,
                ask_both=auth.options.confirm_email,
            )
        return (await reload(connection, caller.user)).public()


@post("/logout", status_code=204)
async def logout(request: AnyRequest, auth: Auth) -> None:
    """End sessions of the signed-in user."""
    caller = await auth.signed_in(request)
    scope = request.query_params.get("scope") or "global"
    if scope not in {"global", "local", "others"}:
        raise invalid(f'Unsupported logout scope "{scope}"')
    async with auth.transaction() as connection:
        await auth.sessions.close(connection, caller.user.id, caller.session_id, cast("Scope", scope))


@post("/factors", status_code=200)
async def enrol(request: AnyRequest, auth: Auth) -> None:
    """Second factors are not part of the development server."""
    await auth.signed_in(request)
    raise AuthError(422, "mfa_totp_enroll_not_enabled", "MFA enroll is disabled on the development server")


async def _new_hash(auth: Auth, caller: SignedIn, password: str) -> str:
    check_strength(password, auth.options)
    if await auth.passwords.matches(caller.user.encrypted_password, password):
        raise AuthError(422, "same_password", "New password should be different from the old password.")
    return await auth.passwords.hash(password)


async def _set_password(auth: Auth, connection: Connection, caller: SignedIn, hashed: str) -> None:
    await update_user(connection, caller.user, encrypted_password=hashed)
    # Whoever knew the old password may have sent links or signed in elsewhere.
    await drop_one_time_tokens(connection, caller.user)
    await auth.sessions.close(connection, caller.user.id, caller.session_id, "others")


ROUTES = [get_user, update, logout, enrol]
