"""`cliprow api`: the REST API."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cliprow.account import open_local_account
from cliprow.config import Config
from cliprow.errors import InvalidInput
from cliprow.local.stack import Stack, running_stack

if TYPE_CHECKING:
    import uvicorn

    from cliprow.api import ApiSettings


@click.command(short_help="Serve the REST API until stopped.")
@click.option("--host", default=None, help="Address to listen on (default: CLIPROW_API_HOST or 127.0.0.1).")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=None,
    help="Port, 0 for a free one (default: CLIPROW_API_PORT or 8000).",
)
@click.option("--until-eof", is_flag=True, hidden=True, help="Stop when standard input ends.")
def api(host: str | None, port: int | None, until_eof: bool) -> None:
    """Serve the REST API until stopped; /docs describes it.

    Logs are JSON lines on standard error. SIGTERM or Ctrl-C: finish the requests that run, then end.
    """
    from cliprow.api import create_app
    from cliprow.api.logs import log_as_json
    from cliprow.api.server import listen, server_of

    config = Config.from_environment()
    with listen(host or config.api_host, config.api_port if port is None else port) as opened:
        with running_stack(config) as stack:
            log_as_json()
            at, on = opened.getsockname()[:2]
            click.echo(f"API at http://{at}:{on}, described at http://{at}:{on}/docs", err=True)
            server = server_of(create_app(api_settings(config, stack)))
            if until_eof:
                threading.Thread(target=_stop_at_eof, args=[server], daemon=True).start()
            server.run(sockets=[opened])


def _stop_at_eof(server: uvicorn.Server) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.should_exit = True


def api_settings(config: Config, stack: Stack) -> ApiSettings:
    """What the API is told."""
    from cliprow.api import ApiSettings

    project = stack.supabase
    user_limit, address_limit, sign_in_limit = config.api_limits
    return ApiSettings(
        database=stack.api,
        supabase_url=project.url,
        publishable_key=project.publishable_key,
        secret_key=project.secret_key,
        jwt_secret=config.supabase_jwt_secret,
        sealer=stack.sealer,
        cors_origins=config.api_cors_origins,
        user_limit=user_limit,
        address_limit=address_limit,
        sign_in_limit=sign_in_limit,
        private_links=config.api_private_links,
        sample_settings={
            name: value
            for name, value in config.settings.items()
            if name in ("speech.provider", "visuals.font")
        },
        legacy_tenant=_legacy_tenant(config, stack),
        legacy_api_key=config.legacy_api_key,
    )


#: What CLIPROW_LEGACY_TENANT may be on the embedded stack: the tenant of the commands of this machine.
OWN_TENANT = "own"


def _legacy_tenant(config: Config, stack: Stack) -> UUID | None:
    """The tenant that the old surface shows.

    Raises:
        InvalidInput: the setting names none.
    """
    named = config.legacy_tenant
    if named == OWN_TENANT and config.embedded:
        account = open_local_account(stack.admin)
        account.connection.close()
        return account.tenant_id
    try:
        return UUID(named) if named else None
    except ValueError as error:
        raise InvalidInput(
            f"CLIPROW_LEGACY_TENANT is {named!r}, which is no id of a tenant.",
            next_step="Set it to an id that `GET /tenants` shows, to `own` on the embedded stack, or unset it.",
        ) from error
