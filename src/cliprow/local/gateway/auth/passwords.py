"""Password hashes (argon2id) and what a password must be."""

from __future__ import annotations

import asyncio
import os
import secrets
import string
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cliprow.local.gateway.auth.errors import AuthError, invalid
from cliprow.local.gateway.settings import Options

#: As the real service's, whose older hashes read no further.
MAX_BYTES = 72

_SETS = {
    "letters": string.ascii_letters,
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "digits": string.digits,
    "symbols": "!@#$%^&*()_+-=[]{};'\\:\"|<>?,./`~",
}


class Passwords:
    """Hashes and compares in threads, no more at once than there are processors."""

    def __init__(self, memory_kib: int) -> None:
        self._hasher = PasswordHasher(memory_cost=memory_kib)
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="password")
        # Compared with where there is no user, so that an unknown address takes as long as a wrong password.
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(24))

    async def hash(self, password: str) -> str:
        """A new hash of the password."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether the stored hash is the password's; without a hash it takes as long and is never true."""
        loop = asyncio.get_running_loop()
        hashed = stored or self._nobodys
        is_right = await loop.run_in_executor(self._threads, self._compare, hashed, password)
        return is_right and bool(stored)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def needs_rehash(self, stored: str) -> bool:
        """Whether the hash was made with other costs than those of today."""
        return self._hasher.check_needs_rehash(stored)

    def _compare(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def check_strength(password: str, options: Options) -> None:
    """Refuse a weak password.

    Raises:
        AuthError: too long, or weak, with the reasons.
    """
    if len(password.encode()) > MAX_BYTES:
        raise invalid(f"Password cannot be longer than {MAX_BYTES} characters")
    reasons, messages = [], []
    if len(password) < options.password_min_length:
        reasons.append("length")
        messages.append(f"Password should be at least {options.password_min_length} characters.")
    required = [_SETS[name] for name in options.password_requirements.split("_") if name]
    if not all(set(password) & set(characters) for characters in required):
        reasons.append("characters")
        messages.append(f"Password should contain at least one character of each: {', '.join(required)}.")
    if reasons:
        raise AuthError(422, "weak_password", " ".join(messages), weak_password={"reasons": reasons})


def random_password() -> str:
    """A password that nobody knows, for users who have not chosen one."""
    return secrets.token_urlsafe(40)
