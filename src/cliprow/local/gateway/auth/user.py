"""The signed-in user: look, change, sign out."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from litestar import get, post, put

from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.passwords import check_strength
from cliprow.local.gateway.auth.service import AnyRequest, Auth, SignedIn, read
from cliprow.local.gateway.auth.sessions import Scope
from cliprow.local.gateway.auth.users import (
    Connection,
    drop_one_time_tokens,
    merge_metadata,
    reload,
    update_user,
)


class Changes(msgspec.Struct, kw_only=True):
    """Body of a change of the user."""

    password: str | None = None
    data: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None


@get("/user")
async def get_user(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """The signed-in user."""
    return (await auth.signed_in(request)).user.public()


@put("/user")
async def update(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """Change the signed-in user."""
    body = await read(request, Changes)
    caller = await auth.signed_in(request)
    if body.app_metadata is not None:
        raise AuthError(403, "not_admin", "Updating app_metadata requires admin privileges")
    hashed = await _new_hash(auth, caller, body.password) if body.password is not None else None
    async with auth.transaction() as connection:
        if hashed is not None:
            await _set_password(auth, connection, caller, hashed)
        if body.data is not None:
            await merge_metadata(connection, caller.user, own=body.data)
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


ROUTES = [get_user, update, logout]
