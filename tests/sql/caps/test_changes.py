"""Caps are changed while work runs: a raise releases at once, under a lower one what runs may end."""

from __future__ import annotations

import psycopg
import pytest

from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


@pytest.mark.parametrize("scope", ["batch", "project", "tenant"])
def test_a_cap_is_felt_at_once(world: World, ann: Person, bob: Person, worker: Worker, scope: str) -> None:
    project = world.add_project(ann)
    batch = world.create_batch(ann, project, 9)["batch_id"]
    target = {"batch": [batch], "project": [project], "tenant": []}[scope]
    active = "select count(*) from public.stage_tasks where status in ('queued', 'processing')"
    running = [worker.take_running() for _ in range(3)]
    assert world.one(active) == 9
    told = world.call(ann, f"set_{scope}_cap", *target, 2)
    assert told["max_concurrent_tasks"] == 2
    assert world.one(active) == 3, "what runs may end, and what is queued goes back"
    assert_sound(world)
    worker.complete(running.pop())
    assert world.one(active) == 2
    assert worker.take() is None
    world.call(ann, f"set_{scope}_cap", *target, 5)
    assert world.one(active) == 5, "released at once"
    world.call(ann, f"set_{scope}_cap", *target, None)
    assert world.one(active) > 5
    assert_sound(world)

    refused = {0: "CR001", 1_000_000: "CR001"}
    for cap, code in refused.items():
        with pytest.raises(psycopg.Error) as error:
            world.call(ann, f"set_{scope}_cap", *target, cap)
        assert error.value.sqlstate == code
    people = {world.add_member(ann, "viewer"): "CR003", world.add_member(ann, "editor"): "CR003"}
    for person, code in {**people, **({} if scope == "tenant" else {bob: "CR002"})}.items():
        with pytest.raises(psycopg.Error) as error:
            world.call(person, f"set_{scope}_cap", *target, 5)
        assert error.value.sqlstate == code
