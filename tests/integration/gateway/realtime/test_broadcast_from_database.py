"""What is inserted into `realtime.messages` reaches those who have joined its topic."""

from __future__ import annotations

from tests.integration.gateway.realtime.client import JsClient
from tests.integration.gateway.realtime.conftest import SendFromDatabase, Sign


def test_a_member_receives_what_the_database_sends(
    js: JsClient, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    js.join(f"tenant:{tenant}", token=sign(tenant), config={"private": True})
    send(f"tenant:{tenant}", "changes", {"seq": 1})
    event = js.wait("broadcast")
    assert event["event"] == "changes"
    assert event["payload"]["seq"] == 1
    assert event["payload"]["id"] == event["meta"]["id"]


def test_another_tenant_cannot_join(js: JsClient, sign: Sign, tenant: str) -> None:
    js.do("join", topic=f"tenant:{tenant}", token=sign("another"), config={"private": True})
    refused = js.wait("status")
    assert refused["status"] == "CHANNEL_ERROR"
    assert "Unauthorized: You do not have permissions to read" in refused["error"]


def test_a_public_channel_of_the_same_name_hears_nothing(
    js: JsClient, sign: Sign, tenant: str, send: SendFromDatabase
) -> None:
    js.join(f"tenant:{tenant}", token=sign("another"))
    send(f"tenant:{tenant}", "changes", {"seq": 1})
    js.silent_for(0.5, "broadcast")
