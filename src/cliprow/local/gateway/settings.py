"""What the gateway's process is told: one private file, written by whoever starts it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec


class OAuthProvider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenID Connect provider that people may sign in with."""

    #: Its issuer; `/.well-known/openid-configuration` lies below.
    issuer: str
    client_id: str
    client_secret: str
    scopes: str = "openid email profile"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`gateway.json` in the data folder: what a project's dashboard would set."""

    #: Where people land after a link in an e-mail or a sign-in elsewhere, unless they asked for another allowed place.
    site_url: str = "http://127.0.0.1:8000"
    #: Other places they may ask for; `*` at the end stands for anything.
    redirect_urls: tuple[str, ...] = ("http://127.0.0.1:*", "http://localhost:*")
    #: Whether an address must be confirmed before its first sign-in.
    confirm_email: bool = False
    #: How tokens are signed: with the private key, or as older projects do with the shared secret.
    jwt_algorithm: Literal["ES256", "HS256"] = "ES256"
    access_token_s: int = 3600
    oauth: dict[str, OAuthProvider] = {}
    #: SQL function that adds claims to every token, as schema.name; empty for none.
    claims_hook: str = "private.custom_access_token"
    #: Sign-ins and sign-ups, and refreshes, that one address may make in five minutes.
    sign_in_limit: int = 30
    refresh_limit: int = 150
    #: Seconds between two messages to the same e-mail address.
    mail_interval_s: int = 1
    password_min_length: int = 6
    #: Kinds of characters that a password must have, as in the Supabase CLI's config.toml.
    password_requirements: Literal[
        "",
        "letters_digits",
        "lower_upper_letters_digits",
        "lower_upper_letters_digits_symbols",
    ] = ""


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the process needs; holds secrets, so the file has mode 0600 and nothing prints it."""

    #: Port on 127.0.0.1.
    port: int
    #: How clients reach it, like http://127.0.0.1:54321; the issuer of its tokens is `{url}/auth/v1`.
    url: str
    #: Conninfos, each as the role that the real service logs in as: supabase_auth_admin, authenticator,
    #: supabase_storage_admin, and the superuser that reads the log.
    auth_db: str
    rest_db: str
    storage_db: str
    realtime_db: str
    #: Folder of the stored files.
    files: str
    publishable_key: str
    secret_key: str
    #: ES256 private key (PEM), and the HS256 secret.
    jwt_private_key: str
    jwt_secret: str
    #: Memory that hashing a password takes, in KiB; the rest of its cost is RFC 9106's for where memory is scarce.
    password_memory_kib: int = 65_536
    options: Options = Options()

    def __repr__(self) -> str:
        return f"GatewaySettings(url={self.url!r})"

    @property
    def issuer(self) -> str:
        """`iss` of the tokens."""
        return f"{self.url}/auth/v1"


def read_settings(path: Path) -> GatewaySettings:
    """Read the file of a gateway's process."""
    return msgspec.json.decode(path.read_bytes(), type=GatewaySettings)
