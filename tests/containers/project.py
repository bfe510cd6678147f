"""A Supabase project made of the real images, behind a proxy that does what the platform's gateway does."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import jwt
import psycopg
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from cliprow.local.ports import free_port

#: The versions that the supabase CLI of package.json starts.
IMAGES = {
    "db": "supabase/postgres:17.11.0.018",
    "auth": "supabase/gotrue:v2.197.0",
    "rest": "postgrest/postgrest:v16.5",
    "realtime": "supabase/realtime:v2.154.0",
    "storage": "supabase/storage-api:v1.90.1",
    "proxy": "nginx:1.29-alpine",
}
#: By the name's first part Realtime tells whose project it is.
TENANT = "realtime-dev"
START_S = 180.0

_PROXY = """
events {}
http {
    client_max_body_size 600m;
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_read_timeout 600s;
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    server {
        listen 80;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Proto http;
        location /auth/v1/ { proxy_pass http://auth:9999/; }
        location /rest/v1/ { proxy_pass http://rest:3000/; }
        location /storage/v1/ { proxy_pass http://storage:5000/; }
        location /realtime/v1/api/ { proxy_set_header Host %(tenant)s; proxy_pass http://realtime:4000/api/; }
        location /realtime/v1/ {
            proxy_set_header Host %(tenant)s;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_pass http://realtime:4000/socket/;
        }
    }
}
"""


@dataclass(frozen=True)
class Project:
    """How to reach it, and as whom. Its keys are the older ones, which are tokens."""

    url: str
    db_port: int
    password: str
    jwt_secret: str
    anon_key: str
    service_key: str

    @property
    def database_url(self) -> str:
        """As `postgres`, which migrates."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.db_port}/postgres"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of Cliprow."""
        return {
            "DATABASE_URL": self.database_url,
            "SUPABASE_URL": self.url,
            "SUPABASE_PUBLISHABLE_KEY": self.anon_key,
            "SUPABASE_SECRET_KEY": self.service_key,
            "SUPABASE_JWT_SECRET": self.jwt_secret,
        }


@contextmanager
def running_project() -> Iterator[Project]:
    """All services, up and migrated by themselves; ours are still to come."""
    password, secret = secrets.token_hex(16), secrets.token_hex(32)
    keys = {
        role: jwt.encode(
            {"role": role, "iss": "supabase", "iat": int(time.time()), "exp": int(time.time()) + 86400},
            secret,
            algorithm="HS256",
        )
        for role in ("anon", "service_role")
    }
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        network = stack.enter_context(Network())

        def start(
            name: str, environment: dict[str, str], *, command: str = "", ports: dict[int, int] | None = None
        ) -> DockerContainer:
            container = DockerContainer(IMAGES[name]).with_network(network).with_network_aliases(name)
            container = container.with_envs(**environment)
            for inner, outer in (ports or {}).items():
                container = container.with_bind_ports(inner, outer)
            if command:
                container = container.with_command(command)
            if name == "proxy":
                text = (_PROXY % {"tenant": TENANT}).encode()
                container = container.with_copy_into_container(text, "/etc/nginx/nginx.conf")
            return stack.enter_context(container)

        db_port = free_port()
        start(
            "db",
            {"POSTGRES_PASSWORD": password, "JWT_SECRET": secret, "JWT_EXP": "3600"},
            command="postgres -c config_file=/etc/postgresql/postgresql.conf",
            ports={5432: db_port},
        )
        _set_passwords(db_port, password)

        def conninfo(role: str) -> str:
            return f"postgres://{role}:{password}@db:5432/postgres"

        start(
            "auth",
            {
                "GOTRUE_API_HOST": "0.0.0.0",
                "GOTRUE_API_PORT": "9999",
                "API_EXTERNAL_URL": f"{url}/auth/v1",
                "GOTRUE_DB_DRIVER": "postgres",
                "GOTRUE_DB_DATABASE_URL": conninfo("supabase_auth_admin"),
                "GOTRUE_SITE_URL": "http://127.0.0.1:3000",
                "GOTRUE_JWT_ADMIN_ROLES": "service_role",
                "GOTRUE_JWT_AUD": "authenticated",
                "GOTRUE_JWT_DEFAULT_GROUP_NAME": "authenticated",
                "GOTRUE_JWT_EXP": "3600",
                "GOTRUE_JWT_SECRET": secret,
                "GOTRUE_JWT_ISSUER": f"{url}/auth/v1",
                "GOTRUE_EXTERNAL_EMAIL_ENABLED": "true",
                "GOTRUE_MAILER_AUTOCONFIRM": "true",
                "GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED": "true",
                "GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_URI": "pg-functions://postgres/private/custom_access_token",
            },
        )
        start(
            "rest",
            {
                "PGRST_DB_URI": conninfo("authenticator"),
                "PGRST_DB_SCHEMAS": "public",
                "PGRST_DB_ANON_ROLE": "anon",
                "PGRST_JWT_SECRET": secret,
            },
        )
        start(
            "realtime",
            {
                "PORT": "4000",
                "DB_HOST": "db",
                "DB_PORT": "5432",
                "DB_USER": "supabase_admin",
                "DB_PASSWORD": password,
                "DB_NAME": "postgres",
                "DB_AFTER_CONNECT_QUERY": "SET search_path TO _realtime",
                "DB_ENC_KEY": "supabaserealtime",
                "API_JWT_SECRET": secret,
                "METRICS_JWT_SECRET": secret,
                "SECRET_KEY_BASE": secrets.token_hex(32),
                "ERL_AFLAGS": "-proto_dist inet_tcp",
                "DNS_NODES": "''",
                "RLIMIT_NOFILE": "10000",
                "APP_NAME": "realtime",
                "SEED_SELF_HOST": "true",
                "RUN_JANITOR": "true",
            },
        )
        start(
            "storage",
            {
                "ANON_KEY": keys["anon"],
                "SERVICE_KEY": keys["service_role"],
                "POSTGREST_URL": "http://rest:3000",
                "PGRST_JWT_SECRET": secret,
                "DATABASE_URL": conninfo("supabase_storage_admin"),
                "FILE_SIZE_LIMIT": "524288000",
                "STORAGE_BACKEND": "file",
                "FILE_STORAGE_BACKEND_PATH": "/var/lib/storage",
                "GLOBAL_S3_BUCKET": "stub",
                "TENANT_ID": "stub",
                "REGION": "stub",
                "ENABLE_IMAGE_TRANSFORMATION": "false",
            },
        )
        start("proxy", {}, ports={80: port})
        bearer = {"Authorization": f"Bearer {keys['anon']}"}
        _await(f"{url}/auth/v1/health")
        _await(f"{url}/storage/v1/status")
        _await(f"{url}/realtime/v1/api/tenants/{TENANT}/health", bearer)
        _await(f"{url}/rest/v1/", {"apikey": keys["anon"], **bearer})
        yield Project(url, db_port, password, secret, keys["anon"], keys["service_role"])


def _set_passwords(port: int, password: str) -> None:
    """What the platform does before it starts the services."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            admin = psycopg.connect(
                f"postgresql://supabase_admin:{password}@127.0.0.1:{port}/postgres",
                autocommit=True,
                connect_timeout=5,
            )
            break
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
    with admin:
        for role in ("authenticator", "supabase_auth_admin", "supabase_storage_admin", "postgres"):
            admin.execute(
                psycopg.sql.SQL("alter user {} with password {}").format(
                    psycopg.sql.Identifier(role), psycopg.sql.Literal(password)
                )
            )
        admin.execute("create schema if not exists _realtime; alter schema _realtime owner to supabase_admin")


def _await(url: str, headers: dict[str, str] | None = None) -> None:
    deadline = time.monotonic() + START_S
    last = "nothing"
    while time.monotonic() < deadline:
        try:
            answer = httpx.get(url, headers=headers, timeout=5)
            last = f"{answer.status_code} {answer.text[:200]}"
            if answer.is_success:
                return
        except httpx.TransportError as error:
            last = repr(error)
        time.sleep(1)
    raise AssertionError(f"{url} answers {last}")
