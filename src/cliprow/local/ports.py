"""TCP ports of the embedded stack."""

from __future__ import annotations

import socket

from cliprow.errors import Unavailable

#: Nothing of the stack listens anywhere else.
HOST = "127.0.0.1"


class PortTaken(Unavailable):
    """Another program listens on the port."""

    error_code = "PORT_TAKEN"

    @classmethod
    def of(cls, port: int, setting: str = "CLIPROW_DB_PORT") -> PortTaken:
        """The error for this port, which `setting` would change."""
        return cls(
            f"Port {port} on {HOST} is taken by another program.",
            next_step=f"Stop that program, or choose another port with {setting}.",
        )


def port_taken(port: int) -> bool:
    """Whether a server could not listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def listens(port: int) -> bool:
    """Whether somebody takes connections on the port now."""
    try:
        socket.create_connection((HOST, port), timeout=5).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
