"""The embedded database: on which port it runs, what is in it, and with which passwords its roles log in."""

from __future__ import annotations

from urllib.parse import quote

import psycopg

from cliprow import migrate
from cliprow.config import Config
from cliprow.db import translate
from cliprow.errors import Conflict
from cliprow.local import passwords
from cliprow.local.bootstrap import bootstrap, set_password
from cliprow.local.ports import HOST, PortTaken, free_port
from cliprow.local.postgres import SUPERUSER, Cluster
from cliprow.local.programs import packaged_programs
from cliprow.local.stack_file import read_stack_file, remember
from cliprow.sealing import new_key

#: The Supabase CLI's own port for the database.
DEFAULT_DB_PORT = 54322
#: Roles that workers and the REST API log in as; our migrations create them.
WORKER = "cliprow_worker"
API = "cliprow_api"
#: In `secrets.json`: what secrets of tenants are encrypted with.
SECRETS_KEY = "secrets_key"
#: Roles that the gateway's parts log in as; a Supabase project has them.
GATEWAY_ROLES = ("supabase_auth_admin", "supabase_storage_admin", "authenticator")


def url(role: str, password: str, port: int, database: str = "postgres") -> str:
    """Conninfo of the embedded database, in the form that psycopg, procrastinate and the Supabase CLI take."""
    return f"postgresql://{role}:{quote(password, safe='')}@{HOST}:{port}/{database}?sslmode=disable"


def cluster_of(config: Config) -> Cluster:
    """The cluster in the data folder."""
    return Cluster(
        data=config.home / "postgres",
        log=config.home / "logs" / "postgres.log",
        programs=config.postgres_bin or packaged_programs(),
    )


def start_cluster(cluster: Cluster, config: Config, *, alone: bool) -> int:
    """See to it that the cluster runs, and say on which port.

    Args:
        alone: nobody else uses it, so that it may be stopped to move to the port the user insists on.

    Raises:
        Conflict: its password is gone, or it runs for others on another port than the user insists on.
    """
    port = cluster.port()
    if port is None:
        secrets_file = config.home / "secrets.json"
        if cluster.exists and SUPERUSER not in passwords.load(secrets_file):
            raise Conflict(
                f"{secrets_file} with the password of the database in {cluster.data} is gone.",
                error_code="SECRETS_MISSING",
                next_step=f"Restore it, or move {cluster.data} away to begin with an empty database.",
            )
        cluster.create(passwords.keep(secrets_file, SUPERUSER)[SUPERUSER])
        port = _start_on_some_port(cluster, config)
    if config.db_port in (None, port):
        return port
    if not alone:
        raise Conflict(
            f"The database already runs on port {port} for another command; it cannot be on {config.db_port}.",
            error_code="STACK_ON_OTHER_PORT",
            next_step="Wait for the other command to end, or unset CLIPROW_DB_PORT.",
        )
    cluster.stop()
    return cluster.start(config.db_port)


def prepare_database(config: Config, port: int, *, migrated: bool) -> dict[str, str]:
    """Bring roles, schemas, tables and passwords of the running database up to date.

    Returns:
        The passwords, by role, and the key of SECRETS_KEY.

    Raises:
        Conflict: `secrets.json` belongs to another database.
        Unavailable: the database went away.
    """
    roles = (WORKER, API, *GATEWAY_ROLES)
    known = passwords.keep(
        config.home / "secrets.json", SUPERUSER, "postgres", *roles, **{SECRETS_KEY: new_key}
    )
    superuser = url(SUPERUSER, known[SUPERUSER], port)
    try:
        bootstrap(superuser)
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute("select realtime.open_today(), realtime.drop_old()")
            set_password(connection, "postgres", known["postgres"])
            if migrated:
                migrate.migrate(url("postgres", known["postgres"], port))
            for role in roles:
                set_password(connection, role, known[role])
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise Conflict(
                f"The passwords in {config.home / 'secrets.json'} are not those of the database beside it.",
                error_code="SECRETS_DIFFER",
                next_step="Restore the file that was made together with the database.",
            ) from error
        raise translate(error) from error
    return known


def _start_on_some_port(cluster: Cluster, config: Config) -> int:
    """Start on the user's port or on none; otherwise on the port of last time, the default, or a free one."""
    if config.db_port is not None:
        return cluster.start(config.db_port)
    wanted = [port for port in (read_stack_file(config.home).db_port, DEFAULT_DB_PORT) if port is not None]
    for port in (*wanted, free_port(), free_port()):
        try:
            started_on = cluster.start(port)
        except PortTaken:
            continue
        remember(config.home, db_port=started_on)
        return started_on
    raise PortTaken("No port could be kept free for Postgres.", next_step="Choose one with CLIPROW_DB_PORT.")
