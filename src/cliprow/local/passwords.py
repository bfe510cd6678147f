"""`secrets.json`: passwords and keys made up on this machine, readable by their owner only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec

from cliprow.errors import Conflict


def load(path: Path) -> dict[str, str]:
    """Everything kept in the file; empty if there is none.

    Raises:
        Conflict: the file is not what `keep` writes.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError as error:
        raise Conflict(
            f"{path} cannot be read: {error}.",
            error_code="SECRETS_UNREADABLE",
            next_step="Restore the file from a backup.",
        ) from None


def keep(path: Path, *names: str, **makers: Callable[[], str]) -> dict[str, str]:
    """Everything kept in the file, with a new random password for each name that it lacks.

    Args:
        makers: names of what is no password, with what makes it.
    """
    known = load(path)
    makers = dict.fromkeys(names, lambda: secrets.token_urlsafe(24)) | makers
    missing = {name: make() for name, make in makers.items() if name not in known}
    if missing:
        known |= missing
        write_private(path, msgspec.json.format(msgspec.json.encode(known)) + b"\n")
    return known


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
