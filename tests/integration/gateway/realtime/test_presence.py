"""Who is there."""

from __future__ import annotations

import time

from tests.gateway import Gateway
from tests.integration.gateway.realtime.client import Event, JsClient, js_client
from tests.integration.gateway.realtime.conftest import Sign
from tests.integration.gateway.realtime.raw import raw_socket


def names(event: Event) -> dict[str, list[str]]:
    return {key: sorted(each["name"] for each in metas) for key, metas in event["state"].items()}


def shows(expected: dict[str, list[str]]):  # type: ignore[no-untyped-def]
    return lambda event: event["saw"] == "presence" and names(event) == expected


def test_members_see_who_comes_and_goes(live: Gateway, js: JsClient, tenant: str) -> None:
    js.join(tenant, presence=True, config={"presence": {"key": "ann"}})
    js.wait(shows({}))
    js.do("track", topic=tenant, payload={"name": "Ann"})
    assert js.wait("tracked")["answer"] == "ok"
    with js_client(live.url, live.settings.publishable_key, vsn="1.0.0") as bob:
        bob.join(tenant, presence=True, config={"presence": {"key": "bob"}})
        bob.wait(shows({"ann": ["Ann"]}))
        bob.do("track", topic=tenant, payload={"name": "Bob"})
        js.wait(shows({"ann": ["Ann"], "bob": ["Bob"]}))
        js.do("untrack", topic=tenant)
        bob.wait(shows({"bob": ["Bob"]}))
    # he did not say good-bye
    js.wait(shows({}))


def test_who_changes_leaves_and_comes_in_one_message(live: Gateway, tenant: str) -> None:
    """Asked of the wire: supabase-js 2.109 itself keeps what an update replaces."""
    with raw_socket(live) as socket:
        socket.join(tenant, presence={"key": "bob", "enabled": True})
        for name in ("Bob", "Bob", "Robert"):
            socket.send(f"realtime:{tenant}", "presence", {"event": "track", "payload": {"name": name}})
        diffs = [socket.event("presence_diff")[4] for _ in range(2)]
        (first,) = diffs[0]["joins"]["bob"]["metas"]
        assert diffs[1]["leaves"] == {"bob": {"metas": [first]}}
        (second,) = diffs[1]["joins"]["bob"]["metas"]
        assert (second["name"], second["phx_ref_prev"]) == ("Robert", first["phx_ref"])


def test_one_key_may_be_there_more_than_once(live: Gateway, js: JsClient, tenant: str) -> None:
    js.join(tenant, presence=True, config={"presence": {"key": "ann"}})
    js.do("track", topic=tenant, payload={"name": "desk"})
    with js_client(live.url, live.settings.publishable_key) as phone:
        phone.join(tenant, presence=True, config={"presence": {"key": "ann"}})
        phone.do("track", topic=tenant, payload={"name": "phone"})
        js.wait(shows({"ann": ["desk", "phone"]}))
    js.wait(shows({"ann": ["desk"]}))


def test_policies_decide_who_may_appear_and_who_may_look(js: JsClient, sign: Sign, tenant: str) -> None:
    topic = f"tenant:{tenant}"
    js.join(topic, token=sign(tenant), config={"private": True}, presence=True)
    js.do("track", topic=topic, payload={"name": "Ann"})
    assert js.wait("tracked")["answer"] == "error"
    js.silent_for(0.3, "presence")


def test_a_private_room_shows_its_members_to_each_other(
    live: Gateway, js: JsClient, sign: Sign, tenant: str
) -> None:
    topic = f"room:{tenant}"
    js.join(topic, token=sign(tenant), config={"private": True, "presence": {"key": "ann"}}, presence=True)
    js.do("track", topic=topic, payload={"name": "Ann"})
    js.wait(shows({"ann": ["Ann"]}))
    with js_client(live.url, live.settings.publishable_key) as outsider:
        outsider.join(topic, presence=True)
        outsider.wait(shows({}))


def test_a_key_is_chosen_for_those_who_bring_none(live: Gateway, tenant: str) -> None:
    with raw_socket(live) as socket:
        socket.join(tenant, presence={"enabled": True})
        assert socket.event("presence_state")[4] == {}
        ref = socket.send(f"realtime:{tenant}", "presence", {"event": "track", "payload": {"name": "x"}})
        diff = socket.event("presence_diff")[4]
        assert diff["leaves"] == {}
        ((key, entry),) = diff["joins"].items()
        assert len(key) == 36
        assert entry["metas"][0]["name"] == "x" and entry["metas"][0]["phx_ref"]
        assert socket.answer(ref)[4]["status"] == "ok"


def test_presence_must_be_an_object_and_not_too_frequent(live: Gateway, tenant: str) -> None:
    with raw_socket(live) as socket:
        socket.join(tenant)
        for wrong in ({"event": "track", "payload": [1]}, {"event": "dance"}, {}):
            ref = socket.send(f"realtime:{tenant}", "presence", wrong)
            assert socket.answer(ref)[4]["status"] == "error"
        for number in range(20):
            socket.send(f"realtime:{tenant}", "presence", {"event": "track", "payload": {"n": number}})
        assert socket.event("system")[4]["message"] == "Client presence rate limit exceeded"


def test_too_much_and_too_deep_is_not_shown_to_others(live: Gateway, tenant: str) -> None:
    with raw_socket(live) as socket:
        socket.join(tenant)
        for depth in range(300, 1000, 20):
            deep = '{"a":' * depth + "0" + "}" * depth
            frame = f'["1","t","realtime:{tenant}","presence",{{"event":"track","payload":{deep}}}]'
            socket.connection.send(frame)
            socket.answer("t")
            time.sleep(0.1)
            with raw_socket(live) as other:
                other.join(tenant, presence={"enabled": True})
                other.event("presence_state")
    with raw_socket(live) as socket:
        socket.join(tenant)
        payload = {"event": "track", "payload": {"text": "x" * 100_001}}
        socket.send(f"realtime:{tenant}", "presence", payload)
        assert socket.event("system")[4]["message"] == "Track message size exceeded"
