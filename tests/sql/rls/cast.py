"""Two tenants with a row in every table, and everybody who might touch the first one's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from tests.sql.world import Connection, Person, Worker, World

#: Who acts, and how a policy should think of them.
OWNER, ADMIN = "owner", "admin"
EDITOR = "editor who owns the project"
TEAMMATE = "editor who is a member of the project"
BYSTANDER = "editor of other projects"
ONLOOKER = "editor who may only view the project"
VIEWER = "viewer"
#: Was a member, and still has a token that says so.
REMOVED = "removed member"
#: Owner of the second tenant, in the second tenant.
STRANGER = "owner of another tenant"
#: The same, with a token that names the first tenant.
FORGER = "owner of another tenant who claims to be in this one"
ANON, SERVICE, WORKER = "anon", "service_role", "cliprow_worker"


@dataclass(frozen=True)
class Cast:
    """The people, and the ids of the rows of both tenants."""

    world: World
    people: dict[str, Person]
    #: As `cliprow_worker`.
    worker: Connection
    #: Names used in statements, like `project`, of the first and the second tenant.
    ours: dict[str, Any]
    theirs: dict[str, Any]

    @contextmanager
    def acting(self, who: str) -> Iterator[Connection]:
        """A transaction as one of them, of which nothing is kept."""
        connection = self.worker if who == WORKER else self.world.admin
        with connection.transaction(force_rollback=True):
            if who in self.people:
                role, claims = "authenticated", self.people[who].claims
            else:
                role, claims = who, json.dumps({"role": who})
            if who != WORKER:
                connection.execute(
                    "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)", [role, claims]
                )
            yield connection

    def everybody(self) -> list[str]:
        return [*self.people, ANON, SERVICE, WORKER]

    def can(self, who: str, statement: LiteralString) -> bool:
        """Whether a statement, with names of `ours` in it, touches a row when `who` runs it."""
        with self.acting(who) as connection:
            try:
                return connection.execute(statement, self.ours).rowcount > 0
            except psycopg.errors.InsufficientPrivilege:
                return False


def make_cast(world: World) -> Cast:
    """Fill a database."""
    owner, stranger = world.sign_up("owner"), world.sign_up("stranger")
    people = {
        OWNER: owner,
        ADMIN: world.add_member(owner, "admin"),
        EDITOR: world.add_member(owner, "editor", "project"),
        TEAMMATE: world.add_member(owner, "editor", "project"),
        BYSTANDER: world.add_member(owner, "editor", "project"),
        ONLOOKER: world.add_member(owner, "editor", "none"),
        VIEWER: world.add_member(owner, "viewer"),
        REMOVED: world.add_member(owner, "admin"),
        STRANGER: stranger,
        FORGER: Person(stranger.user_id, owner.tenant_id),
    }
    world.run(
        "delete from public.memberships where tenant_id = %s and user_id = %s", owner.tenant_id, people[REMOVED].user_id
    )
    ours = _fill(world, people[EDITOR])
    for who, role in ((TEAMMATE, "editor"), (ONLOOKER, "viewer")):
        world.run(
            "insert into public.project_members (tenant_id, project_id, user_id, role) values (%s, %s, %s, %s)",
            owner.tenant_id, ours["project"], people[who].user_id, role,
        )
    ours |= {"me": owner.user_id, "viewer": people[VIEWER].user_id, "admin": people[ADMIN].user_id}
    ours["guest"] = world.sign_up("guest").user_id
    ours |= {"teammate": people[TEAMMATE].user_id, "bystander": people[BYSTANDER].user_id}
    return Cast(world, people, world.connect(world.database.worker), ours, _fill(world, stranger))


def _fill(world: World, person: Person) -> dict[str, Any]:
    """A project of this person's, with a finished batch and a row in each other table."""
    project = world.add_project(person)
    made = world.create_batch(person, project, [{"topic": "Tea", "platforms": ["youtube"]}], key="k")
    worker = Worker(world)
    worker.work()
    worker.leave()
    names: dict[str, Any] = {"tenant": person.tenant_id, "project": project, "batch": UUID(made["batch_id"])}

    def first(table: str, column: str = "id", where: str = "true") -> Any:
        return world.one(f"select {column} from public.{table} where tenant_id = %s and {where} limit 1", person.tenant_id)

    names |= {"job": first("generation_jobs"), "script": first("scripts"), "user": person.user_id}
    names["scene"] = first("scenes", where="scene_number = 1")
    names["task"] = first("stage_tasks", where="stage = 'script_generation'")
    names |= {"attempt": first("task_attempts"), "event": first("job_events")}
    names["content"] = first("generated_content", where="role = 'video'")
    names["key"] = first("artifacts", "content_key", "stage = 'platform_adaptation'")
    for statement in _ROWS:
        world.admin.execute(statement, names)
    names["library"] = first("content_library")
    names["member"] = world.sign_up("member").user_id
    world.run("insert into public.memberships values (%s, %s, 'editor')", person.tenant_id, names["member"])
    world.run(
        "insert into public.project_members (tenant_id, project_id, user_id) values (%s, %s, %s)",
        person.tenant_id, project, names["member"],
    )
    return names


_ROWS: tuple[LiteralString, ...] = (
    "insert into public.content_library (tenant_id, scene_id) values (%(tenant)s, %(scene)s)",
    "insert into public.performance_metrics (tenant_id, project_id, content_id, platform)"
    " values (%(tenant)s, %(project)s, %(content)s, 'youtube')",
    "insert into public.analytics (tenant_id, project_id, date) values (%(tenant)s, %(project)s, '2026-01-01')",
    "insert into public.feature_flags (name, tenant_id) values ('a_flag', %(tenant)s)",
    "insert into public.legacy_ids (tenant_id, entity, legacy_id, id) values (%(tenant)s, 'job', '7', %(job)s)",
    "insert into public.realtime_outbox (tenant_id, topic, entity, entity_id, version)"
    " values (%(tenant)s, 'x', 'job', %(job)s, 1)",
)
