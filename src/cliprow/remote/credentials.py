"""Who is signed in where: `credentials.json` in the folder of the user's settings, mode 0600.

Refresh tokens change with every use, and one that is used twice ends the sign-in. So whoever exchanges one holds the
file's lock, and looks first whether another command was faster.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from cliprow.errors import Conflict, NotAllowed
from cliprow.files import write_whole

#: An access token that ends so soon is exchanged first. Seconds.
EARLY_S = 60.0


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """One user at one deployment."""

    email: str
    access_token: str
    refresh_token: str
    #: Unix time at which the access token ends.
    expires_at: float

    @property
    def is_fresh(self) -> bool:
        """Whether the access token will do."""
        return self.expires_at - time.time() > EARLY_S

    def __repr__(self) -> str:
        return f"SignIn(email={self.email!r})"


class _File(msgspec.Struct, kw_only=True):
    #: The deployment that commands use unless told otherwise.
    current: str = ""
    sign_ins: dict[str, SignIn] = {}


class Credentials:
    """The file; each call reads it anew, since other commands write it too."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "credentials.json"

    def current(self) -> str:
        """Address of the deployment last signed in to; empty where nobody is signed in."""
        return self._read().current

    def find(self, api: str) -> SignIn | None:
        """Who is signed in at a deployment."""
        return self._read().sign_ins.get(api)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other commands from exchanging tokens meanwhile."""
        self._make_folder()
        with self.path.with_suffix(".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def keep(self, api: str, sign_in: SignIn, *, make_current: bool = False) -> None:
        """Remember a sign-in; call it inside `locked`."""
        file = self._read()
        file.sign_ins[api] = sign_in
        if make_current:
            file.current = api
        self._write(file)

    def forget(self, api: str) -> None:
        """Forget a sign-in, so that commands use this machine's own stack again; call it inside `locked`."""
        file = self._read()
        file.sign_ins.pop(api, None)
        if file.current == api:
            file.current = ""
        self._write(file)

    def _read(self) -> _File:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=_File)
        except FileNotFoundError:
            return _File()
        except msgspec.DecodeError as error:
            raise Conflict(
                f"{self.path} cannot be read: {error}.",
                error_code="CREDENTIALS_UNREADABLE",
                next_step="Remove it and sign in again with `cliprow login`.",
            ) from None

    def _write(self, file: _File) -> None:
        self._make_folder()
        write_whole(self.path, msgspec.json.format(msgspec.json.encode(file)) + b"\n")

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise NotAllowed(
                f"The folder {self.path.parent} cannot be used: {error.strerror}.",
                error_code="CONFIG_HOME_UNUSABLE",
                next_step="Make it writable, or set XDG_CONFIG_HOME to another folder.",
            ) from None
