"""The embedded project as its clients see it: the gateway's address, its keys, and what a dashboard would set."""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec

from cliprow.config import Config, SupabaseProject
from cliprow.errors import Conflict, InvalidInput
from cliprow.local import passwords
from cliprow.local.database import GATEWAY_ROLES, url
from cliprow.local.gateway.process import GatewayProcess
from cliprow.local.gateway.settings import GatewaySettings, Options
from cliprow.local.ports import HOST, PortTaken, free_port
from cliprow.local.postgres import SUPERUSER
from cliprow.local.stack_file import read_stack_file, remember

#: The Supabase CLI's own port for the API.
DEFAULT_GATEWAY_PORT = 54321


def start_gateway(process: GatewayProcess, config: Config, db_port: int, *, alone: bool) -> SupabaseProject:
    """See to it that the gateway serves, and say where, and with which keys.

    Args:
        alone: nobody else uses it, so that it may be stopped to take up other settings.

    Raises:
        InvalidInput: `gateway.json` cannot be used.
        Conflict: it serves others on another port than the user insists on.
        PortTaken: another program has the port that the user insists on.
        Unavailable: it does not start.
    """
    port = process.port()
    if port is None:
        settings = _start_on_some_port(process, config, db_port)
    else:
        settings = settings_for(config, db_port, config.gateway_port or port)
        if port != settings.port and not alone:
            raise Conflict(
                f"The gateway already runs on port {port} for another command; it cannot be on {settings.port}.",
                error_code="STACK_ON_OTHER_PORT",
                next_step="Wait for the other command to end, or unset CLIPROW_GATEWAY_PORT.",
            )
        if alone and process.settings() != settings:
            process.stop()
            settings = _start_on_some_port(process, config, db_port)
    return SupabaseProject(settings.url, settings.publishable_key, settings.secret_key)


def _start_on_some_port(process: GatewayProcess, config: Config, db_port: int) -> GatewaySettings:
    """Start on the user's port or on none; otherwise on the port of last time, the default, or a free one."""
    if config.gateway_port is not None:
        settings = settings_for(config, db_port, config.gateway_port)
        process.serve(settings)
        return settings
    last = read_stack_file(config.home).gateway_port
    wanted = [port for port in (last, DEFAULT_GATEWAY_PORT) if port is not None]
    for port in (*wanted, free_port(), free_port()):
        settings = settings_for(config, db_port, port)
        try:
            process.serve(settings)
        except PortTaken:
            continue
        remember(config.home, gateway_port=port)
        return settings
    raise PortTaken(
        "No port could be kept free for the gateway.", next_step="Choose one with CLIPROW_GATEWAY_PORT."
    )


def settings_for(config: Config, db_port: int, port: int) -> GatewaySettings:
    """Everything the gateway's process needs to serve on `port`."""
    known = passwords.keep(
        config.home / "secrets.json",
        SUPERUSER,
        *GATEWAY_ROLES,
        publishable_key=lambda: f"sb_publishable_{secrets.token_urlsafe(22)}",
        secret_key=lambda: f"sb_secret_{secrets.token_urlsafe(30)}",
        jwt_private_key=_new_private_key,
        jwt_secret=lambda: secrets.token_urlsafe(40),
    )
    auth, storage, rest = (url(role, known[role], db_port) for role in GATEWAY_ROLES)
    return GatewaySettings(
        port=port,
        url=f"http://{HOST}:{port}",
        auth_db=auth,
        rest_db=rest,
        storage_db=storage,
        realtime_db=url(SUPERUSER, known[SUPERUSER], db_port),
        files=str(config.home / "storage"),
        publishable_key=known["publishable_key"],
        secret_key=known["secret_key"],
        jwt_private_key=known["jwt_private_key"],
        jwt_secret=known["jwt_secret"],
        options=read_options(config.home / "gateway.json"),
    )


def read_options(file: Path) -> Options:
    """What `gateway.json` in the data folder sets; the defaults where it is absent.

    Raises:
        InvalidInput: the file is not what `Options` says.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Options)
    except FileNotFoundError:
        return Options()
    except msgspec.DecodeError as error:
        raise InvalidInput(
            f"{file} cannot be used: {error}.",
            error_code="GATEWAY_OPTIONS_INVALID",
            next_step="Correct it, or move it away to use the defaults.",
        ) from None


def _new_private_key() -> str:
    """An ES256 key; the import takes longer than all else here, and only the first start needs it."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
