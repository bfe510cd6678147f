"""Whose task is released next: lanes first, then tenants in turn, then the oldest."""

from __future__ import annotations

from collections import Counter

import pytest

from cliprow.models import Stage
from tests.sql.recount import assert_sound
from tests.sql.world import Person, Worker, World


def _released(world: World) -> list[tuple[str, int]]:
    """Tenant and place of the job of each queue entry, in the order in which entries are fetched."""
    return world.rows(
        "select t.tenant_id, j.position from procrastinate.procrastinate_jobs as e"
        " join public.stage_tasks as t on t.entry_id = e.id join public.generation_jobs as j on j.id = t.job_id"
        " order by e.priority desc, e.id"
    )


#: The tenant that comes next at the first stage.
_NEXT = "select tenant_id from private.waiting_turns('script_generation', 1)"


def test_tenants_take_turns(world: World, ann: Person, bob: Person) -> None:
    small = Worker(world, slots=2)
    world.create_batch(ann, world.add_project(ann), 30)  # fills the window of 4
    world.create_batch(bob, world.add_project(bob), 30)
    order = []
    for _ in range(12):
        claimed = small.take_running(Stage.SCRIPT)
        order.append(claimed.answer["tenant_id"])
        small.fail(claimed)
    anns = str(ann.tenant_id)
    assert order[:4] == [anns] * 4
    assert Counter(order[4:]) == {anns: 4, str(bob.tenant_id): 4}
    assert all(first != second for first, second in zip(order[4:], order[5:], strict=False))
    assert_sound(world)


def test_a_tenant_with_much_waiting_does_not_delay_anothers_first_task(
    world: World, ann: Person, bob: Person
) -> None:
    worker = Worker(world, slots=1)
    world.create_batch(ann, world.add_project(ann), 200)
    world.create_batch(bob, world.add_project(bob), 1)
    seen = []
    for _ in range(4):
        claimed = worker.take_running(Stage.SCRIPT)
        seen.append(claimed.answer["tenant_id"])
        worker.fail(claimed)
    assert str(bob.tenant_id) in seen


def test_one_tenants_jobs_go_in_order(world: World, ann: Person, worker: Worker) -> None:
    world.create_batch(ann, world.add_project(ann), 20)
    assert [place for _, place in _released(world)] == list(range(1, 21))


def test_lanes_go_before_each_other_over_all_tenants(world: World, ann: Person, bob: Person) -> None:
    def topics(lane: str) -> list[dict[str, object]]:
        return [{"topic": f"{lane} {n}", "platforms": ["youtube"], "priority": lane} for n in range(3)]

    world.run("update public.tenants set paused_at = now(), plan = 'premium'")
    world.create_batch(ann, world.add_project(ann), topics("standard") + topics("premium"))
    world.create_batch(bob, world.add_project(bob), topics("urgent"))
    world.run("update public.tenants set paused_at = null")
    worker = Worker(world, slots=1)
    order = []
    while (claimed := worker.take(Stage.SCRIPT)) is not None:
        order.append(claimed.answer["inputs"]["topic"].split()[0])
        worker.fail(claimed)
    assert order == ["urgent"] * 3 + ["premium"] * 3 + ["standard"] * 3


@pytest.mark.parametrize(
    ("lane", "minutes", "rank"),
    [("urgent", 0, 0), ("premium", 0, 1), ("standard", 0, 2), ("standard", 5.1, 1), ("standard", 10.1, 0), ("standard", 99, 0),
     ("premium", 5.1, 0), ("urgent", 60, 0), ("urgent", -0.1, 0), ("standard", -0.1, 2)],
)  # fmt: skip
def test_waiting_lifts_by_a_lane_at_a_time(world: World, lane: str, minutes: float, rank: int) -> None:
    assert (
        world.one(
            "select private.lane_rank(%s, now() - make_interval(secs => 60 * %s), ageing) from private.settings",
            lane,
            minutes,
        )
        == rank
    )


def test_aged_work_goes_before_newer_urgent_work_of_a_tenant_served_later(
    world: World, ann: Person, bob: Person
) -> None:
    world.create_batch(ann, world.add_project(ann), 5)
    world.create_batch(
        bob, world.add_project(bob), [{"topic": "x", "platforms": ["youtube"], "priority": "urgent"}] * 5
    )
    world.run("update private.turns set waits_since = now() - interval '11 minutes' where lane = 'standard'")
    world.run("update private.turns set served_at = now() where tenant_id = %s", bob.tenant_id)
    world.run(
        "update private.turns set served_at = now() - interval '1 minute' where tenant_id = %s", ann.tenant_id
    )
    assert world.one(_NEXT) == ann.tenant_id
    world.run("update private.turns set waits_since = now()")
    assert world.one(_NEXT) == bob.tenant_id


def test_a_tenant_at_its_cap_or_paused_is_passed_over(world: World, ann: Person, bob: Person) -> None:
    world.run("update public.tenants set max_concurrent_tasks = 1 where id = %s", ann.tenant_id)
    world.create_batch(ann, world.add_project(ann), 10)
    world.create_batch(bob, world.add_project(bob), 10)
    worker = Worker(world, slots=5)
    assert Counter(tenant for tenant, _ in _released(world)) == {ann.tenant_id: 1, bob.tenant_id: 9}
    world.run("update public.tenants set paused_at = now() where id = %s", bob.tenant_id)
    while (claimed := worker.take(Stage.SCRIPT)) is not None:
        if claimed.verdict == "run":
            worker.fail(claimed)
    assert world.rows(
        "select tenant_id, count(*) from public.stage_tasks where status = 'failed' group by 1"
    ) == [(ann.tenant_id, 10)]


def test_a_busy_tenant_does_not_hold_up_the_others(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    world.create_batch(ann, world.add_project(ann))
    bobs = world.add_project(bob)
    other = world.connect()
    with other.transaction():
        other.execute("select private.lock_tenant(%s)", [ann.tenant_id])
        world.run("set statement_timeout = '2s'")
        world.create_batch(bob, bobs)
    assert len(_released(world)) == 2
