"""Keys of providers: set, listed without what they are, and told only to the worker that needs them."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar.testing import TestClient

from cliprow.api import create_app
from cliprow.api.database import Database
from cliprow.api.key_sealing import KeySealing
from cliprow.errors import FailForGood
from cliprow.models import Stage
from cliprow.queue.calls import Claim, QueueCalls
from cliprow.queue.frames import Failed, Request
from cliprow.queue.slot import OnCall, OnProgress
from cliprow.queue.task_run import TaskRunner
from cliprow.sealing import Sealer, SecretsKeyMissing, is_sealed, new_key, parse_keys
from tests.folder_storage import FolderStorage
from tests.integration.api.conftest import SEALER, Api, settings_for
from tests.integration.api.test_lists import batch
from tests.sql.world import Claimed, Worker, World

KEY = "sk-secret-0123456789wxyz"
SECRETS = "select private.task_secrets(%s, %s, %s)"


def claim(api: Api, worker: Worker, stage: Stage) -> Claimed:
    """The next task of a stage of this caller's tenant."""
    assert api.person is not None
    while (claimed := worker.take(stage)) is not None:
        if claimed.verdict == "run" and claimed.answer["tenant_id"] == str(api.person.tenant_id):
            return claimed
    raise AssertionError


def secrets(worker: Worker, claimed: Claimed, sealer: Sealer = SEALER) -> dict[str, str]:
    """What the worker of this attempt makes of what it is told."""
    row = worker.connection.execute(SECRETS, [claimed.job_id, claimed.task_id, claimed.attempt_id]).fetchone()
    assert row is not None
    return sealer.open_settings(row[0], UUID(claimed.answer["tenant_id"]))


def kept(api: Api) -> tuple[str | None, str | None]:
    """What the table has of the caller's key: plain, and sealed."""
    assert api.person is not None
    ((plain, sealed),) = api.world.rows(
        "select secret, sealed from private.provider_keys where tenant_id = %s", api.person.tenant_id
    )
    return plain, sealed


def keep_plain(api: Api, key: str) -> None:
    """As Cliprow kept keys before they were encrypted."""
    assert api.person is not None
    api.world.run(
        "insert into private.provider_keys (tenant_id, provider, secret, last_four) values (%s, 'script', %s, right(%s, 4))",
        api.person.tenant_id, key, key,
    )  # fmt: skip


def start(api: Api, sealer: Sealer) -> int:
    """What a starting API does; how many keys it has encrypted."""

    async def scenario() -> int:
        database = Database(settings_for(api.gateway))
        await database.start()
        try:
            return await KeySealing(database, sealer).seal_all()
        finally:
            await database.stop()

    return asyncio.run(scenario())


@pytest.fixture(autouse=True)
def without_keys_of_others(world: World) -> None:
    world.run("delete from private.provider_keys")


def claimed_script(api: Api, worker: Worker) -> Claimed:
    batch(api, ["Sky"])
    return claim(api, worker, Stage.SCRIPT)


def test_a_key_is_set_and_never_shown(ann: Api, bob: Api) -> None:
    answer = ann.call("PUT", "/provider-keys/script", {"key": KEY})
    assert answer.status_code == 200, answer.text
    assert answer.json()["last_four"] == "wxyz"
    listed = ann.call("GET", "/provider-keys")
    assert [each["provider"] for each in listed.json()["items"]] == ["script"]
    assert ann.person is not None
    assert listed.json()["items"][0]["set_by"] == str(ann.person.user_id)
    audit = ann.call("GET", "/audit").text
    assert KEY not in answer.text + listed.text + audit
    assert bob.get("/provider-keys")["items"] == []
    assert ann.call("PUT", "/provider-keys/script", {"key": "short-key"}).json()["last_four"] == ""
    assert ann.call("DELETE", "/provider-keys/script").status_code == 204
    assert ann.call("DELETE", "/provider-keys/script").status_code == 404
    assert ann.get("/provider-keys")["items"] == []


def test_only_the_worker_of_a_running_attempt_is_told(ann: Api, bob: Api) -> None:
    ann.call("PUT", "/provider-keys/script", {"key": KEY})
    batch(ann, ["Sky"])
    batch(bob, ["Sea"])
    worker = Worker(ann.world, slots=1000)
    claims = {}
    while (claimed := worker.take(Stage.SCRIPT)) is not None:
        if claimed.verdict == "run":
            claims[claimed.answer["tenant_id"]] = claimed
    assert ann.person is not None
    assert bob.person is not None
    mine, other = claims[str(ann.person.tenant_id)], claims[str(bob.person.tenant_id)]
    assert secrets(worker, mine) == {"script.api_key": KEY}
    assert secrets(worker, other) == {}
    worker.complete(mine)
    assert secrets(worker, mine) == {}, "it runs no more"
    assert secrets(worker, claim(ann, worker, Stage.AUDIO)) == {}, "its stage reads none"
    worker.leave()


class Recorder:
    """A slot that notes what it is asked to run with, and runs nothing."""

    peak_memory_bytes = 0

    def __init__(self) -> None:
        self.asked: list[Request] = []

    async def start(self) -> dict[Stage, str]:
        return {}

    async def run(self, request: Request, on_progress: OnProgress, on_call: OnCall) -> Failed:
        self.asked.append(request)
        return Failed("RECORDED", "Nothing was run.", "", False)

    async def stop(self) -> None:
        return


def test_a_worker_hands_the_key_to_its_stage_and_says_why_it_cannot(ann: Api, tmp_path: Path) -> None:
    ann.call("PUT", "/provider-keys/script", {"key": KEY})
    slot = Recorder()

    async def run(sealer: Sealer) -> None:
        batch(ann, ["Sky"])
        worker = Worker(ann.world, slots=1000)
        claimed = claim(ann, worker, Stage.SCRIPT)
        calls = QueueCalls(ann.world.database.worker, worker.id)
        await calls.open()
        runner = TaskRunner(calls, FolderStorage(tmp_path / "media"), tmp_path, sealer)
        await runner.run(
            slot, msgspec.convert({**vars(claimed), **claimed.answer, "inputs": msgspec.Raw(b"{}")}, Claim)
        )
        await calls.close()
        worker.leave()

    asyncio.run(run(SEALER))
    assert [each.secrets for each in slot.asked] == [{"script.api_key": KEY}]
    assert KEY not in repr(slot.asked)
    asyncio.run(run(Sealer()))
    assert len(slot.asked) == 1, "without the key nothing runs"
    assert ann.person is not None
    ((message,),) = ann.world.rows(
        "select error_message from public.stage_tasks where tenant_id = %s and error_code = 'SECRETS_KEY_MISSING'",
        ann.person.tenant_id,
    )
    assert "which this process does not have" in message


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_keys_are_for_admins(ann: Api, role: str) -> None:
    person = ann.member(role)
    assert person.call("PUT", "/provider-keys/script", {"key": KEY}).status_code == 403
    assert person.call("DELETE", "/provider-keys/script").status_code == 403
    person.get("/provider-keys", expect=403)


@pytest.mark.parametrize(
    ("provider", "key"),
    [("openai", KEY), ("script", "short"), ("script", "with spaces in it"), ("script", "k" * 501)],
)
def test_what_is_no_key_is_refused_without_repeating_it(ann: Api, provider: str, key: str) -> None:
    answer = ann.call("PUT", f"/provider-keys/{provider}", {"key": key})
    assert answer.status_code == 422
    assert key not in answer.text


def test_no_row_of_the_whole_database_holds_the_key(ann: Api) -> None:
    """What a dump would have of it, in whatever table."""
    ann.call("PUT", "/provider-keys/script", {"key": KEY})
    plain, sealed = kept(ann)
    assert plain is None
    assert sealed is not None
    tables = ann.world.rows(
        "select c.oid::regclass::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_temp'"
    )
    holders = []
    with World(ann.world.database, ann.world.connect(ann.world.database.superuser)).admin as dumped:
        for (table,) in tables:
            row = dumped.execute(
                f"select count(*) from {table} as t where t::text like %s".encode(), [f"%{KEY}%"]
            ).fetchone()
            if row and row[0]:
                holders.append(table)
    assert len(tables) > 50
    assert holders == []


def test_each_change_of_a_key_is_in_the_audit_and_its_value_never(ann: Api) -> None:
    assert ann.person is not None
    for key in (KEY, KEY.upper()):
        ann.call("PUT", "/provider-keys/script", {"key": key}, headers={"X-Cliprow-Client": "web"})
    sealed = str(kept(ann)[1])
    ann.call("DELETE", "/provider-keys/script")
    entries = ann.get("/audit", entity="provider_keys")["items"]
    assert [(each["action"], each["door"], each["user_id"]) for each in reversed(entries)] == [
        ("insert", "web", str(ann.person.user_id)),
        ("update", "web", str(ann.person.user_id)),
        ("delete", "rest", str(ann.person.user_id)),
    ]
    assert {each["entity_id"] for each in entries} == {"script"}
    text = str(entries)
    assert not any(each in text for each in (KEY, KEY.upper(), sealed))


def test_a_ciphertext_of_another_tenant_is_refused(ann: Api, bob: Api) -> None:
    ann.call("PUT", "/provider-keys/script", {"key": KEY})
    bob.call("PUT", "/provider-keys/script", {"key": KEY.upper()})
    worker = Worker(ann.world, slots=1000)
    mine = claimed_script(bob, worker)
    assert secrets(worker, mine) == {"script.api_key": KEY.upper()}
    assert bob.person is not None
    ann.world.run(
        "update private.provider_keys set sealed = %s where tenant_id = %s",
        kept(ann)[1],
        bob.person.tenant_id,
    )
    with pytest.raises(FailForGood, match="belongs to another team"):
        secrets(worker, mine)
    worker.leave()


def test_a_plain_key_is_encrypted_when_the_api_starts(ann: Api) -> None:
    keep_plain(ann, KEY)
    worker = Worker(ann.world, slots=1000)
    mine = claimed_script(ann, worker)
    assert secrets(worker, mine) == {"script.api_key": KEY}, "until then it works as before"
    with TestClient(create_app(settings_for(ann.gateway))) as _:
        for _ in range(100):
            plain, sealed = kept(ann)
            if sealed is not None:
                break
            asyncio.run(asyncio.sleep(0.05))
    assert plain is None
    assert sealed is not None
    assert is_sealed(sealed)
    assert secrets(worker, mine) == {"script.api_key": KEY}
    assert ann.get("/provider-keys")["items"][0]["last_four"] == "wxyz"
    assert ann.get("/audit", entity="provider_keys")["items"][1:] == [], (
        "the machine's own change is nobody's"
    )
    worker.leave()


def test_without_a_key_of_the_deployment_a_plain_key_stays_and_the_log_says_why(
    ann: Api, caplog: pytest.LogCaptureFixture
) -> None:
    keep_plain(ann, KEY)
    with caplog.at_level(logging.INFO, "cliprow.api"):
        assert start(ann, Sealer()) == 0
    assert kept(ann) == (KEY, None)
    assert "CLIPROW_SECRETS_KEY" in caplog.text
    assert KEY not in caplog.text


def test_keys_move_to_the_first_key_of_the_deployment(ann: Api, caplog: pytest.LogCaptureFixture) -> None:
    old, new = new_key(), new_key()
    keep_plain(ann, KEY)
    assert start(ann, Sealer(parse_keys("key", old))) == 1
    before = kept(ann)
    assert start(ann, Sealer(parse_keys("key", old))) == 0
    # With a key that cannot open it, it stays for the one that can.
    assert start(ann, Sealer(parse_keys("key", new))) == 0
    assert kept(ann) == before
    assert "does not have" in caplog.text
    assert start(ann, Sealer(parse_keys("key", f"{new},{old}"))) == 1
    worker = Worker(ann.world, slots=1000)
    mine = claimed_script(ann, worker)
    assert secrets(worker, mine, Sealer(parse_keys("key", new))) == {"script.api_key": KEY}
    with pytest.raises(SecretsKeyMissing):
        secrets(worker, mine, Sealer(parse_keys("key", old)))
    worker.leave()


def test_a_key_that_was_set_meanwhile_wins(ann: Api) -> None:
    keep_plain(ann, KEY)
    ann.call("PUT", "/provider-keys/script", {"key": KEY.upper()})
    sealed = kept(ann)[1]
    assert ann.person is not None
    again = SEALER.seal(KEY, ann.person.tenant_id, "script")
    done = ann.world.one("select private.seal_key(%s, 'script', %s, %s)", ann.person.tenant_id, KEY, again)
    assert done is False
    assert kept(ann) == (None, sealed)


def test_without_a_key_of_the_deployment_none_is_taken(ann: Api) -> None:
    with TestClient(create_app(settings_for(ann.gateway, sealer=Sealer()))) as client:
        answer: httpx.Response = client.put(
            "/provider-keys/script", json={"key": KEY}, headers=dict(ann.headers)
        )
    assert answer.status_code == 503
    assert answer.json()["code"] == "secrets_key_missing"
    assert "CLIPROW_SECRETS_KEY" in answer.json()["next_step"]
    assert KEY not in answer.text
    assert ann.get("/provider-keys")["items"] == []
