"""Who did what to which row, when, through which door."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from cliprow.models import Stage
from tests.sql.world import Person, Worker, World


def entries(world: World, person: Person, entity: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.ask(person, "select public.list_audit(entity => %s)", entity)
    return found


def test_changes_of_users_are_written_down(world: World, ann: Person) -> None:
    project = world.add_project(ann)
    batch = world.create_batch(ann, project, 2)["batch_id"]
    editor = world.add_member(ann, "editor")
    world.call(ann, "change_member", editor.user_id, "admin")
    world.call(ann, "pause_batch", batch)
    world.call(ann, "resume_batch", batch)
    with world.acting(ann) as connection:
        connection.execute("update public.projects set name = 'Other' where id = %s", [project])
        connection.execute('update public.tenants set settings = \'{"slack_token": "xyz", "a": 1}\'')

    assert [e["action"] for e in entries(world, ann, "batches")] == ["resume", "pause", "insert"]
    pause = entries(world, ann, "batches")[1]
    assert (pause["user_id"], pause["role"], pause["door"], pause["entity_id"]) == (
        str(ann.user_id),
        "owner",
        "sql",
        str(batch),
    )
    assert set(pause["after"]) == {"paused_at", "paused_by"}
    member = entries(world, ann, "memberships")[0]
    assert (member["before"], member["after"]) == ({"role": "editor"}, {"role": "admin"})
    assert entries(world, ann, "projects")[0]["after"] == {"name": "Other"}
    tenant = entries(world, ann, "tenants")[0]
    assert tenant["after"] == {"settings": {"slack_token": "(secret)", "a": 1}}


def test_what_users_change_of_scripts_scenes_and_the_library_is_written_down(
    world: World, ann: Person, worker: Worker
) -> None:
    project = world.add_project(ann)
    world.create_batch(ann, project, 1)
    worker.work()
    # What the worker wrote is no user's.
    tables = ("scripts", "scenes", "content_library", "library_versions")
    assert [entries(world, ann, table) for table in tables] == [[], [], [], []]
    assert world.one("select count(*) from public.scenes") > 0
    with world.acting(ann) as connection:

        def ask(statement: str, *arguments: object) -> Any:
            return (connection.execute(statement.encode(), arguments).fetchone() or [None])[0]

        script = ask(
            'insert into public.scripts (project_id, content) values (%s, \'{"title": "Tea"}\') returning id',
            project,
        )
        scene = ask(
            "insert into public.scenes (script_id, scene_number, duration, voiceover_text, visual_description)"
            " values (%s, 1, 5, 'Hello.', 'A cup') returning id",
            script,
        )
        item = ask("insert into public.content_library (scene_id) values (%s) returning id", scene)
        connection.execute("update public.scenes set voiceover_text = 'Hi.' where id = %s", [scene])
        connection.execute("update public.content_library set usage_count = 9 where id = %s", [item])
        connection.execute(
            "update public.content_library set library_category = 'archived' where id = %s", [item]
        )
        ask('select public.add_library_version(%s, \'{"heading": "Tea"}\')', item)
        connection.execute("delete from public.scripts where id = %s", [script])

    def told(table: str) -> list[tuple[str, str]]:
        return [(entry["action"], entry["entity_id"]) for entry in entries(world, ann, table)]

    assert told("scripts") == [("delete", str(script)), ("insert", str(script))]
    assert told("scenes") == [("update", str(scene)), ("insert", str(scene))], "not what went with its script"
    assert told("content_library") == [("update", str(item)), ("insert", str(item))]
    assert told("library_versions") == [("insert", f"{item}/3")], "not the versions that follow from changes"
    entry = entries(world, ann, "scenes")[0]
    assert (entry["before"], entry["after"]) == ({"voiceover_text": "Hello."}, {"voiceover_text": "Hi."})
    assert (entry["user_id"], entry["role"], entry["door"]) == (str(ann.user_id), "owner", "sql")


def test_jobs_are_written_down_one_by_one_or_together(world: World, ann: Person, worker: Worker) -> None:
    few = world.create_batch(ann, world.add_project(ann), 2)["batch_id"]
    many = world.create_batch(ann, world.add_project(ann), 30)["batch_id"]
    job = world.one("select id from public.generation_jobs where batch_id = %s limit 1", few)
    world.call(ann, "pause_job", job)
    world.call(ann, "cancel_batch", many)
    found = entries(world, ann, "generation_jobs")
    assert [(e["action"], e["entity_id"], e["after"].get("jobs")) for e in found] == [
        ("cancel", None, 30),
        ("pause", str(job), None),
    ]
    assert [e["action"] for e in entries(world, ann, "batches")][:1] == ["cancel"]
    world.call(ann, "resume_job", job)
    # What workers do is in job_events.
    count = world.one("select count(*) from public.audit_events")
    worker.work()
    worker.connection.execute("select private.tick()")
    assert world.one("select count(*) from public.audit_events") == count
    assert world.one("select status from public.batches where id = %s", few) == "completed"
    world.call(ann, "retry_job", job, Stage.POST)
    assert entries(world, ann, "generation_jobs")[0]["action"] == "retry"


def test_secrets_stay_out(world: World, ann: Person) -> None:
    hook = Jsonb({"url": "https://example.org/hooks/s3cret?key=k3y", "events": ["batch.ended"]})
    made = world.call(ann, "create_webhook", hook)
    changed = world.call(ann, "rotate_webhook_secret", made["id"])
    found = entries(world, ann, "webhooks")
    assert [e["action"] for e in found] == ["rotate_secret", "insert"]
    assert found[1]["after"]["url"] == "https://example.org/..."
    shown = "select private.shown('url', '\"https://me:pw@example.org?key=k3y\"')"
    assert world.one(shown) == "https://example.org/..."
    said = str(world.rows("select before, after from public.audit_events"))
    for secret in (made["secret"], changed["secret"], "s3cret", "k3y"):
        assert secret not in said


def test_doors_are_told_apart(world: World, ann: Person, worker: Worker) -> None:
    assert world.one("select private.door()") == "sql"
    with world.admin.transaction():
        world.run("select set_config('cliprow.door', 'cli', true)")
        assert world.one("select private.door()") == "cli"
        world.run("select set_config('request.jwt.claims', '{\"schedule_id\": \"x\"}', true)")
        assert world.one("select private.door()") == "schedule"
    project = world.add_project(ann)
    topics = [{"topic": "Sky", "platforms": ["youtube"]}]
    world.call(ann, "create_schedule", project, Jsonb({"name": "S", "cron": "@daily", "topics": topics}))
    world.run("update public.schedules set next_run_at = now()")
    world.tick()
    (entry,) = entries(world, ann, "batches")
    assert (entry["door"], entry["user_id"]) == ("schedule", str(ann.user_id))


def test_operators_changes_belong_to_no_tenant(world: World, ann: Person, worker: Worker) -> None:
    world.one("select private.pause_stage('audio_generation', 'Down')")
    world.one("select private.order_worker(%s, 'drain')", worker.id)
    worker.beat()
    world.one("select private.set_retention('job_events', '90 days')")
    world.run("update private.settings set max_failures = 3, ticked_at = now()")
    found = world.one("select private.find_audit('{}')")
    assert [(e["entity"], e["action"]) for e in found if e["tenant_id"] is None] == [
        ("settings", "update"),
        ("retention", "update"),
        ("workers", "drain"),
        ("stage_queues", "insert"),
    ]
    assert found[0]["after"] == {"max_failures": 3}
    assert not [e for e in world.ask(ann, "select public.list_audit()") if e["tenant_id"] is None]


def test_the_audit_is_for_admins_and_only_added_to(world: World, ann: Person, bob: Person) -> None:
    world.add_project(ann)
    for role in ("viewer", "editor"):
        with pytest.raises(psycopg.Error) as raised:
            world.ask(world.add_member(ann, role), "select public.list_audit()")
        assert raised.value.sqlstate == "CR003"
    assert {e["tenant_id"] for e in world.ask(bob, "select public.list_audit()")} == {str(bob.tenant_id)}
    for change in ("update public.audit_events set action = 'x'", "delete from public.audit_events"):
        with pytest.raises(psycopg.Error) as raised:
            world.run(change)
        assert raised.value.sqlstate == "CR004"


def test_a_missing_month_keeps_nobody_from_working(world: World, ann: Person) -> None:
    leaf = world.one("select to_char(now() at time zone 'UTC', '\"audit_events_\"YYYY_MM')")
    world.run(f"drop table partitions.{leaf}")
    world.sign_up("late")
    assert world.one("select count(*) from public.audit_events") >= 2
