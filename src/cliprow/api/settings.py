"""What the API is told when it starts."""

from __future__ import annotations

from uuid import UUID

import msgspec
from msgspec import field

from cliprow.db import USER_TIMEOUT_MS
from cliprow.sealing import Sealer


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is, and what one caller may ask for. Holds secrets, so nothing prints it."""

    #: Conninfo as `cliprow_api`, or as `postgres`; both may become `authenticated`.
    database: str
    #: The Supabase project, or the embedded gateway.
    supabase_url: str
    publishable_key: str
    #: To sign and read files, once the database has agreed, and to tell Auth the caller's address.
    secret_key: str = ""
    #: HS256 secret of an older project; empty: tokens are verified with the project's public keys.
    jwt_secret: str = ""
    #: Encrypts secrets of tenants before the database sees them.
    sealer: Sealer = field(default_factory=Sealer)
    #: Origins of web apps that may call from elsewhere, like https://app.example.org; the same origin always may.
    cors_origins: tuple[str, ...] = ()
    pool_size: int = 8
    #: Longest that one statement of a request may take.
    statement_timeout_ms: int = USER_TIMEOUT_MS
    #: Longest wait for a connection of the pool.
    pool_timeout_s: float = 5.0
    max_body_bytes: int = 8_000_000
    #: Requests in ten seconds: of one user, of one address that is not signed in; 0 for no limit.
    user_limit: int = 300
    address_limit: int = 100
    #: Sign-ins, sign-ups and recoveries in five minutes from one address; 0 for no limit.
    sign_in_limit: int = 30
    #: Whether files named by link may be fetched by http and from private networks; for closed networks only.
    private_links: bool = False
    #: Settings of speech and visuals as the workers have them: what samples are made with.
    sample_settings: dict[str, str] = {}
    #: Seconds between two looks of the canary; 0 for none.
    canary_every_s: float = 300.0
    #: Tenant that the old surface (`/api`, `/media`, `/ws`) shows; None: there is no such surface.
    legacy_tenant: UUID | None = None
    #: What its callers must send; empty lets this machine in, and nobody else.
    legacy_api_key: str = ""

    def __repr__(self) -> str:
        return f"ApiSettings(supabase_url={self.supabase_url!r})"

    @property
    def auth_url(self) -> str:
        """Supabase Auth; also the issuer of its tokens."""
        return f"{self.supabase_url.rstrip('/')}/auth/v1"
