"""Beside the gateway that all tests share: one that wants addresses confirmed, and one with hashes as users' own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cliprow.local.gateway.settings import Options
from tests.cluster import Server
from tests.gateway import Gateway, running_gateway


@pytest.fixture(scope="session")
def confirming(
    server: Server, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway whose users must confirm their address first."""
    database = server.create("confirming_gateway", migrated_template)
    options = Options(
        confirm_email=True,
        site_url="https://cliprow.example/app",
        redirect_urls=("http://127.0.0.1:*", "myapp://signed-in"),
        sign_in_limit=1_000_000,
        refresh_limit=1_000_000,
    )
    with running_gateway(server, database, tmp_path_factory.mktemp("confirming"), options) as running:
        yield running
    server.drop(database.name)


@pytest.fixture(scope="session")
def strong(
    server: Server, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway that hashes passwords as users' own does."""
    database = server.create("strong_gateway", migrated_template)
    with running_gateway(server, database, tmp_path_factory.mktemp("strong"), is_strong=True) as running:
        yield running
    server.drop(database.name)
