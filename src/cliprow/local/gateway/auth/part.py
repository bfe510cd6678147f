"""Auth as a part of the gateway."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Router
from litestar.di import Provide
from litestar.handlers.base import BaseRouteHandler

from cliprow.local.gateway.auth import (
    admin,
    authorize,
    discovery,
    invitations,
    links,
    mailbox,
    sign_in,
    sign_up,
    user,
    verify,
)
from cliprow.local.gateway.auth.errors import HANDLERS
from cliprow.local.gateway.auth.service import Auth
from cliprow.local.gateway.services import Services

#: Largest request body.
MAX_BODY = 1 << 20


class AuthPart:
    """Routes under /auth/v1, and the mailbox at /mail."""

    def __init__(self, services: Services) -> None:
        self._auth = Auth(services)

    def handlers(self) -> Sequence[Router | BaseRouteHandler]:
        """Its routes, with their full paths."""
        return [
            Router(
                path="/auth/v1",
                route_handlers=[
                    *discovery.ROUTES,
                    *sign_up.ROUTES,
                    *sign_in.ROUTES,
                    *links.ROUTES,
                    *verify.ROUTES,
                    *user.ROUTES,
                    *authorize.ROUTES,
                    *admin.ROUTES,
                    *invitations.ROUTES,
                ],
                dependencies={"auth": Provide(lambda: self._auth, sync_to_thread=False)},
                exception_handlers=HANDLERS,
                request_max_body_size=MAX_BODY,
            ),
            mailbox.router(self._auth),
        ]

    async def start(self) -> None:
        """Open connections; the database answers."""
        await self._auth.pool.open(wait=True, timeout=30)

    async def stop(self) -> None:
        """Close them."""
        self._auth.passwords.close()
        await self._auth.http.aclose()
        await self._auth.pool.close()
