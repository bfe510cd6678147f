"""The same request sent twice with one key is carried out once."""

from __future__ import annotations

import threading

import psycopg
import pytest

from tests.sql.world import Person, World


def test_the_same_key_and_request_return_the_same_batch(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    first = world.create_batch(ann, project, ["Tea"], key="k")
    again = world.create_batch(ann, project, ["Tea"], key="k")
    assert first["is_new"]
    assert again == {**first, "is_new": False}
    assert world.one("select count(*) from public.generation_jobs") == 1


@pytest.mark.parametrize("change", [{"topics": ["Coffee"]}, {"topics": ["Tea"], "title": "Other"}])
def test_the_same_key_for_another_request_is_refused(
    world: World, ann: Person, change: dict[str, object]
) -> None:
    project = world.add_project(ann)
    world.create_batch(ann, project, ["Tea"], key="k")
    with pytest.raises(psycopg.Error, match="another request") as refused:
        world.create_batch(ann, project, key="k", **change)  # type: ignore[arg-type]
    assert refused.value.sqlstate == "CR004"


def test_tenants_do_not_share_keys(world: World, ann: Person, bob: Person) -> None:
    assert world.create_batch(ann, world.add_project(ann), ["Tea"], key="k")["is_new"]
    assert world.create_batch(bob, world.add_project(bob), ["Tea"], key="k")["is_new"]


def test_a_refused_request_leaves_its_key_free(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    with pytest.raises(psycopg.Error, match="cannot be used"):
        world.create_batch(ann, project, [{"topic": ""}], key="k")
    assert world.create_batch(ann, project, ["Tea"], key="k")["is_new"]


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_has_1_to_200_characters(world: World, ann: Person, key: str) -> None:
    with pytest.raises(psycopg.Error, match="idempotency key has") as refused:
        world.create_batch(ann, world.add_project(ann), key=key)
    assert refused.value.sqlstate == "CR001"


def test_sent_several_times_at_once_it_is_carried_out_once(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    made: list[dict[str, object]] = []

    def _send(connection: psycopg.Connection) -> None:
        made.append(world.create_batch(ann, project, ["Tea"], key="k", on=connection))

    threads = [threading.Thread(target=_send, args=[world.connect()]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each["is_new"] for each in made].count(True) == 1
    assert len({each["batch_id"] for each in made}) == 1
