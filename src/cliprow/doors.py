"""Which way a caller came, as the audit names it."""

from __future__ import annotations

REST = "rest"
CLI = "cli"
#: All that the audit knows.
DOORS = (REST, CLI, "web", "data_api", "auth", "worker", "ticker", "schedule", "sql")
#: The header by which clients of the REST API say what they are.
CLIENT_HEADER = "X-Cliprow-Client"
#: What they may say. Nothing proves it, so nothing but the audit's text may depend on it.
_CLIENTS = frozenset({CLI, "web"})


def said_door(client: str | None) -> str:
    """The door of a request to the REST API, by what its client says of itself."""
    return client if client in _CLIENTS else REST
