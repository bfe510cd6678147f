"""Keys of providers: set, listed without what they are, and told only to the worker that needs them."""

from __future__ import annotations

import pytest

from cliprow.models import Stage
from tests.integration.api.conftest import Api
from tests.integration.api.test_lists import batch
from tests.sql.world import Claimed, Worker

KEY = "sk-secret-0123456789wxyz"
SECRETS = "select private.task_secrets(%s, %s, %s)"


def claim(api: Api, worker: Worker, stage: Stage) -> Claimed:
    """The next task of a stage of this caller's tenant."""
    assert api.person is not None
    while (claimed := worker.take(stage)) is not None:
        if claimed.verdict == "run" and claimed.answer["tenant_id"] == str(api.person.tenant_id):
            return claimed
    raise AssertionError


def secrets(worker: Worker, claimed: Claimed) -> dict[str, str]:
    row = worker.connection.execute(SECRETS, [claimed.job_id, claimed.task_id, claimed.attempt_id]).fetchone()
    assert row is not None
    found: dict[str, str] = row[0]
    return found


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
