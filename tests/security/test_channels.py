"""Every live channel of the tenant, joined by those who may not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tests.security.attackers import FORGERIES, READERS, STRANGERS, Scene, claims
from tests.sql.row_level_security.cast import Who


def topics(scene: Scene) -> list[str]:
    """The tenant's topics as they are now."""
    epoch = scene.cast.world.one("select epoch from public.tenants where id = %s", scene.tenant_id)
    return [
        f"tenant:{scene.tenant_id}:{epoch}",
        f"project:{scene.cast.project_id}:{epoch}",
        f"batch:{scene.rows['batches']['id']}:{epoch}",
    ]


def socket(scene: Scene) -> Connection:
    url = scene.gateway.url.replace("http", "ws")
    key = scene.gateway.settings.publishable_key
    return connect(f"{url}/realtime/v1/websocket?apikey={key}&vsn=2.0.0", open_timeout=10)


def answer(channel: Connection, ref: str) -> dict[str, Any]:
    """The reply to a message, whatever else comes before it."""
    while True:
        message = channel.recv(timeout=10)
        if isinstance(message, bytes):
            continue  # a broadcast
        frame = json.loads(message)
        if frame[1] == ref and frame[3] == "phx_reply":
            found: dict[str, Any] = frame[4]
            return found


def join(channel: Connection, topic: str, token: str | None, ref: str, **config: object) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "config": {
            "private": True,
            "broadcast": {"ack": True, "self": True},
            "presence": {"key": ""},
            **config,
        }
    }
    if token:
        payload["access_token"] = token
    channel.send(json.dumps([ref, ref, f"realtime:{topic}", "phx_join", payload]))
    return answer(channel, ref)


def heard(channel: Connection, seconds: float) -> str:
    """Everything that comes until nothing has come for so long."""
    frames = []
    try:
        while True:
            frames.append(str(channel.recv(timeout=seconds)))
    except TimeoutError:
        return "\n".join(frames)


def joined(scene: Scene, token: str | None, names: list[str]) -> list[str]:
    with socket(scene) as channel:
        return [
            topic
            for number, topic in enumerate(names)
            if join(channel, topic, token, str(number + 1))["status"] == "ok"
        ]


@pytest.mark.parametrize("who", STRANGERS)
def test_others_follow_nothing(scene: Scene, who: Who) -> None:
    assert joined(scene, scene.token(who), topics(scene)) == []


def test_anonymous_follows_nothing(scene: Scene) -> None:
    assert joined(scene, None, topics(scene)) == []


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_forged_token_follows_nothing(scene: Scene, forge: Callable[[Scene], str]) -> None:
    assert joined(scene, forge(scene), topics(scene)) == []


@pytest.mark.parametrize("who", READERS)
def test_members_follow_their_tenant_as_it_is_now(scene: Scene, who: Who) -> None:
    now = topics(scene)
    assert joined(scene, scene.token(who), now) == now
    before = [topic.rpartition(":")[0] + ":0" for topic in now]
    odd = [
        now[0] + "0",
        now[0].upper(),
        now[0] + " ",
        f"tenant:{scene.tenant_id}",
        "tenant::1",
        "",
        "%",
        "tenant:*:1",
    ]
    assert joined(scene, scene.token(who), before + odd) == []


def test_nobody_sends_on_the_tenants_channels(scene: Scene) -> None:
    """What comes on them comes from the database alone."""
    topic = topics(scene)[0]
    with socket(scene) as listener, socket(scene) as sender:
        assert join(listener, topic, scene.token(Who.VIEWER), "1")["status"] == "ok"
        assert join(sender, topic, scene.token(Who.OWNER), "1")["status"] == "ok"
        payload = {"type": "broadcast", "event": "changes", "payload": {"forged": True}}
        sender.send(json.dumps(["1", "2", f"realtime:{topic}", "broadcast", payload]))
        assert "forged" not in heard(listener, 1.5)


@pytest.mark.parametrize("who", [*STRANGERS, Who.VIEWER])
def test_changes_of_tables_are_told_to_those_who_may_read_them(scene: Scene, who: Who) -> None:
    wanted = [{"event": "*", "schema": "public", "table": "projects"}]
    with socket(scene) as channel:
        assert (
            join(channel, "any", scene.token(who), "1", private=False, postgres_changes=wanted)["status"]
            == "ok"
        )
        while True:
            frame = json.loads(channel.recv(timeout=15))
            if frame[3] == "system" and frame[4].get("extension") == "postgres_changes":
                break
        scene.cast.world.run(
            "update public.projects set metadata = metadata || '{\"touched\": true}' where id = %s",
            scene.cast.project_id,
        )
        told = str(scene.cast.project_id) in heard(channel, 2)
        assert told == (who is Who.VIEWER)


def test_a_removed_member_hears_no_more(scene: Scene) -> None:
    world = scene.cast.world
    leaver = world.add_member(scene.cast.people[Who.OWNER], "viewer")
    token = scene.keyring.sign(claims(leaver))
    topic = topics(scene)[0]
    with socket(scene) as channel:
        assert join(channel, topic, token, "1")["status"] == "ok"
        world.run(
            "delete from public.memberships where (tenant_id, user_id) = (%s, %s)",
            leaver.tenant_id,
            leaver.user_id,
        )
        now = topics(scene)[0]
        assert now != topic
        world.one("select realtime.send('{\"n\": 1}', 'changes', %s, true)", now)
        assert join(channel, now, token, "2")["status"] == "error"
        assert '"n"' not in heard(channel, 1.5)
