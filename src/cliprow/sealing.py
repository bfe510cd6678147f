"""Secrets of tenants at rest: encrypted with a key of the deployment, which the database never sees.

    sealer = Sealer(parse_keys("CLIPROW_SECRETS_KEY", text))
    sealed = sealer.seal("sk-...", tenant_id, "script")
    sealer.open(sealed, tenant_id, "script")

AES-256-GCM with a random nonce. Tenant and provider are authenticated with it, so that a sealed key moved to another row
is refused. The first key seals; all of them open, so that a new one can take over (docs/operations.md).
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cliprow.errors import FailForGood, InvalidInput, RetryLater

#: Bytes of a key: AES-256.
KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = "cliprow.1"
#: Version, which key, and nonce with ciphertext and tag, in base64 for URLs; sql/62_provider_keys.sql knows it too.
_SEALED = re.compile(r"cliprow\.1\.([0-9a-f]{8})\.([A-Za-z0-9_-]+)")


class SecretsKeyMissing(RetryLater):
    """The key that would seal or open is not among those of this process; another worker may have it."""

    error_code = "SECRETS_KEY_MISSING"
    next_step = "Set CLIPROW_SECRETS_KEY to the same keys for API and workers, and restart this process."


def new_key() -> str:
    """A new random key, as CLIPROW_SECRETS_KEY takes it."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def parse_keys(name: str, text: str) -> tuple[bytes, ...]:
    """Keys in base64, separated by commas.

    Args:
        name: of the setting, for the error.

    Raises:
        InvalidInput: one is none; the message does not repeat it.
    """
    keys = []
    for number, word in enumerate((each.strip() for each in text.split(",") if each.strip()), 1):
        try:
            # Both alphabets of base64, with or without the padding.
            plain = word.rstrip("=").replace("-", "+").replace("_", "/")
            key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
        except ValueError:  # binascii.Error is one too
            key = b""
        if len(key) != KEY_BYTES:
            raise InvalidInput(
                f"Key {number} in {name} is not {KEY_BYTES} bytes in base64.",
                next_step="Make one with `openssl rand -base64 32`; several are separated by commas, the newest first.",
            )
        keys.append(key)
    return tuple(keys)


class Sealer:
    """Seals with the first key, and opens with whichever was used.

    Args:
        keys: of 32 bytes each; without one, nothing can be sealed or opened.
    """

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        #: Which key seals, 8 hexadecimal digits; None without one. It says nothing of the key itself.
        self.key_id = next(iter(self._keys), None)

    def __repr__(self) -> str:
        return f"Sealer({', '.join(self._keys)})"

    def seal(self, value: str, tenant_id: UUID, provider: str) -> str:
        """The value, readable for nobody without the key.

        Raises:
            SecretsKeyMissing: there is no key.
        """
        if self.key_id is None:
            raise SecretsKeyMissing("This deployment has no key to encrypt secrets with.")
        nonce = os.urandom(_NONCE_BYTES)
        encrypted = self._keys[self.key_id].encrypt(nonce, value.encode(), _row(tenant_id, provider))
        return f"{_VERSION}.{self.key_id}.{base64.urlsafe_b64encode(nonce + encrypted).decode().rstrip('=')}"

    def open(self, sealed: str, tenant_id: UUID, provider: str) -> str:
        """The value that was sealed for this tenant and provider.

        Raises:
            SecretsKeyMissing: it was sealed with another key.
            FailForGood: it is damaged, or belongs to another tenant or provider.
        """
        match = _SEALED.fullmatch(sealed)
        if match is None:
            raise _damaged(provider)
        key_id, text = match.groups()
        if key_id not in self._keys:
            raise SecretsKeyMissing(
                f"The team's key for {provider} is encrypted with the key {key_id} of this deployment, which this "
                f"process does not have (it has {', '.join(self._keys) or 'none'})."
            )
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            opened = self._keys[key_id].decrypt(
                data[:_NONCE_BYTES], data[_NONCE_BYTES:], _row(tenant_id, provider)
            )
        except (InvalidTag, ValueError):
            raise _damaged(provider) from None
        return opened.decode()

    def open_settings(self, kept: Mapping[str, str], tenant_id: UUID) -> dict[str, str]:
        """Settings like `script.api_key`, as the queue tells them to a worker, as their providers know them.

        One that was kept before keys were encrypted lies as it is until the API encrypts it.

        Raises:
            SecretsKeyMissing, FailForGood: as `open`.
        """
        return {
            name: self.open(value, tenant_id, name.removesuffix(".api_key")) if is_sealed(value) else value
            for name, value in kept.items()
        }


def is_sealed(value: str) -> bool:
    """Whether this is what `seal` returns, not a secret as people write it."""
    return _SEALED.fullmatch(value) is not None


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"cliprow secrets key" + key).hexdigest()[:8]


def _row(tenant_id: UUID, provider: str) -> bytes:
    return f"provider_keys/{tenant_id}/{provider}".encode()


def _damaged(provider: str) -> FailForGood:
    return FailForGood(
        f"The stored key of the team for {provider} was changed, or belongs to another team.",
        error_code="SECRET_DAMAGED",
        next_step="Let an admin of the team set the key again (settings, providers).",
    )
