"""Refresh tokens: a session, a number that grows with each use, and a signature by the session's own key.

So the database keeps one key and one number for a session, whatever was issued; which token is the active one, and
how far behind another is, follow from the number.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import struct
from dataclasses import dataclass
from uuid import UUID

_LAYOUT = struct.Struct(">B16sQ")
_MAC_BYTES = 16
_VERSION = 0


@dataclass(frozen=True)
class RefreshToken:
    """What a token says, which its signature must still prove."""

    session_id: UUID
    counter: int
    mac: bytes

    def is_signed_by(self, key: str) -> bool:
        """Whether the session with this key issued it."""
        return hmac.compare_digest(self.mac, _mac(_content(self.session_id, self.counter), key))


def new_key() -> str:
    """A key for a new session."""
    return secrets.token_urlsafe(32)


def encode(session_id: UUID, counter: int, key: str) -> str:
    """The token with this number."""
    content = _content(session_id, counter)
    return base64.urlsafe_b64encode(content + _mac(content, key)).rstrip(b"=").decode()


def parse(token: str) -> RefreshToken | None:
    """What a token says, or None if it is none of ours."""
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(data) != _LAYOUT.size + _MAC_BYTES:
        return None
    version, session_id, counter = _LAYOUT.unpack_from(data)
    if version != _VERSION or counter >= 2**63:
        return None
    return RefreshToken(UUID(bytes=session_id), counter, data[_LAYOUT.size :])


def _content(session_id: UUID, counter: int) -> bytes:
    return _LAYOUT.pack(_VERSION, session_id.bytes, counter)


def _mac(content: bytes, key: str) -> bytes:
    return hmac.digest(key.encode(), content, "sha256")[:_MAC_BYTES]
