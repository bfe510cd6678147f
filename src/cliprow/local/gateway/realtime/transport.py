"""The web server's side of a websocket, where its own ways do not suit us."""

from __future__ import annotations

import logging

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

#: How long a client may take to read what was sent before its websocket was closed.
LINGER_S = 5.0


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Lets go of clients that do not read: closing a connection otherwise waits for them."""

    async def run_asgi(self) -> None:
        """Serve the connection, then see to it that it ends."""
        await super().run_asgi()
        self.loop.call_later(LINGER_S, self.transport.abort)


class Discretion(logging.Filter):
    """Keeps the web server from calling an error what clients can provoke at will."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log this at all."""
        message = str(record.msg)
        if "without completing handshake" in message:
            return False  # a refusal, which is an HTTP answer and no handshake
        if "Invalid UTF-8" in message:
            record.exc_info = None
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True
