"""OpenID Connect providers: where to send people, and what a provider says of who came back.

Towards a provider we are a confidential client that also uses PKCE (RFC 7636), a state that is used once, and a nonce
that ties the ID token to this very sign-in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import jwt
import msgspec

from cliprow.local.gateway.auth.errors import AuthError, unexpected
from cliprow.local.gateway.settings import OAuthProvider

_log = logging.getLogger(__name__)

#: What providers publish is asked for again after so long, and keys also when an unknown one signed, ...
KEPT_S = 3600
#: ... but not more often than this.
REFETCH_S = 30
TIMEOUT_S = 10
#: Clocks may differ by so much.
LEEWAY_S = 30
#: Signatures that only the provider can make; symmetric ones and none are not among them.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA")
#: Parameters of the authorization request that are ours to set.
_RESERVED = frozenset(
    {
        "client_id", "client_secret", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
        "code_challenge", "code_challenge_method", "request", "request_uri",
    }
)  # fmt: skip


class Metadata(msgspec.Struct, frozen=True):
    """What a provider publishes of itself (OpenID Connect Discovery)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str | None = None
    refresh_token: str | None = None


@dataclass(frozen=True)
class Profile:
    """Who came back from a provider."""

    subject: str
    email: str | None
    is_email_verified: bool
    claims: Mapping[str, Any]
    access_token: str | None
    refresh_token: str | None

    def identity_data(self, issuer: str) -> dict[str, Any]:
        """What is kept of it, under the names that clients look for."""
        names = ("name", "given_name", "family_name", "preferred_username", "picture", "locale")
        data = {name: value for name in names if isinstance(value := self.claims.get(name), str)}
        data |= {
            new: data[old] for new, old in (("full_name", "name"), ("avatar_url", "picture")) if old in data
        }
        return {
            **data,
            "iss": issuer,
            "sub": self.subject,
            "provider_id": self.subject,
            **({"email": self.email} if self.email else {}),
            "email_verified": self.is_email_verified,
            "phone_verified": False,
        }


def new_verifier() -> str:
    """A secret of one sign-in, from which challenge and nonce follow."""
    return secrets.token_urlsafe(48)


def _nonce(verifier: str) -> str:
    return hashlib.sha256(f"nonce {verifier}".encode()).hexdigest()


class Provider:
    """One configured provider."""

    def __init__(self, name: str, settings: OAuthProvider, callback: str, http: httpx.AsyncClient) -> None:
        self.name, self.issuer = name, settings.issuer.rstrip("/")
        self._settings, self._callback, self._http = settings, callback, http
        self._metadata: Metadata | None = None
        self._metadata_at = self._keys_at = -float(KEPT_S)
        self._keys: dict[str, jwt.PyJWK] = {}

    async def authorization_url(
        self, state: str, verifier: str, scopes: str, extra: Mapping[str, str]
    ) -> str:
        """Where to send somebody who wants to sign in."""
        metadata = await self._discover()
        digest = hashlib.sha256(verifier.encode()).digest()
        wanted = [*self._settings.scopes.split(), *scopes.split()]
        query = {
            **{name: value for name, value in extra.items() if name.lower() not in _RESERVED},
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._callback,
            "scope": " ".join(dict.fromkeys(wanted)),
            "state": state,
            "nonce": _nonce(verifier),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        separator = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{separator}{urlencode(query)}"

    async def profile(self, code: str, verifier: str) -> Profile:
        """Who came back with this code.

        Raises:
            AuthError: the provider does not take the code, or its answer proves nothing.
        """
        tokens = await self._exchange(code, verifier)
        claims = await self._verify(tokens.id_token, _nonce(verifier))
        if "email" not in claims and tokens.access_token:
            claims = {**await self._userinfo(tokens.access_token, claims["sub"]), **claims}
        email = claims.get("email")
        return Profile(
            subject=claims["sub"],
            email=email.lower() if isinstance(email, str) and email else None,
            # Some providers send the word instead of the value.
            is_email_verified=claims.get("email_verified") in (True, "true"),
            claims=claims,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
        )

    async def _exchange(self, code: str, verifier: str) -> _Tokens:
        metadata = await self._discover()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
        }
        ours = self._settings
        headers = {"Accept": "application/json"}
        if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            pair = f"{quote(ours.client_id, safe='')}:{quote(ours.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": ours.client_id, "client_secret": ours.client_secret}
        answer = await self._ask("POST", metadata.token_endpoint, headers=headers, data=form)
        try:
            return msgspec.json.decode(answer.content, type=_Tokens)
        except msgspec.DecodeError as error:
            raise unexpected(f"{self.name} answered without an ID token") from error

    async def _verify(self, id_token: str, nonce: str) -> dict[str, Any]:
        metadata = await self._discover()
        try:
            key = await self._key(jwt.get_unverified_header(id_token).get("kid"))
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._settings.client_id,
                issuer=metadata.issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise AuthError(
                400, "bad_oauth_callback", f"The ID token of {self.name} is not valid: {error}"
            ) from error
        given = claims.get("nonce")
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
            raise AuthError(
                400, "bad_oauth_callback", f"The ID token of {self.name} belongs to another sign-in"
            )
        if claims.get("azp", self._settings.client_id) != self._settings.client_id:
            raise AuthError(
                400, "bad_oauth_callback", f"The ID token of {self.name} was issued to another client"
            )
        return claims

    async def _userinfo(self, access_token: str, subject: str) -> dict[str, Any]:
        metadata = await self._discover()
        if metadata.userinfo_endpoint is None:
            return {}
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        answer = await self._ask("GET", metadata.userinfo_endpoint, headers=headers)
        claims = msgspec.json.decode(answer.content, type=dict[str, Any])
        if claims.get("sub") != subject:
            raise AuthError(400, "bad_oauth_callback", f"{self.name} spoke of two different users")
        return claims

    async def _discover(self) -> Metadata:
        if self._metadata is None or time.monotonic() - self._metadata_at > KEPT_S:
            answer = await self._ask("GET", f"{self.issuer}/.well-known/openid-configuration")
            try:
                found = msgspec.json.decode(answer.content, type=Metadata)
            except msgspec.DecodeError as error:
                raise unexpected(f"{self.name} publishes no usable OpenID configuration: {error}") from error
            if found.issuer.rstrip("/") != self.issuer:
                raise unexpected(f"{self.name} says that its issuer is {found.issuer}, not {self.issuer}")
            self._metadata, self._metadata_at = found, time.monotonic()
        return self._metadata

    async def _key(self, kid: str | None) -> jwt.PyJWK:
        metadata = await self._discover()
        age_s = time.monotonic() - self._keys_at
        if age_s > KEPT_S or (kid not in self._keys and age_s > REFETCH_S):
            answer = await self._ask("GET", metadata.jwks_uri)
            keys = jwt.PyJWKSet.from_dict(msgspec.json.decode(answer.content, type=dict[str, Any]))
            self._keys = {key.key_id or "": key for key in keys.keys if key.public_key_use in (None, "sig")}
            self._keys_at = time.monotonic()
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        if kid not in self._keys:
            raise jwt.InvalidKeyError("signed with an unknown key")
        return self._keys[kid]

    async def _ask(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, url, timeout=TIMEOUT_S, **options)
        except httpx.HTTPError as error:
            raise unexpected(f"{self.name} does not answer: {type(error).__name__}") from error
        if not answer.is_success:
            _log.warning("%s answered %s with %d", self.name, method, answer.status_code)
            raise AuthError(
                400 if answer.status_code < 500 else 500,
                "bad_oauth_callback" if answer.status_code < 500 else "unexpected_failure",
                f"{self.name} refused: HTTP {answer.status_code}",
            )
        return answer
