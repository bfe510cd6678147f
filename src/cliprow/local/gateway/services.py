"""What the four parts of the gateway share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from litestar import Router
from litestar.handlers.base import BaseRouteHandler

from cliprow.local.gateway.keys import Keyring
from cliprow.local.gateway.settings import GatewaySettings


@dataclass(frozen=True)
class Services:
    """Given to every part when it is made."""

    settings: GatewaySettings
    keyring: Keyring


class Part(Protocol):
    """One of auth, realtime, storage and rest."""

    def handlers(self) -> Sequence[Router | BaseRouteHandler]:
        """Its routes, with their full paths."""
        ...

    async def start(self) -> None:
        """Open connections; the database answers."""
        ...

    async def stop(self) -> None:
        """Close them."""
        ...
