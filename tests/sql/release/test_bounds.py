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

#: Lanes that wait, by tenant: for how many steps, and whether they have reached the first lane.
_WAITING = """
select g.tenant_id, g.lane, max(extract(epoch from now() - g.served_at) / %s)::int,
  bool_or(private.lane_rank(g.lane, g.served_at, s.ageing) = 0)
from private.backlogs as g cross join private.settings as s
where g.stage = 'script_generation' and g.waiting_count > 0 group by 1, 2
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_no_lane_and_no_tenant_waits_longer_than_its_bound(world: World, seed: int) -> None:
    choose = random.Random(seed)
    world.run(
        "update private.settings set ageing = make_interval(secs => %s), queue_depth_per_slot = 1", AGEING
    )
    worker = Worker(world, stages=[Stage.SCRIPT], slots=1)
    people = [world.sign_up(f"tenant{number}") for number in range(TENANTS)]
    projects = {person.tenant_id: world.add_project(person) for person in people}
    for person in people:
        for lane in LANES:
            add(world, person, projects[person.tenant_id], lane, FIRST)
    longest: Counter[str] = Counter()
    passed_over: Counter[UUID] = Counter()
    for _ in range(STEPS):
        # Urgent work comes without end, and faster than it is done.
        person = choose.choice(people)
        add(world, person, projects[person.tenant_id], "urgent", 2)
        world.run("update private.backlogs set served_at = served_at - make_interval(secs => %s)", STEP)
        before = world.rows(_WAITING, STEP)
        claimed = worker.take_running()
        served = UUID(claimed.answer["tenant_id"])
        worker.complete(claimed)
        for _, lane, steps, _ in before:
            longest[lane] = max(longest[lane], steps)
        for tenant_id in {tenant_id for tenant_id, _, _, is_first in before if is_first}:
            passed_over[tenant_id] = 0 if tenant_id == served else passed_over[tenant_id] + 1
            # One task may have been released before, and each of the others has one turn.
            assert passed_over[tenant_id] <= TENANTS
    # Urgent work itself comes faster than it is done, and so waits ever longer; but that is all it does.
    for place, lane in list(enumerate(LANES))[1:]:
        # Until it is lifted to the first lane; then what its tenant has had for longer, one in each round of the tenants.
        lifted = place * AGEING // STEP
        assert longest[lane] <= lifted + TENANTS * (FIRST * (place + 1) + 1), (lane, longest)
    waits = "select count(*) from public.stage_tasks where lane = %s and stage = 'script_generation' and status = 'pending'"
    assert world.one(waits, "standard") == world.one(waits, "premium") == 0
    assert world.one(waits, "urgent") > 0


def add(world: World, person: Person, project_id: UUID, lane: str, jobs: int) -> None:
    topics = [{"topic": f"Topic {uuid4()}", "platforms": ["youtube"], "priority": lane} for _ in range(jobs)]
    world.create_batch(person, project_id, topics)
