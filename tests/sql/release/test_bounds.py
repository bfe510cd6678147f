"""How long a lane or a tenant may wait; docs/faults.md says where the bounds come from."""

from __future__ import annotations

import random
from collections import Counter
from uuid import UUID, uuid4

import pytest

from cliprow.models import Stage
from tests.sql.world import Person, Worker, World

#: Seconds of waiting that lift by one lane, and that pass between two releases: far more than the test takes for one.
AGEING, STEP = 5_000, 1_000
TENANTS = 4
LANES = ("urgent", "premium", "standard")
#: Tasks that each lane of each tenant has at first.
FIRST = 2
STEPS = 50

#: Where it stands since when a lane waits.
_WAITS_SINCE = """
select format('update private.%I set %I = %I - interval ''1 second'' * ', table_name, column_name, column_name)
from information_schema.columns
where table_schema = 'private' and (table_name, column_name) in (('backlogs', 'served_at'), ('turns', 'waits_since'))
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_no_lane_and_no_tenant_waits_longer_than_its_bound(world: World, seed: int) -> None:
    choose = random.Random(seed)
    world.run(
        "update private.settings set ageing = make_interval(secs => %s), queue_depth_per_slot = 1", AGEING
    )
    worker = Worker(world, stages=[Stage.SCRIPT], slots=1)
    people = [world.sign_up(f"tenant{number}") for number in range(TENANTS)]
    world.run("update public.tenants set plan = 'premium'")
    projects = {person.tenant_id: world.add_project(person) for person in people}
    waiting: Counter[tuple[UUID, str]] = Counter()

    def add(person: Person, lane: str, jobs: int) -> None:
        topics = [
            {"topic": f"Topic {uuid4()}", "platforms": ["youtube"], "priority": lane} for _ in range(jobs)
        ]
        world.create_batch(person, projects[person.tenant_id], topics)
        waiting[person.tenant_id, lane] += jobs

    for person in people:
        for lane in LANES:
            add(person, lane, FIRST)
    # Steps since one of a tenant and lane was done, and since one of a tenant was that had work in the first lane.
    waited: Counter[tuple[UUID, str]] = Counter()
    passed_over: Counter[UUID] = Counter()
    for _ in range(STEPS):
        # Urgent work comes without end, and faster than it is done.
        add(choose.choice(people), "urgent", 2)
        for (update,) in world.rows(_WAITS_SINCE):
            world.run(f"{update}{STEP}")
        claimed = worker.take_running()
        done = world.rows("select tenant_id, lane from public.stage_tasks where id = %s", claimed.task_id)[0]
        worker.complete(claimed)
        first = {tenant_id for tenant_id, lane in +waiting if waited[tenant_id, lane] >= lifted_after(lane)}
        waiting[done] -= 1
        for each in +waiting:
            waited[each] = 0 if each == done else waited[each] + 1
            # Until it is in the first lane, and then a turn of each other lane of each tenant.
            bound = lifted_after(each[1]) + TENANTS * len(LANES) * (1 + FIRST)
            assert each[1] == "urgent" or waited[each] <= bound
        for tenant_id in first:
            passed_over[tenant_id] = 0 if tenant_id == done[0] else passed_over[tenant_id] + 1
            assert passed_over[tenant_id] <= TENANTS * len(LANES)
    assert {lane for (_, lane), count in waiting.items() if count} == {"urgent"}


def lifted_after(lane: str) -> int:
    """Steps of waiting until a lane's work is in the first one."""
    return LANES.index(lane) * AGEING // STEP
