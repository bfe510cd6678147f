"""What anybody may ask: whether Auth runs, how it is set up, and with which keys it signs."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from cliprow.local.gateway.auth.service import AnyRequest, Auth

_CACHED = {"Cache-Control": "public, max-age=600"}
#: Providers that clients know by name; those of the options are added.
_PROVIDERS = (
    "anonymous_users", "apple", "azure", "bitbucket", "discord", "facebook", "figma", "fly", "github", "gitlab",
    "google", "kakao", "keycloak", "linkedin", "linkedin_oidc", "notion", "slack", "slack_oidc", "snapchat",
    "spotify", "twitch", "twitter", "workos", "zoom", "phone",
)  # fmt: skip


@get("/health", sync_to_thread=False)
def health() -> dict[str, str]:
    """Say that Auth runs."""
    return {"name": "GoTrue", "version": "embedded", "description": "Cliprow's development stand-in for Auth"}


@get("/.well-known/jwks.json", sync_to_thread=False)
def jwks(auth: Auth) -> Response[dict[str, Any]]:
    """The public keys of the tokens."""
    return Response(auth.keyring.jwks(), headers=_CACHED)


@get("/.well-known/openid-configuration", sync_to_thread=False)
def openid_configuration(auth: Auth) -> Response[dict[str, Any]]:
    """Where a verifier finds the keys."""
    issuer = auth.settings.issuer
    return Response(
        {
            "issuer": issuer,
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "id_token_signing_alg_values_supported": [auth.options.jwt_algorithm],
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
        },
        headers=_CACHED,
    )


@get("/settings", sync_to_thread=False)
def settings(request: AnyRequest, auth: Auth) -> dict[str, Any]:
    """How people may sign in."""
    auth.require_key(request)
    return {
        "external": {
            **dict.fromkeys(_PROVIDERS, False),
            "email": True,
            **dict.fromkeys(auth.options.oauth, True),
        },
        "disable_signup": False,
        "mailer_autoconfirm": not auth.options.confirm_email,
        "phone_autoconfirm": False,
        "sms_provider": "",
        "saml_enabled": False,
        "passkeys_enabled": False,
    }


ROUTES = [health, jwks, openid_configuration, settings]
