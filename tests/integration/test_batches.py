"""cliprow.batches: what a user submits and reads back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from cliprow import batches
from cliprow.account import Account, open_account, open_local_account
from cliprow.errors import Conflict, InvalidInput, NotFound
from tests.cluster import Database
from tests.folder_storage import FolderStorage

TOPIC: dict[str, object] = {"topic": "Why the sky is blue", "platforms": ["youtube"]}


@pytest.fixture
def account(database: Database) -> Iterator[Account]:
    account = open_local_account(database.admin)
    yield account
    account.connection.close()


def test_a_batch_is_found_by_number_by_id_and_as_the_last(account: Account) -> None:
    project = batches.find_or_create_project(account, "Channel")
    made, is_new = batches.create_batch(account, project, [TOPIC, TOPIC | {"topic": "Another"}], title="Two")
    assert is_new
    assert (made.title, made.project, made.job_count, made.status) == ("Two", "Channel", 2, "pending")
    for name in ("last", str(made.number), f"#{made.number}", str(made.id)):
        assert batches.get_batch(account, name) == made
    assert [job.topic for job in batches.list_jobs(account, made.id)] == ["Why the sky is blue", "Another"]
    assert batches.get_job(account, f"{made.number}.2").topic == "Another"


def test_a_project_is_made_once(account: Account) -> None:
    first = batches.find_or_create_project(account, "Channel")
    assert batches.find_or_create_project(account, "Channel") == first
    assert batches.find_or_create_project(account, "Other") != first


def test_an_idempotency_key_gives_one_batch_and_refuses_another_request(account: Account) -> None:
    project = batches.find_or_create_project(account, "Channel")
    made, _ = batches.create_batch(account, project, [TOPIC], idempotency_key="k")
    assert batches.create_batch(account, project, [TOPIC], idempotency_key="k") == (made, False)
    with pytest.raises(Conflict):
        batches.create_batch(account, project, [TOPIC, TOPIC], idempotency_key="k")


def test_a_long_list_goes_in_chunks_and_goes_on_where_it_broke_off(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cliprow.filling.CHUNK_TOPICS", 3)
    project = batches.find_or_create_project(account, "Channel")
    topics = [TOPIC | {"topic": f"Topic {n}"} for n in range(8)]

    def broken(count: int) -> None:
        if count == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batches.create_batch(account, project, topics, on_progress=broken)
    told: list[int] = []
    made, is_new = batches.create_batch(account, project, topics, on_progress=told.append)
    assert (is_new, made.job_count, told) == (True, 8, [6, 8])
    assert [job.topic for job in batches.list_jobs(account, made.id)] == [str(t["topic"]) for t in topics]
    assert len(batches.list_batches(account)) == 1
    again, _ = batches.create_batch(account, project, topics)
    assert again.number == made.number + 1, "the first was complete"
    keyed = [batches.create_batch(account, project, topics, idempotency_key="k") for _ in range(2)]
    assert [is_new for _, is_new in keyed] == [True, False]
    assert keyed[0][0] == keyed[1][0]
    with pytest.raises(Conflict, match="used for another request"):  # other only after the first chunk
        batches.create_batch(account, project, [*topics[:7], TOPIC], idempotency_key="k")
    with pytest.raises(Conflict, match="used for another request"):
        batches.create_batch(account, project, topics[:7], idempotency_key="k")


def test_names_that_are_none_say_what_to_do(account: Account) -> None:
    with pytest.raises(NotFound, match="no batches yet"):
        batches.get_batch(account, "last")
    for name in ("77", str(uuid.uuid4()), "9" * 30):
        with pytest.raises(NotFound) as caught:
            batches.get_batch(account, name)
        assert caught.value.next_step
    for name in ("1.1", str(uuid.uuid4())):
        with pytest.raises(NotFound):
            batches.get_job(account, name)
    with pytest.raises(InvalidInput):
        batches.get_job(account, "nonsense")


def test_nobody_reads_the_batches_of_another_tenant(account: Account, database: Database) -> None:
    made, _ = batches.create_batch(account, batches.find_or_create_project(account, "Channel"), [TOPIC])
    account.connection.execute(
        "insert into auth.users (id, email) values (%s, 'other@example.org')", [uuid.uuid4()]
    )
    other = open_account(database.admin, "Other@example.org")
    assert batches.list_batches(other) == []
    assert batches.list_jobs(other, made.id) == []
    other.connection.close()


def test_a_picture_that_vanishes_after_the_check_is_named(account: Account, tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "media")
    Image.new("RGB", (4, 4)).save(tmp_path / "there.png")
    stored = batches.store_images(account, storage, [tmp_path / "there.png"] * 2)
    assert [ref.media_type for ref in stored.values()] == ["image/png"]
    with pytest.raises(NotFound, match=r"gone\.png"):
        batches.store_images(account, storage, [tmp_path / "gone.png"])


def test_a_lost_connection_is_opened_again(account: Account, database: Database) -> None:
    account.connection.close()
    assert batches.list_batches(account) == []
