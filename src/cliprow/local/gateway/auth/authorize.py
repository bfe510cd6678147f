"""Sign-in at an OpenID provider: sending people there, and receiving them back."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from litestar import Response, delete, get
from litestar.response import Redirect

from cliprow.local.gateway.auth import flows, linking
from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.auth.flows import Flow
from cliprow.local.gateway.auth.providers import Profile, Provider, new_verifier
from cliprow.local.gateway.auth.redirects import target, with_error, with_fragment, with_query
from cliprow.local.gateway.auth.service import AnyRequest, Auth
from cliprow.local.gateway.auth.users import Connection, User, find_by_id

#: Query parameters that are for us; the others go on to the provider.
_OWN = frozenset(
    {
        "provider", "scopes", "redirect_to", "code_challenge", "code_challenge_method", "skip_http_redirect",
        "invite_token", "apikey",
    }
)  # fmt: skip
METHOD = "oauth"


@get("/authorize", status_code=302)
async def authorize(request: AnyRequest, auth: Auth) -> Redirect:
    """Send somebody to a provider."""
    return Redirect(await _begin(request, auth, None), status_code=302)


@get("/user/identities/authorize", status_code=200)
async def authorize_link(request: AnyRequest, auth: Auth) -> Response[Any]:
    """Send a signed-in user to a provider, to add it to the ways it can sign in."""
    user = (await auth.signed_in(request)).user
    url = await _begin(request, auth, user)
    if request.query_params.get("skip_http_redirect") == "true":
        return Response({"url": url})
    return Redirect(url, status_code=302)


@delete("/user/identities/{identity_id:uuid}", status_code=200)
async def unlink(request: AnyRequest, auth: Auth, identity_id: UUID) -> dict[str, Any]:
    """Take a way to sign in from the signed-in user."""
    user = (await auth.signed_in(request)).user
    async with auth.transaction() as connection:
        await linking.unlink(connection, user, identity_id)
    return {}


@get("/callback", status_code=302)
async def callback(request: AnyRequest, auth: Auth) -> Redirect:
    """Receive somebody from a provider, and lead on to where the sign-in began."""
    place = auth.options.site_url
    try:
        flow, verifier = await _resume(request, auth)
        place = flow.referrer
        provider = _provider(auth, flow.provider)
        profile = await provider.profile(_code(request), verifier)
        async with auth.transaction() as connection:
            user = await _user(connection, auth, flow, provider, profile, place)
            location = await _finish(connection, auth, request, flow, profile, user)
        if location is None:
            raise AuthError(
                403,
                "provider_email_needs_verification",
                f"Unverified email with {provider.name}. A confirmation email has been sent to you",
            )
    except AuthError as error:
        location = with_error(place, error, in_query=True)
    return Redirect(location, status_code=302)


async def _begin(request: AnyRequest, auth: Auth, linking_user: User | None) -> str:
    query = request.query_params
    provider = _provider(auth, query.get("provider", ""))
    challenge = flows.challenge_of(query.get("code_challenge"), query.get("code_challenge_method"))
    verifier, state_id = new_verifier(), uuid4()
    async with auth.transaction() as connection:
        await connection.execute(
            "delete from auth.oauth_client_states where created_at < now() - interval '1 day'"
        )
        await connection.execute(
            "insert into auth.oauth_client_states (id, provider_type, code_verifier, created_at)"
            " values (%s, %s, %s, now())",
            [state_id, provider.name, verifier],
        )
        flow_id = await flows.start(
            connection,
            provider=provider.name,
            method=METHOD,
            challenge=challenge,
            referrer=target(request, auth.options),
            client_state_id=state_id,
            linking_user_id=linking_user.id if linking_user else None,
        )
    extra = {name: value for name, value in query.items() if name not in _OWN}
    return await provider.authorization_url(str(flow_id), verifier, query.get("scopes", ""), extra)


async def _resume(request: AnyRequest, auth: Auth) -> tuple[Flow, str]:
    """The sign-in that a state stands for, and our verifier; both work once."""
    state = request.query_params.get("state", "")
    if not state:
        raise AuthError(400, "bad_oauth_callback", "OAuth state parameter missing")
    try:
        flow_id = UUID(state)
    except ValueError as error:
        raise AuthError(400, "bad_oauth_state", "OAuth state parameter is invalid") from error
    async with auth.transaction() as connection:
        flow = await flows.find(connection, flow_id)
        if flow is None or flow.client_state_id is None:
            raise AuthError(400, "bad_oauth_state", "OAuth state not found or expired")
        cursor = await connection.execute(
            "delete from auth.oauth_client_states where id = %s returning code_verifier",
            [flow.client_state_id],
        )
        row = await cursor.fetchone()
        if row is None:
            raise AuthError(400, "flow_state_already_used", "State has already been used")
    return flow, row["code_verifier"]


def _code(request: AnyRequest) -> str:
    if request.query_params.get("error"):
        said = request.query_params.get("error_description") or request.query_params["error"]
        raise AuthError(403, "bad_oauth_callback", said[:300])
    code = request.query_params.get("code", "")
    if not code:
        raise AuthError(400, "bad_oauth_callback", "OAuth callback without a code")
    return code


async def _user(
    connection: Connection, auth: Auth, flow: Flow, provider: Provider, profile: Profile, place: str
) -> User:
    data = profile.identity_data(provider.issuer)
    if flow.linking_user_id is not None:
        user = await find_by_id(connection, flow.linking_user_id)
        if user is None:
            raise AuthError(422, "user_not_found", "Linking target user not found")
        await linking.link(connection, user, provider.name, profile, data)
        return user
    user = await linking.sign_in_as(
        connection, provider.name, profile, data, confirm_email_first=auth.options.confirm_email
    )
    if not user.is_confirmed:
        await auth.mailer.ask(connection, user, "signup", place)
    return user


async def _finish(
    connection: Connection, auth: Auth, request: AnyRequest, flow: Flow, profile: Profile, user: User
) -> str | None:
    """Where to lead on to; None while the user must confirm its address."""
    if not user.is_confirmed:
        await flows.end(connection, flow.id)
        return None
    if flow.challenge is not None:
        await connection.execute(
            """
            update auth.flow_state
            set user_id = %s, provider_access_token = %s, provider_refresh_token = %s, auth_code_issued_at = now(),
                updated_at = now()
            where id = %s
            """,
            [user.id, profile.access_token, profile.refresh_token, flow.id],
        )
        return with_query(flow.referrer, {"code": flow.auth_code or ""})
    await flows.end(connection, flow.id)
    session = await auth.sessions.open(connection, user, METHOD, auth.device(request))
    names = ("access_token", "expires_at", "expires_in", "refresh_token", "token_type")
    tokens = {name: str(session[name]) for name in names}
    given = {"provider_token": profile.access_token, "provider_refresh_token": profile.refresh_token}
    return with_fragment(flow.referrer, {**tokens, **{name: token for name, token in given.items() if token}})


def _provider(auth: Auth, name: str) -> Provider:
    found = auth.providers.get(name.lower())
    if found is None:
        raise invalid(f"Unsupported provider: Provider {name[:50] or '(none)'} could not be found")
    return found


ROUTES = [authorize, authorize_link, unlink, callback]
