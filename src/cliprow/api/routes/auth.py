"""Sign-up, sign-in, refresh and sign-out: passed on to Supabase Auth (table 10 of the architecture)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta

from cliprow.api.auth_client import SESSION_IS_GONE, AuthClient
from cliprow.api.openapi import BEARER
from cliprow.api.problems import Refused
from cliprow.api.request import ApiRequest, signed_in
from cliprow.api.session_cookie import cookie_with, no_cookie, token_in, wants_cookie
from cliprow.errors import InvalidInput, Unauthenticated

Email = Annotated[str, Meta(min_length=3, max_length=320)]
Password = Annotated[str, Meta(min_length=1, max_length=1_000)]
Link = Annotated[str, Meta(max_length=2_000)]
Secret = Annotated[str, Meta(min_length=1, max_length=2_000)]
_S256 = "s256"


class AuthUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user as Auth knows it."""

    id: UUID
    email: str | None = None
    email_confirmed_at: datetime | None = None
    created_at: datetime | None = None
    user_metadata: dict[str, Any] = {}


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in. Everything but the user is null while an address is still to be confirmed."""

    access_token: str | None = None
    token_type: str | None = None
    #: Seconds.
    expires_in: int | None = None
    #: Unix time.
    expires_at: int | None = None
    #: Null where the cookie has it.
    refresh_token: str | None = None
    user: AuthUser | None = None


class SignUp(msgspec.Struct, frozen=True, kw_only=True):
    """A new user, who becomes the owner of a new tenant."""

    email: Email
    password: Password
    tenant_name: Annotated[str, Meta(max_length=200)] = ""
    #: Where the link in the message leads to, if the address is to be confirmed.
    redirect_to: Link | None = None


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Address and password, or a provider that somebody signs in with elsewhere."""

    email: Email | None = None
    password: Password | None = None
    provider: Annotated[str, Meta(max_length=50, pattern=r"^[a-z0-9_:-]+$")] | None = None
    redirect_to: Link | None = None
    #: S256 challenge of a verifier that POST /auth/session is given.
    code_challenge: Annotated[str, Meta(max_length=200)] | None = None


class SignInElsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """Where to sign in with a provider."""

    url: str


class Refresh(msgspec.Struct, frozen=True, kw_only=True):
    """The refresh token, where the cookie does not have it."""

    refresh_token: Secret | None = None


class SessionStart(msgspec.Struct, frozen=True, kw_only=True):
    """What a sign-in elsewhere has given: a code with its verifier, or a refresh token."""

    auth_code: Secret | None = None
    code_verifier: Secret | None = None
    refresh_token: Secret | None = None


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """Whose password is forgotten."""

    email: Email
    redirect_to: Link | None = None


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """What the access token says."""

    user_id: UUID
    email: str | None
    tenant_id: UUID | None
    project_role: str | None
    analytics_scope: str | None
    session_id: UUID | None
    #: Unix time.
    expires_at: int


@post("/auth/signup")
async def sign_up(request: ApiRequest, data: JSONBody[SignUp]) -> Response[Session]:
    """Sign up: a user, its tenant, and a session unless the address is to be confirmed first."""
    body = {"email": data.email, "password": data.password, "data": {}}
    if data.tenant_name:
        body["data"] = {"tenant_name": data.tenant_name}
    made = await _call(request, "/signup", body, _redirect(data.redirect_to))
    return _session(request, made if "access_token" in made else {"user": made}, status=201)


@post("/auth/signin", status_code=200)
async def sign_in(request: ApiRequest, data: JSONBody[SignIn]) -> Response[Session | SignInElsewhere]:
    """Sign in with address and password; or, with a provider, learn where to."""
    if data.provider is not None:
        parameters = {"provider": data.provider, **_redirect(data.redirect_to)}
        if data.code_challenge:
            parameters |= {"code_challenge": data.code_challenge, "code_challenge_method": _S256}
        address = f"{request.services.settings.auth_url}/authorize?{urlencode(parameters)}"
        return Response(SignInElsewhere(url=address), status_code=200)
    if data.email is None or data.password is None:
        raise InvalidInput(
            "Neither address and password nor a provider was sent.", next_step="Send email and password."
        )
    body = {"email": data.email, "password": data.password}
    return _session(request, await _call(request, "/token", body, {"grant_type": "password"}))


@post("/auth/refresh", status_code=200)
async def refresh(request: ApiRequest, data: JSONBody[Refresh | None] = None) -> Response[Session]:
    """Exchange a refresh token, of the body or the cookie, for a new session. Two at once do no harm."""
    token = (data.refresh_token if data is not None else None) or token_in(request)
    if not token:
        raise Unauthenticated("There is no refresh token.", error_code="NO_SESSION", next_step="Sign in.")
    try:
        made = await _call(
            request, "/token", {"refresh_token": token}, {"grant_type": "refresh_token"}, counted=False
        )
    except Refused as error:
        if error.error_code.lower() in SESSION_IS_GONE and wants_cookie(request):
            request.scope["state"]["cookies"] = [no_cookie(request)]
        raise
    return _session(request, made)


@post("/auth/session", status_code=200)
async def start_session(request: ApiRequest, data: JSONBody[SessionStart]) -> Response[Session]:
    """Take up a session that was begun elsewhere: with a provider, or by the link of a message."""
    if data.auth_code is not None:
        body = {"auth_code": data.auth_code, "code_verifier": data.code_verifier or ""}
        return _session(request, await _call(request, "/token", body, {"grant_type": "pkce"}))
    if data.refresh_token is None:
        raise InvalidInput(
            "Neither a code nor a refresh token was sent.",
            next_step="Send auth_code and code_verifier, or refresh_token.",
        )
    body = {"refresh_token": data.refresh_token}
    return _session(request, await _call(request, "/token", body, {"grant_type": "refresh_token"}))


@get("/auth/session", guards=[signed_in], security=BEARER)
async def show_session(request: ApiRequest) -> SignedIn:
    """Say who is signed in, as the access token has it."""
    caller = request.caller
    return SignedIn(
        user_id=caller.user_id,
        email=caller.email,
        tenant_id=caller.tenant_id,
        project_role=caller.project_role,
        analytics_scope=caller.analytics_scope,
        session_id=caller.session_id,
        expires_at=int(caller.expires_at),
    )


@post("/auth/signout", status_code=204, security=BEARER)
async def sign_out(
    request: ApiRequest,
    sessions: Annotated[Literal["local", "global", "others"], QueryParameter(name="scope")] = "local",
) -> Response[None]:
    """End this session, all of the user's, or all others. The cookie is forgotten in any case."""
    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        try:
            await _call(request, "/logout", None, {"scope": sessions}, token=token.strip(), counted=False)
        except Refused as error:
            if error.status >= 429 or error.error_code.lower() not in SESSION_IS_GONE:
                raise
    elif not wants_cookie(request):
        raise Unauthenticated("Nobody is signed in.", error_code="TOKEN_MISSING")
    cookies = [no_cookie(request)] if sessions != "others" and wants_cookie(request) else []
    return Response(None, status_code=204, cookies=cookies)


@post("/auth/recover", status_code=202)
async def recover(request: ApiRequest, data: JSONBody[Recovery]) -> Response[None]:
    """Send a link to choose a new password with. The answer is the same whether somebody has the address or not."""
    await _call(request, "/recover", {"email": data.email}, _redirect(data.redirect_to))
    return Response(None, status_code=202, media_type="text/plain")


async def _call(
    request: ApiRequest,
    path: str,
    body: object,
    parameters: dict[str, str],
    *,
    token: str = "",
    counted: bool = True,
) -> dict[str, Any]:
    limits = request.services.limits
    await (limits.count_sign_in if counted else limits.count_address)(request.address)
    client = AuthClient(request.services.settings, request.services.http)
    return await client.call(
        "POST", path, address=request.address, json=body, parameters=parameters, token=token
    )


def _redirect(to: str | None) -> dict[str, str]:
    return {"redirect_to": to} if to else {}


def _session(request: ApiRequest, made: dict[str, Any], *, status: int = 200) -> Response[Any]:
    """A session as it is told; the refresh token goes into the cookie where it is wanted there."""
    session = msgspec.convert(made, Session, strict=False)
    cookies = []
    if session.refresh_token and wants_cookie(request):
        cookies = [cookie_with(request, session.refresh_token)]
        session = msgspec.structs.replace(session, refresh_token=None)
    return Response(session, status_code=status, cookies=cookies)


router = Router(
    path="/",
    route_handlers=[sign_up, sign_in, refresh, start_session, show_session, sign_out, recover],
    tags=["Sign-in"],
)
