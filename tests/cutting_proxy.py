"""A TCP proxy that treats connections badly: cuts them after some bytes, or changes bytes on the way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from cliprow.local.ports import HOST


class CuttingProxy:
    """Between a client and the gateway."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listener = socket.create_server((HOST, 0))
        self.url = f"http://{HOST}:{self._listener.getsockname()[1]}"
        #: How often more a connection is cut, and after how many bytes of one direction.
        self.cuts_left = 0
        self.cut_after_bytes = 0
        #: Whether the bytes that count go to the client.
        self.cut_downloads = False
        #: What is changed on the way to the gateway.
        self.replaced: tuple[bytes, bytes] | None = None
        #: What has gone to clients.
        self.down_bytes = 0

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                gateway = socket.create_connection((HOST, self._target_port), timeout=10)
            except OSError:
                client.close()
                continue
            for source, sink, is_down in ((client, gateway, False), (gateway, client, True)):
                threading.Thread(target=self._carry, args=(source, sink, is_down), daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _carry(self, source: socket.socket, sink: socket.socket, is_down: bool) -> None:
        carried = 0
        with suppress(OSError), closing(source), closing(sink):
            while data := source.recv(65536):
                carried += len(data)
                if is_down == self.cut_downloads and self.cuts_left and carried > self.cut_after_bytes:
                    self.cuts_left -= 1
                    for side in (source, sink):
                        side.shutdown(socket.SHUT_RDWR)
                    return
                if self.replaced and not is_down:
                    data = data.replace(*self.replaced)
                sink.sendall(data)
                self.down_bytes += len(data) if is_down else 0


@contextmanager
def cutting_proxy(target_port: int) -> Iterator[CuttingProxy]:
    """A proxy for the time of the block; well-behaved until told otherwise."""
    proxy = CuttingProxy(target_port)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(5)
