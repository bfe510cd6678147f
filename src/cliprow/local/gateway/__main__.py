"""`python -m cliprow.local.gateway SETTINGS_FILE`: serves until SIGTERM."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import uvicorn

from cliprow.local.gateway.app import create_app
from cliprow.local.gateway.settings import read_settings
from cliprow.local.ports import HOST


def main() -> None:
    """Serve what the settings say, on 127.0.0.1 only."""
    settings = read_settings(Path(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger(__name__).info("Development server at %s; it is not for production.", settings.url)
    uvicorn.run(
        create_app(settings),
        host=HOST,
        port=settings.port,
        log_config=None,
        access_log=False,
        ws_per_message_deflate=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
