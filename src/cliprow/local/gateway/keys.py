"""API keys and tokens: who a request comes from.

A request carries an API key (`apikey`), which stands for a role, and usually a token (`Authorization: Bearer`), which
stands for a user. New API keys are no tokens; a token in the header wins over the key.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm

from cliprow.local.gateway.settings import GatewaySettings

#: Audience of every user's token.
AUDIENCE = "authenticated"
#: Roles that a token or key may stand for; anything else is refused before the database sees it.
ROLES = frozenset({"anon", "authenticated", "service_role"})


class Refused(Exception):
    """A key or token that is not one of ours, or no longer; the message says why, never the token."""

    def __init__(self, message: str, *, is_expired: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.is_expired = is_expired


@dataclass(frozen=True)
class Caller:
    """Who a request comes from: a role, and the claims that the database is to see."""

    role: str
    claims: Mapping[str, Any]

    @property
    def user_id(self) -> str | None:
        """The signed-in user."""
        return self.claims.get("sub")


class Keyring:
    """Signs and verifies tokens, and knows the API keys."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        key = load_pem_private_key(settings.jwt_private_key.encode(), password=None)
        assert isinstance(key, EllipticCurvePrivateKey)
        self._private, self._public = key, key.public_key()
        self._jwk: dict[str, Any] = ECAlgorithm.to_jwk(self._public, as_dict=True)
        thumbprint = "".join(f'"{name}":"{self._jwk[name]}",' for name in ("crv", "kty", "x", "y"))
        self._kid = hashlib.sha256(f"{{{thumbprint[:-1]}}}".encode()).hexdigest()[:32]

    @property
    def _asymmetric(self) -> bool:
        return self._settings.options.jwt_algorithm == "ES256"

    @property
    def issuer(self) -> str:
        """`iss` of the tokens."""
        return self._settings.issuer

    def jwks(self) -> dict[str, Any]:
        """The public keys (RFC 7517); empty while tokens are signed with the shared secret."""
        if not self._asymmetric:
            return {"keys": []}
        return {
            "keys": [{**self._jwk, "kid": self._kid, "alg": "ES256", "use": "sig", "key_ops": ["verify"]}]
        }

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token with these claims and our issuer."""
        payload = {"iss": self._settings.issuer, **claims}
        if self._asymmetric:
            return jwt.encode(payload, self._private, algorithm="ES256", headers={"kid": self._kid})
        return jwt.encode(payload, self._settings.jwt_secret, algorithm="HS256")

    def verify(self, token: str) -> Caller:
        """Who a token stands for.

        Raises:
            Refused: it is malformed, expired, or not signed by us for us.
        """
        try:
            header = jwt.get_unverified_header(token)
            if self._asymmetric and header.get("kid") != self._kid:
                raise Refused("unrecognized JWT kid")
            claims = jwt.decode(
                token,
                self._public if self._asymmetric else self._settings.jwt_secret,
                algorithms=[self._settings.options.jwt_algorithm],
                audience=AUDIENCE,
                issuer=self._settings.issuer,
                options={"require": ["exp", "sub", "role"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise Refused("token is expired", is_expired=True) from error
        except jwt.InvalidTokenError as error:
            raise Refused(f"invalid JWT: {error}") from error
        if claims["role"] not in ROLES:
            raise Refused("the role of this JWT is not one of an API caller")
        return Caller(claims["role"], claims)

    def of_key(self, key: str) -> Caller:
        """Whom an API key stands for.

        Raises:
            Refused: it is none of ours.
        """
        for known, role in (
            (self._settings.publishable_key, "anon"),
            (self._settings.secret_key, "service_role"),
        ):
            if hmac.compare_digest(key.encode(), known.encode()):
                return Caller(role, {"role": role, "iat": int(time.time())})
        raise Refused("Invalid API key")

    def is_secret(self, key: str) -> bool:
        """Whether this is the project's secret key."""
        return hmac.compare_digest(key.encode(), self._settings.secret_key.encode())

    def identify(self, headers: Mapping[str, str]) -> Caller:
        """Who a request comes from, by its headers (names in lower case).

        Raises:
            Refused: there is no key, or key or token are not valid.
        """
        key = headers.get("apikey", "")
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        bearer = bearer.strip() if scheme.lower() == "bearer" else ""
        if not key and not bearer:
            raise Refused("No API key found in request")
        by_key = self.of_key(key) if key else None
        if not bearer or bearer == key:
            assert by_key is not None
            return by_key
        return self.of_key(bearer) if bearer.startswith("sb_") else self.verify(bearer)
