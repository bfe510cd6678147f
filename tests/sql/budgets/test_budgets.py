"""A budget that is used up holds back what costs, and nothing else, until it is raised or the month turns."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.budgets.calls import PROVIDER, announce, pay, set_up
from tests.sql.world import Person, Worker, World


def spend(worker: Worker) -> None:
    """Runs one script, which costs two dollars."""
    claimed = worker.take_running(Stage.SCRIPT)
    pay(worker, claimed)
    worker.complete(claimed)


def state(world: World, person: Person) -> tuple[str, float, int]:
    (told,) = world.ask(person, "select public.list_budgets()")
    return told["state"], told["spent"], told["held_tasks"]


@pytest.mark.parametrize("scope", ["tenant", "project", "batch"])
def test_a_budget_that_is_used_up_releases_nothing_that_costs(
    world: World, ann: Person, bob: Person, worker: Worker, scope: str
) -> None:
    set_up(world, worker, ann)
    world.call(bob, "set_price", PROVIDER, "call", 2)
    world.run("update private.settings set queue_depth_per_slot = 1")
    project = world.add_project(ann)
    made = world.create_batch(ann, project, 4)
    ids = {"tenant": None, "project": project, "batch": made["batch_id"]}
    world.call(ann, "set_budget", scope, 4, ids[scope])
    spend(worker)
    assert state(world, ann) == ("open", 2, 0)
    spend(worker)
    assert state(world, ann) == ("exceeded", 4, 2), "also what was released and has not begun"
    assert worker.take(Stage.SCRIPT) is None
    world.tick()
    assert worker.take(Stage.SCRIPT) is None
    assert worker.work(Stage.AUDIO, Stage.VIDEO, Stage.PLATFORM, Stage.POST) > 0, "what costs nothing goes on"
    world.create_batch(bob, world.add_project(bob))
    spend(worker)
    later = world.create_batch(ann, project)
    assert (worker.take(Stage.SCRIPT) is None) == (scope != "batch"), "what comes later is held back too"
    assert later["is_new"]
    told = world.call(ann, "set_budget", scope, 10, ids[scope])
    assert (told["state"], told["percent"]) == ("open", 40)
    assert worker.work(Stage.SCRIPT) == 3 if scope != "batch" else 2


def test_a_batch_has_its_budget_before_its_first_task(world: World, ann: Person, worker: Worker) -> None:
    set_up(world, worker, ann)
    project = world.add_project(ann)
    world.call(ann, "set_budget", "tenant", 100)
    made = world.create_batch(ann, project, 2, budget=0)
    assert worker.take(Stage.SCRIPT) is None
    held = {each["scope"]: each for each in world.ask(ann, "select public.list_budgets()")}["batch"]
    assert (held["scope_id"], held["period"], held["state"]) == (made["batch_id"], "total", "exceeded")
    assert held["held_tasks"] == 2
    assert world.one("select options from public.batches where id = %s", made["batch_id"]) == {}
    world.create_batch(ann, project, 2, budget=2.5)
    spend(worker)
    worker.take_running(Stage.SCRIPT)  # it passes its budget with what begins before that is used up
    world.call(ann, "set_budget", "batch", 10, made["batch_id"])
    assert worker.take(Stage.SCRIPT) is not None


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        ("much", "is not an amount"),
        (-1, "is not from 0 to 999,999,999"),
        (1e9, "is not from 0 to 999,999,999"),
    ],
)
def test_a_budget_that_is_none_is_refused(
    passing_world: World, budget: object, reason: str
) -> None:  # fmt: skip
    ann = passing_world.sign_up("ann")
    topics, options = Jsonb([{"topic": "Tea", "platforms": ["youtube"]}]), Jsonb({"budget": budget})
    found = passing_world.call(ann, "check_batch", None, topics, options)["problems"]
    assert found == [{"row": None, "field": "budget", "reason": reason}]
    unlimited = Jsonb({"budget": None})
    assert passing_world.call(ann, "check_batch", None, topics, unlimited)["problems"] == []


def test_batches_filled_in_chunks_and_of_schedules_have_theirs(
    world: World, ann: Person, worker: Worker
) -> None:
    set_up(world, worker, ann)
    project = world.add_project(ann)
    filled = world.create_batch(ann, project, 1, budget=2, is_filling=True)["batch_id"]
    spend(worker)
    topics = [{"topic": f"More {n}", "platforms": ["youtube"]} for n in range(2)]
    world.call(ann, "append_topics", filled, 2, Jsonb(topics), True)
    assert worker.take(Stage.SCRIPT) is None, "used up by its first chunk"
    daily = {"name": "Daily", "cron": "@daily", "topics": topics, "options": {"budget": 0}}
    schedule = world.call(ann, "create_schedule", project, Jsonb(daily))["id"]
    batches = [filled, *(world.call(ann, "run_schedule", schedule)["batch_id"] for _ in range(2))]
    assert worker.take(Stage.SCRIPT) is None
    told = world.ask(ann, "select public.list_budgets()")
    assert {(b["scope_id"], b["amount"], b["held_tasks"]) for b in told} == set(
        zip(batches, (2, 0, 0), (2, 2, 2), strict=True)
    )


def test_budgets_are_listed_page_by_page_the_newest_batches_first(
    world: World, ann: Person, bob: Person
) -> None:
    project = world.add_project(ann)
    world.call(ann, "set_budget", "tenant", 100)
    world.call(ann, "set_budget", "project", 50, project)
    made = [world.create_batch(ann, project, budget=n)["batch_id"] for n in range(3)]
    world.create_batch(bob, world.add_project(bob), budget=1)
    wanted = [str(ann.tenant_id), str(project), *reversed(made)]
    assert [each["scope_id"] for each in world.ask(ann, "select public.list_budgets()")] == wanted
    found: list[dict[str, Any]] = []
    while page := world.ask(
        ann,
        "select public.list_budgets(%s, %s, 2)",
        *(found[-1][key] if found else None for key in ("scope", "id")),
    ):
        assert len(page) <= 2
        found += page
    assert [each["scope_id"] for each in found] == wanted


def test_what_runs_ends_and_can_pass_the_budget(world: World, ann: Person, worker: Worker) -> None:
    set_up(world, worker, ann)
    world.create_batch(ann, world.add_project(ann), 3)
    running = [worker.take_running(Stage.SCRIPT) for _ in range(2)]
    world.call(ann, "set_budget", "tenant", 2)
    for claimed in running:
        pay(worker, claimed)
        worker.complete(claimed)
    assert state(world, ann) == ("exceeded", 4, 1)


def test_a_budget_of_nothing_and_its_end(world: World, ann: Person, worker: Worker) -> None:
    set_up(world, worker, ann)
    world.call(ann, "set_budget", "tenant", 0)
    world.create_batch(ann, world.add_project(ann))
    assert worker.take(Stage.SCRIPT) is None
    world.call(ann, "set_budget", "tenant", None)
    assert world.ask(ann, "select public.list_budgets()") == []
    assert worker.take(Stage.SCRIPT) is not None


def test_the_next_month_is_another_budget(world: World, ann: Person, worker: Worker) -> None:
    set_up(world, worker, ann)
    project = world.add_project(ann)
    world.create_batch(ann, project, 2)
    world.call(ann, "set_budget", "tenant", 2)
    world.call(ann, "set_budget", "project", 100, project, "total")
    spend(worker)
    assert worker.take(Stage.SCRIPT) is None
    world.run("update public.cost_totals set month = month - interval '1 month'")
    world.run(
        "update public.budgets set exceeded_at = exceeded_at - interval '1 month', warned_at = warned_at - interval '1 month'"
    )
    world.tick()
    told = {each["scope"]: each for each in world.ask(ann, "select public.list_budgets()")}
    assert (told["tenant"]["state"], told["tenant"]["spent"]) == ("open", 0)
    assert told["project"]["spent"] == 2, "in all"
    spend(worker)


def test_four_fifths_are_a_warning(world: World, ann: Person, worker: Worker) -> None:
    set_up(world, worker, ann)
    hook = {"url": "https://example.org", "events": ["budget.warned", "budget.exceeded"]}
    world.call(ann, "create_webhook", Jsonb(hook))
    world.create_batch(ann, world.add_project(ann), 5)
    world.call(ann, "set_budget", "tenant", 5)
    spend(worker)
    assert (state(world, ann)[0], events(world)) == ("open", [])
    spend(worker)
    assert (state(world, ann)[0], events(world)) == ("warned", ["budget.warned"])
    spend(worker)
    assert (state(world, ann)[0], events(world)) == ("exceeded", ["budget.warned", "budget.exceeded"])
    sent = world.rows(
        "select payload ->> 'event', topic like 'tenant:%%' from realtime.messages where event = 'budget' order by inserted_at"
    )
    assert sent == [("budget.warned", True), ("budget.exceeded", True)]


def test_what_becomes_of_budgets_is_kept_and_told(
    world: World, ann: Person, bob: Person, worker: Worker
) -> None:
    def kept(person: Person = ann, scope_id: str | None = None) -> list[tuple[str, float, float, bool]]:
        return [
            (e["event"], e["amount"], e["spent"], e["user_id"] == str(ann.user_id))
            for e in world.ask(person, "select public.list_budget_events(%s)", scope_id)
        ]

    set_up(world, worker, ann)
    made = world.create_batch(ann, world.add_project(ann), 4, budget=2)
    spend(worker)
    world.call(ann, "set_budget", "batch", 3, made["batch_id"])
    world.call(ann, "set_budget", "batch", None, made["batch_id"])
    of_batch = [
        ("budget.lifted", 3, 2, True),
        ("budget.raised", 3, 2, True),
        ("budget.exceeded", 2, 2, False),
    ]
    assert kept() == of_batch == kept(scope_id=made["batch_id"])
    assert world.rows(
        "select split_part(topic, ':', 1), payload ->> 'event' from realtime.messages where event = 'budget'"
        " order by payload ->> 'event', 1"
    ) == [
        (topic, f"budget.{name}")
        for name in ("exceeded", "lifted", "raised")
        for topic in ("batch", "tenant")
    ]
    world.call(ann, "set_budget", "tenant", 2)
    assert kept(scope_id=str(ann.tenant_id)) == [("budget.exceeded", 2, 2, False)]
    world.run("update public.cost_totals set month = month - interval '1 month'")
    world.run(
        "update public.budgets set exceeded_at = exceeded_at - interval '1 month', warned_at = warned_at - interval '1 month'"
    )
    world.tick()
    assert kept()[0] == ("budget.lifted", 2, 0, False)
    assert kept(bob) == []
    [first] = world.ask(ann, "select public.list_budget_events(max_rows => 1)")
    assert len(world.ask(ann, "select public.list_budget_events(before_id => %s)", first["id"])) == 4


def events(world: World) -> list[Any]:
    return [row[0] for row in world.rows("select event from private.webhook_deliveries order by id")]


def test_prices_and_providers_that_change_are_looked_at(world: World, ann: Person, worker: Worker) -> None:
    set_up(world, worker, ann)
    world.call(ann, "set_budget", "tenant", 0)
    world.create_batch(ann, world.add_project(ann), 2)
    assert worker.take(Stage.SCRIPT) is None
    announce(worker, "extractive")
    world.tick()
    assert worker.take(Stage.SCRIPT) is not None, "the provider is another one, and free"
    world.run(
        """update public.tenants set settings = '{"prices": {"script_generation": 1}}' where id = %s""",
        ann.tenant_id,
    )
    world.tick()
    assert worker.take(Stage.SCRIPT) is None, "has a price per task now"


def test_paused_batches_stay_closed_when_a_budget_opens(world: World, ann: Person, worker: Worker) -> None:
    set_up(world, worker, ann)
    made = world.create_batch(ann, world.add_project(ann), 2)
    world.call(ann, "pause_batch", made["batch_id"])
    world.call(ann, "set_budget", "tenant", 0)
    world.call(ann, "resume_batch", made["batch_id"])
    assert worker.take(Stage.SCRIPT) is None, "over its budget"
    world.call(ann, "pause_batch", made["batch_id"])
    world.call(ann, "set_budget", "tenant", 10)
    assert worker.take(Stage.SCRIPT) is None, "paused"
    world.call(ann, "resume_batch", made["batch_id"])
    assert worker.take(Stage.SCRIPT) is not None


def test_who_sets_budgets(world: World, ann: Person, bob: Person, worker: Worker) -> None:
    project = world.add_project(ann)
    made = world.create_batch(ann, project)
    editor = world.add_member(ann, "editor")
    for person, arguments, code in (
        (editor, ("tenant", 1), "CR003"),
        (editor, ("project", 1, project), "CR003"),
        (editor, ("batch", 1, made["batch_id"]), "CR003"),
        (bob, ("project", 1, project), "CR002"),
        (bob, ("batch", 1, made["batch_id"]), "CR002"),
        (ann, ("galaxy", 1), "CR001"),
        (ann, ("tenant", -1), "CR001"),
        (ann, ("tenant", None), "CR002"),
    ):
        with pytest.raises(psycopg.DatabaseError) as refused:
            world.call(person, "set_budget", *arguments)
        assert refused.value.sqlstate == code, arguments
    world.run(
        "insert into public.project_members (tenant_id, project_id, user_id) values (%s, %s, %s)",
        ann.tenant_id, project, editor.user_id,
    )  # fmt: skip
    told = world.call(editor, "set_budget", "batch", 1, made["batch_id"])
    assert (told["scope"], told["period"], told["state"]) == ("batch", "total", "open")
    assert world.ask(bob, "select public.list_budgets()") == []
