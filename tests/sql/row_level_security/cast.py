"""Everybody who may come to the database, and what each of them can do to one row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import errors

from tests.sql.world import Connection, Person, World


class Who(StrEnum):
    """A role of the database, or a user of the first tenant by what makes it different from the others."""

    ANON = "anon: nobody signed in"
    VIEWER = "viewer"
    EDITOR = "editor who owns nothing"
    PROJECT_OWNER = "editor who owns the project"
    PROJECT_EDITOR = "editor who is a member of the project, as editor"
    PROJECT_VIEWER = "editor who is a member of the project, as viewer"
    DEMOTED = "viewer who is a member of the project, as editor"
    ADMIN = "admin"
    OWNER = "owner"
    REMOVED = "removed member whose token is still valid"
    STRANGER = "owner of the other tenant"
    FORGER = "owner of the other tenant whose token names the first"
    SERVICE = "service_role"
    WORKER = "cliprow_worker"


#: Roles of the first tenant's people; those who are no members are left out.
TENANT_ROLES = {
    Who.VIEWER: "viewer",
    Who.EDITOR: "editor",
    Who.PROJECT_OWNER: "editor",
    Who.PROJECT_EDITOR: "editor",
    Who.PROJECT_VIEWER: "editor",
    Who.DEMOTED: "viewer",
    Who.ADMIN: "admin",
    Who.REMOVED: "viewer",
}
#: Those who act as a role of the database that is no user's.
DATABASE_ROLES = {Who.ANON: "anon", Who.SERVICE: "service_role", Who.WORKER: "cliprow_worker"}
#: Who of them are members of the project, and as what.
PROJECT_ROLES = {Who.PROJECT_EDITOR: "editor", Who.PROJECT_VIEWER: "viewer", Who.DEMOTED: "editor"}


@dataclass
class Cast:
    """Two tenants, all of `Who`, and a project of the first tenant."""

    world: World
    people: dict[Who, Person]
    project_id: UUID
    #: As `cliprow_worker`, which nobody else may become.
    worker: Connection

    @property
    def tenant_id(self) -> UUID:
        """The first tenant."""
        return self.people[Who.OWNER].tenant_id

    @contextmanager
    def acting(self, who: Who) -> Iterator[Connection]:
        """One transaction as one of them, of which nothing stays."""
        connection = self.worker if who is Who.WORKER else self.world.admin
        role, claims = (
            DATABASE_ROLES.get(who, "authenticated"),
            self.people[who].claims if who in self.people else "",
        )
        with connection.transaction(force_rollback=True):
            connection.execute(
                "select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
                [claims, role],
            )
            yield connection

    def can(self, who: Who, statement: str, values: Mapping[str, Any]) -> bool:
        """Whether a statement about one row reaches it. An error that is no refusal is the test's."""
        try:
            with self.acting(who) as connection:
                count = connection.execute(statement.encode(), values).rowcount
        except errors.InsufficientPrivilege:
            return False
        assert count in (0, 1), f"{statement} reached {count} rows"
        return count == 1


def gather(world: World) -> Cast:
    """Signs everybody up, and makes the project."""
    owner, stranger = world.sign_up("ann"), world.sign_up("bob")
    people = {who: world.add_member(owner, role) for who, role in TENANT_ROLES.items()}
    people |= {
        Who.OWNER: owner,
        Who.STRANGER: stranger,
        Who.FORGER: Person(stranger.user_id, owner.tenant_id),
    }
    project_id = world.add_project(people[Who.PROJECT_OWNER])
    for who, role in PROJECT_ROLES.items():
        world.run(
            "insert into public.project_members (tenant_id, project_id, user_id, role) values (%s, %s, %s, %s)",
            owner.tenant_id,
            project_id,
            people[who].user_id,
            role,
        )
    removed = people[Who.REMOVED]
    world.run(
        "delete from public.memberships where (tenant_id, user_id) = (%s, %s)",
        owner.tenant_id,
        removed.user_id,
    )
    return Cast(world, people, project_id, world.connect(world.database.worker))
