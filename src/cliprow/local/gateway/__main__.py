"""`python -m cliprow.local.gateway SETTINGS_FILE`: serves until SIGTERM; waits for the file if it is not there yet."""

from __future__ import annotations

import logging
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import uvicorn
from litestar import Litestar

from cliprow.connections import BoundedConnection, most_connections
from cliprow.local.gateway.app import create_app
from cliprow.local.gateway.realtime.limits import FRAME_BYTES
from cliprow.local.gateway.realtime.transport import Discretion, WebSocketProtocol
from cliprow.local.gateway.settings import GatewaySettings, read_settings
from cliprow.local.ports import HOST

#: How long to wait for the settings: as long as a database may take to start, and some more. Seconds.
SETTINGS_S = 200.0


def main() -> None:
    """Serve what the settings say, on 127.0.0.1 only."""
    # uvicorn raises the signal that stopped it once more at its end; that is a good end and no crash.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    # An application without routes, thrown away: making it imports what every application needs.
    uvicorn.Config(Litestar(openapi_config=None), log_config=None).load()
    settings = await_settings(Path(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # At INFO they write addresses of requests, and websocket clients put their API key there.
    for name in ("uvicorn.error", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(__name__).info("Development server at %s; it is not for production.", settings.url)
    logging.getLogger("uvicorn.error").addFilter(Discretion())
    uvicorn.run(
        create_app(settings),
        host=HOST,
        port=settings.port,
        log_config=None,
        access_log=False,
        # Nothing stands in front: a header that names another address is the client's own.
        proxy_headers=False,
        http=BoundedConnection,
        limit_concurrency=most_connections(),
        ws=WebSocketProtocol,
        ws_max_size=FRAME_BYTES,
        ws_per_message_deflate=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )


def await_settings(file: Path) -> GatewaySettings:
    """The settings, as soon as whoever started us has written them; ends the process when they do not come."""
    deadline = time.monotonic() + SETTINGS_S
    while not file.exists():
        if time.monotonic() > deadline:
            sys.exit(f"No settings came in {file} within {SETTINGS_S:.0f} s.")
        time.sleep(0.01)
    return read_settings(file)


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
