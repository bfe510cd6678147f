"""The whole product from outside: apps on Supabase's own clients, unmodified, with `cliprow up` and its worker."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import httpx
import psutil
import pytest

from cliprow.local.keeper import kept_by
from tests.acceptance.conftest import TOPIC
from tests.acceptance.python_app import Heard, PythonApp
from tests.acceptance.served import Served, Story, serving, story
from tests.people import PASSWORD

#: How long an access token is good for here: long enough for a video, short enough to see the end of it.
TOKEN_S = 100
#: Between two messages of one topic, by the database's clock, in seconds.
INTERVAL_S = 0.25


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), access_token_s=TOKEN_S) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def patient(served: Served) -> Iterator[Story]:
    """Follows with one token from the beginning on, until the channel is closed."""
    with story(served, "stay") as running:
        yield running


@dataclass(frozen=True)
class TwoTenants:
    """What two people have seen whose videos were made at the same time."""

    #: The result of the story "video", and the file that it has downloaded.
    browser: dict[str, Any]
    video: Path
    #: The other's, with the Python client: what it heard of its batch and of its tenant, its changes and its video.
    batch: Heard
    tenant: Heard
    changes: dict[str, Any]
    data: bytes


@pytest.fixture(scope="module")
def two_tenants(served: Served, patient: Story, tmp_path_factory: pytest.TempPathFactory) -> TwoTenants:
    """A web app and a Python program, each with a tenant and a batch of its own, beside each other."""
    assert patient.told("subscribed")
    video = tmp_path_factory.mktemp("browser") / "video.mp4"
    with story(served, "video", {"topic": TOPIC, "file": str(video)}) as browser:
        batch, tenant, changes, data = asyncio.run(_make_a_video(served))
        return TwoTenants(browser.result(), video, batch, tenant, changes, data)


async def _make_a_video(served: Served) -> tuple[Heard, Heard, dict[str, Any], bytes]:
    app = await PythonApp.sign_up(served)
    me = await app.call("GET", "/me")
    tenant = await app.follow("tenant", me["tenant"]["id"])
    batch_id = await app.create_batch(TOPIC | {"topic": "Why the sea is salty"})
    batch = await app.follow("batch", batch_id)
    job = await _until_ended(app, batch_id)
    assert job["status"] == "completed", job
    # The last message may come after the row has changed.
    await _until(lambda: batch.jobs().get(job["id"], {}).get("status") == "completed", 5)
    changes = await app.changes(batch_id=batch_id)
    data = await app.video(job["id"])
    await app.close()
    return batch, tenant, changes, data


async def _until_ended(app: PythonApp, batch_id: str) -> dict[str, Any]:
    for _ in range(600):
        job = await app.job(batch_id)
        if job["status"] not in ("pending", "processing"):
            return job
        await asyncio.sleep(0.25)
    raise AssertionError("the job does not end")


async def _until(holds: Any, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def check_messages(messages: list[dict[str, Any]]) -> None:
    """An unbroken chain, versions that only grow, and no more than four a second."""
    payloads = [message["payload"] for message in messages]
    assert [each["prev_seq"] for each in payloads[1:]] == [each["seq"] for each in payloads[:-1]]
    sent = [datetime.fromisoformat(each["ts"]) for each in payloads]
    assert all(later - earlier >= timedelta(seconds=INTERVAL_S) for earlier, later in pairwise(sent)), sent
    newest: dict[str, int] = {}
    for payload in payloads:
        for row in (row for kind in ("batches", "jobs", "tasks") for row in payload.get(kind, [])):
            assert row["version"] >= newest.get(row["id"], 0), row
            newest[row["id"]] = row["version"]


def statuses(messages: list[dict[str, Any]], kind: str) -> list[str]:
    """The states that rows of a kind were told to be in, one after the other."""
    found: list[str] = []
    for message in messages:
        for row in message["payload"].get(kind, []):
            if [row["status"]] != found[-1:]:
                found.append(row["status"])
    return found


def frames(video: Path) -> int:
    """How many frames a video decodes to."""
    with av.open(str(video)) as opened:
        return sum(1 for _ in opened.decode(video=0))


def test_a_web_app_follows_its_topic_until_the_video_plays(two_tenants: TwoTenants) -> None:
    seen = two_tenants.browser
    check_messages(seen["batch"]["messages"])
    check_messages(seen["tenant"]["messages"])
    assert statuses(seen["batch"]["messages"], "jobs") == ["processing", "completed"]
    assert statuses(seen["tenant"]["messages"], "batches")[-1] == "completed"
    assert len(seen["batch"]["messages"]) > 5
    assert len(set(seen["sha256"])) == 1
    assert len(set(seen["sizes"])) == 1
    assert frames(two_tenants.video) > 100


def test_what_was_fetched_and_what_was_told_is_all_there_is(two_tenants: TwoTenants) -> None:
    seen = two_tenants.browser
    assert seen["batch"]["statuses"] == ["SUBSCRIBED"]
    for kind in ("batches", "jobs", "tasks", "events"):
        assert seen["batch"]["rows"][kind] == {row["id"]: row for row in seen["changes"][kind]}, kind


def test_whoever_has_signed_out_is_out(two_tenants: TwoTenants) -> None:
    out = two_tenants.browser["after_sign_out"]
    assert out["session"] is None
    assert (out["api"], out["refresh"]) == ("token_missing", "refresh_token_not_found")


def test_a_python_program_does_the_same(two_tenants: TwoTenants, tmp_path: Path) -> None:
    check_messages(two_tenants.batch.messages)
    check_messages(two_tenants.tenant.messages)
    assert statuses(two_tenants.batch.messages, "jobs") == ["processing", "completed"]
    assert statuses(two_tenants.tenant.messages, "batches")[-1] == "completed"
    events = {event["id"] for event in two_tenants.changes["events"]}
    told = {row["id"] for each in two_tenants.batch.messages for row in each["payload"].get("events", [])}
    assert told <= events
    assert {event["status"] for event in two_tenants.changes["events"]} >= {"processing", "completed"}
    (tmp_path / "video.mp4").write_bytes(two_tenants.data)
    assert frames(tmp_path / "video.mp4") > 100


def test_two_tenants_hear_of_their_own_only(two_tenants: TwoTenants) -> None:
    browser, python = (
        {
            row["id"]
            for message in messages
            for kind in ("projects", "batches", "jobs", "tasks", "events")
            for row in message["payload"].get(kind, [])
        }
        for messages in (
            two_tenants.browser["batch"]["messages"] + two_tenants.browser["tenant"]["messages"],
            two_tenants.batch.messages + two_tenants.tenant.messages,
        )
    )
    assert browser
    assert python
    assert not browser & python


def test_another_tenant_is_refused_everywhere(served: Served, two_tenants: TwoTenants) -> None:
    seen = two_tenants.browser
    [batch_id] = seen["batch"]["rows"]["batches"]
    path = seen["signed_url"].partition("/media/")[2].partition("?")[0]
    topics = [seen["batch"]["topic"], seen["tenant"]["topic"], two_tenants.batch.topic]
    given = {"topics": topics, "batch_id": batch_id, "file_path": path}
    with story(served, "stranger", given) as stranger:
        found = stranger.result()
    assert found == {
        "refused": ["CHANNEL_ERROR"] * 3,
        "jobs": [],
        "rows": [],
        "batch": "batch_not_found",
        "pause": "CR002",
        "file": "StorageApiError",
    }


def test_a_removed_member_is_left_behind_and_the_others_go_on(served: Served) -> None:
    with story(served, "removal") as removal:
        found = removal.result()
    # The last word on the old topic has no contents: who fetches them has to be a member.
    assert found["heard"] == [["changes", "Heard by both"], ["resync", None]]
    assert (found["refusals"], found["joined"], found["api"]) == (
        ["not_allowed"],
        "CHANNEL_ERROR",
        "no_tenant",
    )
    owner, removed = found["statuses"]
    assert owner == ["SUBSCRIBED", "SUBSCRIBED"]
    assert removed == ["SUBSCRIBED", "CLOSED"]


def test_a_batch_is_paused_resumed_cancelled_and_retried_while_it_runs(served: Served) -> None:
    asyncio.run(_control_a_batch(served))


async def _control_a_batch(served: Served) -> None:
    app = await PythonApp.sign_up(served)
    batch_id = await app.create_batch(*(TOPIC | {"topic": f"Why clouds float, part {n}"} for n in (1, 2)))
    heard = await app.follow("batch", batch_id)
    actions = f"/batches/{batch_id}/actions"

    async def running() -> int:
        shown = await app.call("GET", f"/batches/{batch_id}")
        return sum(stage["processing"] for stage in shown["stages"])

    await _until(lambda: "processing" in statuses(heard.messages, "tasks"), 60)
    paused = await app.call("POST", actions, {"action": "pause"})
    assert paused["paused_at"]
    for _ in range(240):
        if not await running():
            break
        await asyncio.sleep(0.25)
    before = await app.call("GET", f"/batches/{batch_id}")
    await asyncio.sleep(2)
    still = await app.call("GET", f"/batches/{batch_id}")
    assert (still["progress"], still["status"], bool(still["paused_at"])) == (
        before["progress"],
        "processing",
        True,
    )
    assert still["progress"] < 100

    await app.call("POST", actions, {"action": "resume"})
    for _ in range(240):
        if await running():
            break
        await asyncio.sleep(0.25)
    cancelled = await app.call("POST", actions, {"action": "cancel"})
    assert cancelled["status"] == "cancelled"
    await _until(lambda: statuses(heard.messages, "batches")[-1] == "cancelled", 10)
    jobs = (await app.call("GET", f"/jobs?batch_id={batch_id}&order=oldest"))["items"]
    assert "cancelled" in {job["status"] for job in jobs}

    retried = next(job for job in jobs if job["status"] == "cancelled")
    again = await app.call("POST", f"/jobs/{retried['id']}/retry")
    assert again["generation"] == 2
    for _ in range(600):
        job = await app.call("GET", f"/jobs/{retried['id']}")
        if job["status"] not in ("pending", "processing"):
            break
        await asyncio.sleep(0.25)
    assert (job["status"], job["error_message"]) == ("completed", None)
    await _until(lambda: heard.jobs()[retried["id"]]["status"] == "completed", 10)
    check_messages(heard.messages)
    assert await app.video(retried["id"])
    await app.close()


def test_a_channel_ends_with_its_token(patient: Story) -> None:
    seen = patient.result()
    assert seen["expires_at"] - 1 <= seen["closed_at"] <= seen["expires_at"] + 5
    assert [(each["status"], each["message"]) for each in seen["said"] if each["status"] == "error"] == [
        ("error", "Token has expired")
    ]
    assert datetime.now(UTC).timestamp() > seen["expires_at"]


def test_an_app_misses_nothing_when_the_gateway_is_killed(served: Served) -> None:
    topics = [TOPIC | {"topic": f"Why grass is green, part {n}"} for n in (1, 2)]
    with ExitStack() as stack:
        browser = stack.enter_context(story(served, "outage", {"topics": topics}))
        assert browser.told("following")
        kept = kept_by(served.folder / "gateway.lock")
        assert kept is not None
        os.kill(kept[1], signal.SIGKILL)
        seen = browser.result()
    after = kept_by(served.folder / "gateway.lock")
    assert after is not None
    assert after[1] != kept[1]
    assert httpx.get(f"{served.supabase}/health").json()["pid"] == after[1]
    # It has joined again by itself, fetched, and heard more.
    assert seen["statuses"][0] == seen["statuses"][-1] == "SUBSCRIBED"
    assert "CHANNEL_ERROR" in seen["statuses"]
    assert len(seen["messages"]) > seen["heard_before"] > 2
    assert {job["status"] for job in seen["rows"]["jobs"].values()} == {"completed"}
    for kind in ("batches", "jobs", "tasks", "events"):
        assert seen["rows"][kind] == {row["id"]: row for row in seen["changes"][kind]}, kind
    assert {row["status"] for row in seen["changes"]["tasks"]} == {"completed"}


def test_no_secret_is_in_a_log_or_on_a_command_line(served: Served, two_tenants: TwoTenants) -> None:
    """Of all processes of the deployment, after all that; and the files with secrets are their owner's only."""
    signed_url = two_tenants.browser["signed_url"]
    known = {
        *served.secrets().values(),
        PASSWORD,
        *two_tenants.browser["tokens"],
        signed_url.partition("token=")[2],
    }
    # Keys have lines; of a token the signature is what nobody else may know.
    secrets = {line for each in known for line in each.splitlines() if "-----" not in line}
    secrets |= {each.rpartition(".")[2] for each in secrets if each.count(".") == 2}
    logs = {log.name: log.read_text(errors="replace") for log in (served.folder / "logs").iterdir()}
    assert {"api.log", "gateway.log", "postgres.log"} <= logs.keys()
    assert any(name.startswith("worker-") for name in logs)
    assert [name for name, text in logs.items() if any(each in text for each in secrets)] == []
    words = [
        word
        for process in psutil.process_iter()
        if (word := _command(process)) and (str(served.folder) in word or "cliprow" in word)
    ]
    assert words
    assert not [word for word in words if any(each in word for each in secrets)]
    for name in ("secrets.json", "gateway-run.json"):
        assert (served.folder / name).stat().st_mode & 0o777 == 0o600


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
