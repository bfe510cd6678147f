"""Everybody who tries to reach what is not theirs, and with which token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from cliprow.local.gateway.keys import Keyring
from tests.gateway import Gateway
from tests.sql.row_level_security.cast import Cast, Who
from tests.sql.world import Person

#: People with honest tokens who must not reach the first tenant, or not write in it.
STRANGERS = (Who.STRANGER, Who.FORGER, Who.REMOVED)
READERS = (Who.VIEWER, Who.EDITOR)


@dataclass(frozen=True)
class Scene:
    """A gateway whose database has a tenant with a row of everything, and those who are after it."""

    gateway: Gateway
    cast: Cast
    #: Rows of the tenant by table, as `add_rows` gives them.
    rows: dict[str, dict[str, Any]]
    #: A file of the tenant in the bucket `media`, and its bytes.
    path: str
    data: bytes

    @property
    def tenant_id(self) -> UUID:
        return self.cast.tenant_id

    @property
    def keyring(self) -> Keyring:
        return Keyring(self.gateway.settings)

    def token(self, who: Who) -> str:
        """An honest token, as Auth would sign it; of a forger's the database knows better."""
        return self.keyring.sign(claims(self.cast.people[who]))

    def headers(self, token: str | None = None) -> dict[str, str]:
        """What a client of the project sends."""
        key = self.gateway.settings.publishable_key
        return {"apikey": key} | ({"Authorization": f"Bearer {token}"} if token else {})

    def fingerprint(self) -> dict[str, str]:
        """What all rows of the tenant are, by table, and which files it has: equal as long as nobody wrote."""
        found = {}
        for table, has_tenant in self.cast.world.rows(
            "select c.relname, exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'tenant_id')"
            " from pg_class as c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1"
        ):
            mine = (
                "tenant_id = %s"
                if has_tenant
                else "id = %s"
                if table == "tenants"
                else "%s::uuid is not null"
            )
            found[table] = self.cast.world.one(
                f"select md5(coalesce(string_agg(t::text, ';' order by t::text), '')) from public.{table} as t where {mine}",
                self.tenant_id,
            )
        found["storage.objects"] = self.cast.world.one(
            "select md5(coalesce(string_agg(o.id || o.name || coalesce(o.version, ''), ';' order by o.name), ''))"
            " from storage.objects as o where o.name like %s",
            f"{self.tenant_id}/%",
        )
        return found


def claims(person: Person, **different: object) -> dict[str, Any]:
    """What Auth would say of a person."""
    now = int(time.time())
    return {
        "sub": str(person.user_id),
        "aud": "authenticated",
        "role": "authenticated",
        "email": "somebody@example.org",
        "tenant_id": str(person.tenant_id),
        "project_role": "owner",
        "analytics_scope": "tenant",
        "session_id": str(uuid.uuid4()),
        "is_anonymous": False,
        "iat": now,
        "exp": now + 600,
        **different,
    }


def _encode(part: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(part)).rstrip(b"=").decode()


def _key(scene: Scene) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(scene.gateway.settings.jwt_private_key.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _kid(scene: Scene) -> str:
    kid: str = scene.keyring.jwks()["keys"][0]["kid"]
    return kid


def _owner(scene: Scene, **different: object) -> dict[str, Any]:
    return claims(scene.cast.people[Who.OWNER], iss=scene.gateway.settings.issuer, **different)


def _signed(scene: Scene, body: dict[str, Any], **headers: str) -> str:
    return jwt.encode(body, _key(scene), algorithm="ES256", headers={"kid": _kid(scene), **headers})


def alg_none(scene: Scene) -> str:
    """Says of itself that it needs no signature."""
    return f"{_encode({'alg': 'none', 'typ': 'JWT'})}.{_encode(_owner(scene))}."


def hs256_with_the_public_key(scene: Scene) -> str:
    """Signed with what everybody knows, in the hope that it is taken for the shared secret."""
    public = _key(scene).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = f"{_encode({'alg': 'HS256', 'typ': 'JWT', 'kid': _kid(scene)})}.{_encode(_owner(scene))}"
    signature = hmac.digest(public, head.encode(), hashlib.sha256)
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def of_another_key(scene: Scene) -> str:
    """Signed with a key of the attacker's own, under the known key's id."""
    own = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(_owner(scene), own, algorithm="ES256", headers={"kid": _kid(scene)})


def of_an_unknown_kid(scene: Scene) -> str:
    """Names a key that the project does not have."""
    return _signed(scene, _owner(scene), kid="another")


def of_another_issuer(scene: Scene) -> str:
    """Of another project that happens to use the same key."""
    return _signed(scene, {**_owner(scene), "iss": "https://evil.example/auth/v1"})


def for_another_audience(scene: Scene) -> str:
    """Meant for something else."""
    return _signed(scene, _owner(scene, aud="other"))


def expired(scene: Scene) -> str:
    """Was good an hour ago."""
    return _signed(scene, _owner(scene, exp=int(time.time()) - 3600))


def with_edited_claims(scene: Scene) -> str:
    """An honest token of a stranger, with the tenant changed."""
    head, _, signature = scene.token(Who.STRANGER).split(".")
    return f"{head}.{_encode(_owner(scene))}.{signature}"


def of_the_service_role(scene: Scene) -> str:
    """An honest token of a stranger, with the role changed."""
    head, _, signature = scene.token(Who.STRANGER).split(".")
    return f"{head}.{_encode(_owner(scene, role='service_role'))}.{signature}"


def without_a_signature(scene: Scene) -> str:
    """An honest token, cut off."""
    return scene.token(Who.OWNER).rpartition(".")[0] + "."


def nonsense(scene: Scene) -> str:
    """No token at all."""
    return "not.a.token"


FORGERIES: tuple[Callable[[Scene], str], ...] = (
    alg_none,
    hs256_with_the_public_key,
    of_another_key,
    of_an_unknown_kid,
    of_another_issuer,
    for_another_audience,
    expired,
    with_edited_claims,
    of_the_service_role,
    without_a_signature,
    nonsense,
)
