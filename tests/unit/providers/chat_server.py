"""A real HTTP server that answers chat requests as a test tells it to, good or bad."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One answer; the server gives them in order, and the last one for ever."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Seconds before the first byte, and between each of the following ones.
    wait_s: float = 0.0
    drip_s: float = 0.0
    #: Close the connection instead of answering.
    hang_up: bool = False


def completion(content: str | None, **more: Any) -> Answer:
    message = {"role": "assistant", "content": content, **more}
    return Answer(json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode())


@dataclass
class ChatServer:
    """Where it listens, and what it was asked."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    idempotency_keys: list[str] = field(default_factory=list)


@contextmanager
def chat_server(*answers: Answer) -> Iterator[ChatServer]:
    told = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.paths.append(self.path)
            server.idempotency_keys.append(self.headers.get("Idempotency-Key", ""))
            server.authorizations.append(self.headers.get("Authorization", ""))
            server.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = told.pop(0) if len(told) > 1 else told[0]
            time.sleep(answer.wait_s)
            if answer.hang_up:
                return
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                for place in range(len(answer.body)) if answer.drip_s else ():
                    self.wfile.write(answer.body[place : place + 1])
                    self.wfile.flush()
                    time.sleep(answer.drip_s)
                if not answer.drip_s:
                    self.wfile.write(answer.body)
            except OSError:
                return  # the client has given up, as it should

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = ChatServer(f"http://127.0.0.1:{http.server_port}/v1")
    thread = threading.Thread(target=http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.socket.close()
