"""Settings, all from the environment; nothing else in the project reads it for its own settings.

    CLIPROW_HOME             folder of the data (default: $XDG_DATA_HOME/cliprow)
    CLIPROW_DB_PORT          port of the embedded Postgres; unlike the default port it never moves
    CLIPROW_GATEWAY_PORT     port of the embedded gateway; likewise
    CLIPROW_POSTGRES_BIN     folder with `initdb` and `postgres` to use instead of the packaged ones
    DATABASE_URL             a real Supabase project's database; absent: the embedded stack
    SUPABASE_URL             that project's API, with its keys:
    SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY
    SUPABASE_JWT_SECRET      the secret that signs its tokens, if it is an older project without signing keys
    CLIPROW_API_URL          a deployment that commands use through its REST API
    CLIPROW_API_HOST         address that `cliprow api` listens on (default: 127.0.0.1)
    CLIPROW_API_PORT         and its port (default: 8000)
    CLIPROW_API_CORS_ORIGINS origins of web pages that may call it, separated by commas
    CLIPROW_API_LIMITS       requests that one user, and one address nobody has signed in from, may send in ten seconds, and
                             sign-ins that one address may try in five minutes (default: 300,100,30; 0 is no limit)
    CLIPROW_API_PRIVATE_LINKS `true`: imports by link may also fetch by http and from private networks and this machine; for
                             closed networks only, since whoever may import can then look into them (default: false)
    CLIPROW_LEGACY_TENANT    id of the tenant that the old system's endpoints serve, or `own` for that of the commands on
                             the embedded stack; without it they are off
    CLIPROW_LEGACY_API_KEY   the key they ask for; without it they answer on loopback only
    CLIPROW_STORAGE_CACHE_MB most room for local copies of stored files (default: 5000)
    CLIPROW_SECRETS_KEY      what teams' provider keys are encrypted with, the same for API and workers: 32 bytes in base64.
                             Several, separated by commas: the first encrypts, all decrypt (default: the embedded stack's)
    CLIPROW_USER             address of the user that commands act for (default: the embedded stack's own)
    CLIPROW_<GROUP>_<NAME>   a provider setting, like CLIPROW_SCRIPT_PROVIDER for `script.provider`

A variable that is set to nothing counts as absent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from cliprow.errors import InvalidInput
from cliprow.sealing import parse_keys

#: Groups of CLIPROW_* variables that configure Cliprow itself, not a provider.
_OWN_GROUPS = frozenset({"api", "db", "gateway", "legacy", "postgres", "secrets", "storage", "test"})


@dataclass(frozen=True)
class SupabaseProject:
    """Where Supabase's protocols are spoken, and with which keys."""

    url: str
    publishable_key: str
    #: Passes by row-level security: for the server side only.
    secret_key: str = field(repr=False)


@dataclass(frozen=True, repr=False)
class Config:
    """Everything that decides where Cliprow keeps its data and whom it talks to."""

    #: Folder of the data: the embedded cluster, stored media, logs, `secrets.json`, `stack.json`.
    home: Path
    #: Folder of the user's own settings: who is signed in where.
    settings_folder: Path = field(default_factory=lambda: _settings_folder(os.environ))
    #: Conninfo of a real project; empty for the embedded stack.
    database_url: str = field(default="", metadata={"secret": True})
    supabase_url: str = ""
    supabase_publishable_key: str = ""
    supabase_secret_key: str = field(default="", metadata={"secret": True})
    supabase_jwt_secret: str = field(default="", metadata={"secret": True})
    #: Keys that secrets of tenants are encrypted with, the one that encrypts first.
    secrets_keys: tuple[bytes, ...] = field(default=(), metadata={"secret": True})
    #: Ports of the embedded Postgres and gateway that the user insists on; None lets them move when taken.
    db_port: int | None = None
    gateway_port: int | None = None
    #: Folder with `initdb` and `postgres`; None for the packaged ones.
    postgres_bin: Path | None = None
    #: Most room for local copies of stored files.
    storage_cache_bytes: int = 5_000_000_000
    #: A deployment that commands use through its REST API; empty for none.
    api_url: str = ""
    #: Where the REST API of this machine listens.
    api_host: str = "127.0.0.1"
    api_port: int = 8000
    #: Whether the user chose that port, so that it must not move when taken.
    insists_on_api_port: bool = False
    api_cors_origins: tuple[str, ...] = ()
    #: Requests of a user and of an address in ten seconds, sign-ins of an address in five minutes.
    api_limits: tuple[int, int, int] = (300, 100, 30)
    #: Whether imports by link may fetch from private networks.
    api_private_links: bool = False
    #: The tenant of the old system's endpoints; empty: they are off. The key they ask for.
    legacy_tenant: str = ""
    legacy_api_key: str = field(default="", metadata={"secret": True})
    #: Provider settings as flat strings: `script.provider`, `speech.openai_api_key`.
    settings: Mapping[str, str] = field(default_factory=dict, metadata={"secret": True})

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Config:
        """Read the settings.

        Raises:
            InvalidInput: a port that is not a port, and the like.
        """
        given = {name: value for name, value in (environment or os.environ).items() if value.strip()}
        postgres_bin = given.get("CLIPROW_POSTGRES_BIN")
        return cls(
            home=_home(given),
            settings_folder=_settings_folder(given),
            database_url=given.get("DATABASE_URL", ""),
            supabase_url=given.get("SUPABASE_URL", "").rstrip("/"),
            supabase_publishable_key=given.get("SUPABASE_PUBLISHABLE_KEY", ""),
            supabase_secret_key=given.get("SUPABASE_SECRET_KEY", ""),
            supabase_jwt_secret=given.get("SUPABASE_JWT_SECRET", ""),
            secrets_keys=parse_keys("CLIPROW_SECRETS_KEY", given.get("CLIPROW_SECRETS_KEY", "")),
            db_port=_port("CLIPROW_DB_PORT", given.get("CLIPROW_DB_PORT")),
            gateway_port=_port("CLIPROW_GATEWAY_PORT", given.get("CLIPROW_GATEWAY_PORT")),
            storage_cache_bytes=_megabytes("CLIPROW_STORAGE_CACHE_MB", given.get("CLIPROW_STORAGE_CACHE_MB")),
            api_url=given.get("CLIPROW_API_URL", "").rstrip("/"),
            api_host=given.get("CLIPROW_API_HOST", "127.0.0.1"),
            api_port=_port("CLIPROW_API_PORT", given.get("CLIPROW_API_PORT")) or 8000,
            insists_on_api_port="CLIPROW_API_PORT" in given,
            api_cors_origins=tuple(_words(given.get("CLIPROW_API_CORS_ORIGINS", ""))),
            api_limits=_limits("CLIPROW_API_LIMITS", given.get("CLIPROW_API_LIMITS", "300,100,30")),
            api_private_links=_yes_or_no(
                "CLIPROW_API_PRIVATE_LINKS", given.get("CLIPROW_API_PRIVATE_LINKS", "false")
            ),
            legacy_tenant=given.get("CLIPROW_LEGACY_TENANT", "").strip(),
            legacy_api_key=given.get("CLIPROW_LEGACY_API_KEY", ""),
            postgres_bin=Path(postgres_bin).expanduser() if postgres_bin else None,
            settings=_provider_settings(given),
        )

    @property
    def embedded(self) -> bool:
        """Whether the embedded stack is used."""
        return not self.database_url

    def project(self) -> SupabaseProject:
        """The real project's address and keys.

        Raises:
            InvalidInput: one of them is not set.
        """
        given = {
            "SUPABASE_URL": self.supabase_url,
            "SUPABASE_PUBLISHABLE_KEY": self.supabase_publishable_key,
            "SUPABASE_SECRET_KEY": self.supabase_secret_key,
        }
        missing = [name for name, value in given.items() if not value]
        if missing:
            raise InvalidInput(
                f"DATABASE_URL names a Supabase project, but {' and '.join(missing)} are not set."
                if len(missing) > 1
                else f"DATABASE_URL names a Supabase project, but {missing[0]} is not set.",
                error_code="PROJECT_NOT_SET",
                next_step="Take them from the project's settings (API keys, Data API), or run `supabase status` "
                "for a local project; or unset DATABASE_URL to use the embedded one.",
            )
        return SupabaseProject(*given.values())

    def __repr__(self) -> str:
        shown = []
        for each in fields(self):
            value = getattr(self, each.name)
            if each.metadata.get("secret") and value:
                value = sorted(value) if isinstance(value, Mapping) else "***"
            shown.append(f"{each.name}={value!r}" if value != "***" else f"{each.name}=***")
        return f"Config({', '.join(shown)})"


def _home(given: Mapping[str, str]) -> Path:
    if "CLIPROW_HOME" in given:
        return Path(given["CLIPROW_HOME"]).expanduser().absolute()
    data = Path(given.get("XDG_DATA_HOME", ""))
    if not data.is_absolute():  # the XDG specification: a relative path is to be ignored
        data = Path(given.get("HOME") or Path.home()) / ".local" / "share"
    return data / "cliprow"


def _settings_folder(given: Mapping[str, str]) -> Path:
    folder = Path(given.get("XDG_CONFIG_HOME", ""))
    if not folder.is_absolute():
        folder = Path(given.get("HOME") or Path.home()) / ".config"
    return folder / "cliprow"


def _port(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,5}", text.strip()) or not 1 <= int(text) <= 65535:
        raise InvalidInput(
            f"{name} is {text!r}, which is not a port.", next_step=f"Set {name} to a number from 1 to 65535."
        )
    return int(text)


def _limits(name: str, text: str) -> tuple[int, int, int]:
    words = _words(text)
    if len(words) != 3 or not all(re.fullmatch(r"\d{1,7}", word) for word in words):
        raise InvalidInput(
            f"{name} is {text!r}, which is not three numbers.", next_step=f"Set {name} like 300,100,30."
        )
    user, address, sign_in = map(int, words)
    return user, address, sign_in


def _yes_or_no(name: str, text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise InvalidInput(
            f"{name} is {text!r}, which is neither true nor false.", next_step=f"Set {name} to true or false."
        )
    return word == "true"


def _megabytes(name: str, text: str | None, default: int = 5000) -> int:
    if text is None:
        return default * 1_000_000
    if not re.fullmatch(r"\d{1,9}", text.strip()):
        raise InvalidInput(
            f"{name} is {text!r}, which is no number of megabytes.",
            next_step=f"Set {name} to a whole number.",
        )
    return int(text) * 1_000_000


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _provider_settings(given: Mapping[str, str]) -> dict[str, str]:
    settings = {}
    for name, value in given.items():
        match = re.fullmatch(r"CLIPROW_([A-Z0-9]+)_([A-Z0-9_]+)", name)
        if match and match[1].lower() not in _OWN_GROUPS:
            settings[f"{match[1]}.{match[2]}".lower()] = value
    return settings
