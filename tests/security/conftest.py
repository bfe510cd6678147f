"""A gateway and an API over two tenants, attacked from outside."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psycopg
import pytest

from cliprow.local.stack import API, url
from tests.cluster import PASSWORD, Server
from tests.gateway import running_gateway
from tests.integration.api.process import running_api
from tests.people import sign_up
from tests.security.attackers import Scene
from tests.security.target import Target, leaks
from tests.sql.row_level_security.cast import gather
from tests.sql.row_level_security.rows import add_rows
from tests.sql.world import World


@pytest.fixture(scope="session")
def scene(
    server: Server, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """The first tenant has a row in every table and a file."""
    database = server.create("attacked", migrated_template)
    with (
        psycopg.connect(database.admin, autocommit=True) as admin,
        running_gateway(server, database, tmp_path_factory.mktemp("attacked")) as gateway,
    ):
        world = World(database, admin)
        cast = gather(world)
        member = world.sign_up("member")
        rows = add_rows(world, cast.tenant_id, cast.project_id, member.user_id)
        path, data = f"{cast.tenant_id}/artifacts/{'ab' * 32}", b"what others must not see"
        key = gateway.settings.secret_key
        httpx.post(
            f"{gateway.url}/storage/v1/object/media/{path}",
            content=data,
            headers={"apikey": key, "Authorization": f"Bearer {key}", "content-type": "video/mp4"},
        ).raise_for_status()
        world.run(
            "update public.generated_content set file_path = %s where tenant_id = %s", path, cast.tenant_id
        )
        yield Scene(gateway, cast, rows, path, data)
        world.close()
    server.drop(database.name)


@pytest.fixture
def nothing_changes(scene: Scene) -> Iterator[None]:
    """What the test does leaves the first tenant as it was."""
    before = scene.fingerprint()
    yield
    assert scene.fingerprint() == before


@pytest.fixture(scope="session")
def target(
    server: Server, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A gateway and an API with the limits that they have by default; in the end nothing secret has come out."""
    folder = tmp_path_factory.mktemp("target")
    database = server.create("target", migrated_template)
    with (
        psycopg.connect(database.admin, autocommit=True) as admin,
        running_gateway(server, database, folder, is_strong=True) as gateway,
        running_api(
            gateway, url(API, PASSWORD, server.port, database.name), folder, CLIPROW_API_LIMITS=""
        ) as api,
    ):
        world = World(database, admin)
        person = sign_up(gateway)
        tenant_id = world.one("select tenant_id from public.memberships where user_id = %s", person.id)
        target = Target(gateway, api, world, person, str(tenant_id), server.cluster.log)
        yield target
        world.close()
        texts = {name: log.read_text(errors="replace") for name, log in target.logs().items()}
        found = leaks(target.secrets(), texts | {"answers": "\n".join(target.said)})
        unexpected = [name for name in ("gateway", "api") if "Traceback" in texts[name]]
    server.drop(database.name)
    assert found == []
    assert "$argon2" not in texts["postgres"]
    assert unexpected == []
