"""Settings, all from the environment; nothing else in the project reads it for its own settings.

    CLIPROW_HOME             folder of the data (default: $XDG_DATA_HOME/cliprow)
    CLIPROW_DB_PORT          port of the embedded Postgres; unlike the default port it never moves
    CLIPROW_POSTGRES_BIN     folder with `initdb` and `postgres` to use instead of the packaged ones
    DATABASE_URL             a real Supabase project's database; absent: the embedded stack
    SUPABASE_URL             that project's API, with its keys:
    SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY
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

#: Groups of CLIPROW_* variables that configure Cliprow itself, not a provider.
_OWN_GROUPS = frozenset({"db", "postgres", "test"})


@dataclass(frozen=True, repr=False)
class Config:
    """Everything that decides where Cliprow keeps its data and whom it talks to."""

    #: Folder of the data: the embedded cluster, stored media, logs, `secrets.json`, `stack.json`.
    home: Path
    #: Conninfo of a real project; empty for the embedded stack.
    database_url: str = field(default="", metadata={"secret": True})
    supabase_url: str = ""
    supabase_publishable_key: str = ""
    supabase_secret_key: str = field(default="", metadata={"secret": True})
    #: Port of the embedded Postgres that the user insists on; None lets it move when taken.
    db_port: int | None = None
    #: Folder with `initdb` and `postgres`; None for the packaged ones.
    postgres_bin: Path | None = None
    #: Provider settings as flat strings: `script.provider`, `speech.openai_api_key`.
    settings: Mapping[str, str] = field(default_factory=dict, metadata={"secret": True})

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Config:
        """Read the settings.

        Raises:
            InvalidInput: a port that is not a port.
        """
        given = {name: value for name, value in (environment or os.environ).items() if value.strip()}
        postgres_bin = given.get("CLIPROW_POSTGRES_BIN")
        return cls(
            home=_home(given),
            database_url=given.get("DATABASE_URL", ""),
            supabase_url=given.get("SUPABASE_URL", "").rstrip("/"),
            supabase_publishable_key=given.get("SUPABASE_PUBLISHABLE_KEY", ""),
            supabase_secret_key=given.get("SUPABASE_SECRET_KEY", ""),
            db_port=_port("CLIPROW_DB_PORT", given.get("CLIPROW_DB_PORT")),
            postgres_bin=Path(postgres_bin).expanduser() if postgres_bin else None,
            settings=_provider_settings(given),
        )

    @property
    def embedded(self) -> bool:
        """Whether the embedded stack is used."""
        return not self.database_url

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


def _port(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,5}", text.strip()) or not 1 <= int(text) <= 65535:
        raise InvalidInput(
            f"{name} is {text!r}, which is not a port.", next_step=f"Set {name} to a number from 1 to 65535."
        )
    return int(text)


def _provider_settings(given: Mapping[str, str]) -> dict[str, str]:
    settings = {}
    for name, value in given.items():
        match = re.fullmatch(r"CLIPROW_([A-Z0-9]+)_([A-Z0-9_]+)", name)
        if match and match[1].lower() not in _OWN_GROUPS:
            settings[f"{match[1]}.{match[2]}".lower()] = value
    return settings
