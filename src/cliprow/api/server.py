"""The API as a process."""

from __future__ import annotations

import errno
import gc
import socket

import uvicorn
from litestar import Litestar

from cliprow.api.openapi import document_json, reference_html
from cliprow.connections import BoundedConnection, most_connections
from cliprow.errors import Conflict, InvalidInput

#: How long running requests may go on after the first signal to stop.
GRACE_S = 15
#: An idle connection is kept for this long; longer than most proxies keep theirs, so that they close first.
KEEP_ALIVE_S = 75
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on; port 0 takes a free one.

    Raises:
        Conflict: the port is taken.
        InvalidInput: the address is not one of this machine's, or the port is not for this user.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen(_BACKLOG)
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"Another program uses port {port} of {host}.",
                error_code="PORT_TAKEN",
                next_step="Stop it, or choose another port with --port or CLIPROW_API_PORT.",
            ) from error
        raise InvalidInput(
            f"The API cannot listen on {host}, port {port}: {error.strerror}.",
            error_code="ADDRESS_UNUSABLE",
            next_step="Choose others with --host and --port.",
        ) from error
    return opened


def server_of(app: Litestar) -> uvicorn.Server:
    """Serves until SIGTERM or Ctrl-C, then finishes what runs.

    What a proxy says of the caller's address is believed if it runs on this machine, or as FORWARDED_ALLOW_IPS says.
    """
    # Made now, because it takes half a second in which nobody else would be answered.
    document_json(app)
    reference_html(app)
    # What is there now stays: the collector would look through all of it again and again, 0.1 s each time.
    gc.collect()
    gc.freeze()
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=BoundedConnection,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,
            limit_concurrency=most_connections(),
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            ws_max_size=64 * 1024,
        )
    )
