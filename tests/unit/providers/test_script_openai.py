"""Scripts from a chat endpoint that answers, errs, stalls, limits, and sends garbage."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from cliprow.errors import FailForGood, RetryLater, StageError
from cliprow.models import SceneType, Script, ScriptInputs
from cliprow.providers.openai_chat import retry_after_s
from cliprow.providers.script_openai import strict_schema, version, write_script
from tests.unit.providers.chat_server import Answer, ChatServer, chat_server, completion

KEY = "sk-very-secret"
SCENE = {
    "scene_type": "intro",
    "heading": "The sky",
    "voiceover_text": "Look up.\nThe sky is blue.",
    "visual_description": "A blue sky.",
    "points": ["Look up", " "],
}
SCRIPT: dict[str, Any] = {
    "title": "Why is the sky blue?",
    "description": "About light.",
    "key_points": ["Light scatters"],
    "hashtags": ["sky", "#light"],
    "scenes": [SCENE, {**SCENE, "scene_type": "conclusion"}],
}
GOOD = completion(json.dumps(SCRIPT))


def write(server: ChatServer, **settings: str) -> Script:
    given = {
        "script.base_url": server.url,
        "script.model": "tiny",
        "script.api_key": KEY,
        "script.timeout_s": "5",
    }
    given |= {f"script.{name}": value for name, value in settings.items()}
    return write_script(ScriptInputs(topic="Why is the sky blue?", brief="Rayleigh.", language="en"), given)


def test_a_good_answer_becomes_a_script() -> None:
    with chat_server(GOOD) as server:
        script = write(server)
    assert script.title == "Why is the sky blue?"
    assert [scene.scene_type for scene in script.scenes] == [SceneType.INTRO, SceneType.CONCLUSION]
    assert [scene.scene_number for scene in script.scenes] == [1, 2]
    assert script.scenes[0].voiceover_text == "Look up. The sky is blue."
    assert script.scenes[0].points == ("Look up",)
    assert script.hashtags == ("#sky", "#light")
    assert script.metadata["provider"] == "openai"
    assert script.metadata["model"] == "tiny"


def test_the_request_carries_key_model_schema_and_material() -> None:
    with chat_server(GOOD) as server:
        write(server)
    request = server.requests[0]
    assert server.paths == ["/v1/chat/completions"]
    assert server.authorizations == [f"Bearer {KEY}"]
    assert request["model"] == "tiny"
    assert request["response_format"]["json_schema"]["strict"] is True
    assert json.loads(request["messages"][1]["content"]) == {
        "topic": "Why is the sky blue?",
        "brief": "Rayleigh.",
    }


def test_without_a_key_none_is_sent() -> None:
    with chat_server(GOOD) as server:
        write(server, api_key="")
    assert server.authorizations == [""]


def test_the_schema_keeps_to_the_strict_subset() -> None:
    def check(schema: object) -> None:
        if isinstance(schema, list):
            for item in schema:
                check(item)
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                assert schema["additionalProperties"] is False
                assert sorted(schema["required"]) == sorted(schema["properties"])
            assert not {"default", "pattern", "minLength", "format"}.intersection(schema)
            for value in schema.values():
                check(value)

    schema = strict_schema()
    assert schema["type"] == "object"
    assert "title" in schema["properties"]
    check(schema)


def test_fenced_json_is_accepted() -> None:
    with chat_server(completion(f"```json\n{json.dumps(SCRIPT)}\n```")) as server:
        assert write(server).scenes


@pytest.mark.parametrize(
    "bad", ["not json", "{}", json.dumps({**SCRIPT, "scenes": []}), json.dumps({**SCRIPT, "x": 1})]
)
def test_an_answer_that_is_no_script_is_sent_back_once_with_the_reason(bad: str) -> None:
    with chat_server(completion(bad), GOOD) as server:
        assert write(server).scenes
    repair = server.requests[1]["messages"]
    assert repair[-2] == {"role": "assistant", "content": bad}
    assert "not a valid script" in repair[-1]["content"]


def test_two_answers_that_are_no_script_are_tried_again_later() -> None:
    with chat_server(completion("no")) as server, pytest.raises(RetryLater) as raised:
        write(server)
    assert len(server.requests) == 2
    assert raised.value.error_code == "PROVIDER_INVALID_OUTPUT"


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (Answer(status=429), RetryLater, "PROVIDER_BUSY"),
        (Answer(status=500), RetryLater, "PROVIDER_FAILED"),
        (Answer(b"<html>", status=503), RetryLater, "PROVIDER_FAILED"),
        (Answer(status=401), FailForGood, "PROVIDER_UNAUTHORIZED"),
        (Answer(status=403), FailForGood, "PROVIDER_UNAUTHORIZED"),
        (Answer(status=400), FailForGood, "PROVIDER_REJECTED_REQUEST"),
        (Answer(status=404), FailForGood, "PROVIDER_REJECTED_REQUEST"),
        (
            Answer(status=302, headers={"Location": "http://example.com/"}),
            FailForGood,
            "PROVIDER_REJECTED_REQUEST",
        ),
        (
            Answer(b'{"error":{"code":"insufficient_quota"}}', status=429),
            FailForGood,
            "PROVIDER_QUOTA_EXHAUSTED",
        ),
        (Answer(b"\xff\xfe garbage"), RetryLater, "PROVIDER_INVALID_OUTPUT"),
        (Answer(b'{"choices": []}'), RetryLater, "PROVIDER_INVALID_OUTPUT"),
        (Answer(b"x" * 5_000_000), RetryLater, "PROVIDER_UNREACHABLE"),
        (Answer(hang_up=True), RetryLater, "PROVIDER_UNREACHABLE"),
        (completion(None, refusal="I cannot help."), FailForGood, "PROVIDER_REFUSED"),
    ],
)
def test_each_failure_says_what_becomes_of_the_task(
    answer: Answer, kind: type[StageError], code: str
) -> None:
    with chat_server(answer) as server, pytest.raises(kind) as raised:
        write(server)
    assert raised.value.error_code == code
    assert raised.value.next_step
    assert len(server.requests) == 1


def test_a_server_that_says_when_to_come_back_is_heard() -> None:
    with (
        chat_server(Answer(status=429, headers={"Retry-After": "17"})) as server,
        pytest.raises(RetryLater) as raised,
    ):
        write(server)
    assert raised.value.retry_after_s == 17


def test_retry_after_is_seconds_or_a_date() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after_s("2.5") == 2.5
    assert retry_after_s(format_datetime(now + timedelta(seconds=30), usegmt=True), now) == 30
    assert retry_after_s(format_datetime(now - timedelta(seconds=30), usegmt=True), now) == 0
    assert [retry_after_s(value) for value in ("", "soon", "nan", "inf")] == [None] * 4
    assert retry_after_s("-5") == 0


@pytest.mark.parametrize("answer", [Answer(wait_s=10), Answer(GOOD.body, drip_s=0.2)])
def test_a_server_that_stalls_is_given_up_in_time(answer: Answer) -> None:
    started = time.monotonic()
    with chat_server(answer) as server:
        with pytest.raises(RetryLater) as raised:
            write(server, timeout_s="0.5")
        assert time.monotonic() - started < 9
    assert raised.value.error_code == "PROVIDER_TIMEOUT"


def test_nobody_listening_is_tried_again_later() -> None:
    with chat_server(GOOD) as server:
        pass
    with pytest.raises(RetryLater) as raised:
        write(server)
    assert raised.value.error_code == "PROVIDER_UNREACHABLE"


@pytest.mark.parametrize(
    "settings", [{"model": ""}, {"base_url": "ftp://x"}, {"timeout_s": "soon"}, {"timeout_s": "-1"}]
)
def test_settings_that_cannot_work_fail_for_good_and_name_the_variable(settings: dict[str, str]) -> None:
    with pytest.raises(FailForGood) as raised:
        write(ChatServer("http://127.0.0.1:9"), **settings)
    assert raised.value.error_code == "PROVIDER_NOT_CONFIGURED"
    assert "CLIPROW_SCRIPT_" in raised.value.next_step


def test_the_key_is_neither_logged_nor_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}}).encode()
    with chat_server(Answer(body, status=401)) as server, pytest.raises(FailForGood) as raised:
        write(server)
    assert "Incorrect API key" in raised.value.message
    assert KEY not in f"{raised.value.message} {raised.value.next_step} {caplog.text}"


def test_the_version_changes_with_model_and_address_and_tells_no_secret() -> None:
    settings = {"script.model": "a", "script.base_url": "https://user:pass@host/v1", "script.api_key": KEY}
    assert version(settings) != version({**settings, "script.model": "b"})
    assert version(settings) != version({**settings, "script.base_url": "https://other/v1"})
    assert "pass" not in version(settings)
    assert KEY not in version(settings)
