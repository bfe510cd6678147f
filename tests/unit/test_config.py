"""cliprow.config: settings from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from cliprow.config import Config
from cliprow.errors import InvalidInput


@pytest.mark.parametrize(
    ("environment", "home"),
    [
        ({"HOME": "/home/me"}, "/home/me/.local/share/cliprow"),
        ({"HOME": "/home/me", "XDG_DATA_HOME": "/data"}, "/data/cliprow"),
        ({"HOME": "/home/me", "XDG_DATA_HOME": "relative"}, "/home/me/.local/share/cliprow"),
        ({"HOME": "/home/me", "XDG_DATA_HOME": "/data", "CLIPROW_HOME": "/mine"}, "/mine"),
        ({"HOME": "/home/me", "CLIPROW_HOME": " "}, "/home/me/.local/share/cliprow"),
    ],
)
def test_the_data_folder_follows_the_xdg_specification(environment: dict[str, str], home: str) -> None:
    assert Config.from_environment(environment).home == Path(home)


def test_a_relative_data_folder_is_meant_from_here() -> None:
    assert Config.from_environment({"CLIPROW_HOME": "data"}).home == Path.cwd() / "data"


def test_without_database_url_the_embedded_stack_is_used() -> None:
    assert Config.from_environment({"HOME": "/home/me", "DATABASE_URL": ""}).embedded
    assert not Config.from_environment({"HOME": "/home/me", "DATABASE_URL": "postgresql://x/y"}).embedded


def test_provider_settings_are_grouped_by_their_first_word() -> None:
    config = Config.from_environment(
        {
            "CLIPROW_HOME": "/mine",
            "CLIPROW_DB_PORT": "5000",
            "CLIPROW_POSTGRES_BIN": "/pg/bin",
            "CLIPROW_SCRIPT_PROVIDER": "openai",
            "CLIPROW_SCRIPT_OPENAI_API_KEY": "sk-1",
        }
    )
    assert config.settings == {"script.provider": "openai", "script.openai_api_key": "sk-1"}
    assert config.db_port == 5000
    assert config.postgres_bin == Path("/pg/bin")


def test_settings_of_gateway_api_and_old_system_are_no_provider_settings() -> None:
    config = Config.from_environment(
        {
            "CLIPROW_HOME": "/mine",
            "CLIPROW_GATEWAY_PORT": "5001",
            "CLIPROW_API_HOST": "0.0.0.0",
            "CLIPROW_API_PORT": "5002",
            "CLIPROW_API_CORS_ORIGINS": "https://a.example, https://b.example",
            "CLIPROW_API_PRIVATE_LINKS": "true",
            "CLIPROW_LEGACY_TENANT": "t",
            "CLIPROW_LEGACY_API_KEY": "k",
        }
    )
    assert config.settings == {}
    assert (config.gateway_port, config.api_host, config.api_port) == (5001, "0.0.0.0", 5002)
    assert config.api_cors_origins == ("https://a.example", "https://b.example")
    assert config.api_private_links
    assert (config.legacy_tenant, config.legacy_api_key) == ("t", "k")


def test_links_to_private_networks_are_off_until_they_are_named() -> None:
    assert not Config.from_environment({"CLIPROW_HOME": "/mine"}).api_private_links
    assert not Config.from_environment({"CLIPROW_API_PRIVATE_LINKS": "False"}).api_private_links
    with pytest.raises(InvalidInput, match="CLIPROW_API_PRIVATE_LINKS"):
        Config.from_environment({"CLIPROW_API_PRIVATE_LINKS": "maybe"})


def test_a_project_that_is_set_by_half_is_named() -> None:
    config = Config.from_environment(
        {"DATABASE_URL": "postgresql://x/y", "SUPABASE_URL": "https://x.supabase.co/"}
    )
    with pytest.raises(InvalidInput, match="SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY are not set"):
        config.project()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "5e3", "5 432"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(InvalidInput, match="CLIPROW_DB_PORT"):
        Config.from_environment({"CLIPROW_HOME": "/mine", "CLIPROW_DB_PORT": port})


def test_showing_the_settings_shows_no_secret() -> None:
    config = Config.from_environment(
        {
            "CLIPROW_HOME": "/mine",
            "DATABASE_URL": "postgresql://me:hidden-1@db/postgres",
            "SUPABASE_SECRET_KEY": "hidden-2",
            "CLIPROW_SCRIPT_OPENAI_API_KEY": "hidden-3",
        }
    )
    shown = f"{config} {config!r}"
    assert "hidden" not in shown
    assert "script.openai_api_key" in shown
    assert "/mine" in shown
