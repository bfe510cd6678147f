"""`stack.json` in the data folder: the ports of last time."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cliprow.local import passwords


class StackFile(msgspec.Struct, kw_only=True):
    """What must be the same at the next start: clients know the ports, and the gateway's is in tokens and links."""

    db_port: int | None = None
    gateway_port: int | None = None


def read_stack_file(home: Path) -> StackFile:
    """What is remembered; nothing where the file is missing or unreadable, since it only says what to prefer."""
    try:
        return msgspec.json.decode((home / "stack.json").read_bytes(), type=StackFile)
    except (OSError, msgspec.DecodeError):
        return StackFile()


def remember(home: Path, *, db_port: int | None = None, gateway_port: int | None = None) -> None:
    """Write down a port, if it is another than last time."""
    last = read_stack_file(home)
    now = StackFile(db_port=db_port or last.db_port, gateway_port=gateway_port or last.gateway_port)
    if now != last:
        passwords.write_private(home / "stack.json", msgspec.json.format(msgspec.json.encode(now)) + b"\n")
