"""The matrix: for every table and action, who reaches a row of the first tenant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

import pytest

from tests.sql.row_level_security.cast import Cast, Who
from tests.sql.row_level_security.rows import SAMPLES, add_rows, new_row, statement

Set = frozenset[Who]

NOBODY: Set = frozenset()
SERVICE: Set = frozenset({Who.SERVICE})
OWNERS_AND_ADMINS: Set = frozenset({Who.OWNER, Who.ADMIN})
#: Those who control the project.
CONTROLLERS = OWNERS_AND_ADMINS | {Who.PROJECT_OWNER, Who.PROJECT_EDITOR}
EDITORS = CONTROLLERS | {Who.EDITOR, Who.PROJECT_VIEWER}
MEMBERS = EDITORS | {Who.VIEWER, Who.DEMOTED}
SIGNED_IN = MEMBERS | {Who.REMOVED, Who.STRANGER, Who.FORGER}


@dataclass(frozen=True)
class Row:
    """Who may do what to a row, `service_role` aside, which may do all but what `kept_from_service` names."""

    select: Set
    insert: Set = NOBODY
    update: Set = NOBODY
    delete: Set = NOBODY
    kept_from_service: Collection[str] = ()

    def allowed(self, action: str) -> Set:
        people: Set = getattr(self, action)
        return people if action in self.kept_from_service else people | SERVICE


MATRIX = {
    # table                     select     insert             update             delete
    "tenants": Row(             MEMBERS,   NOBODY,            OWNERS_AND_ADMINS, NOBODY),
    # People join by accepting an invitation, which invite_member() makes.
    "memberships": Row(         MEMBERS,   NOBODY,            OWNERS_AND_ADMINS, OWNERS_AND_ADMINS),
    "invitations": Row(         OWNERS_AND_ADMINS),
    # Written by set_brand(), set_brand_logo() and remove_brand().
    "brands": Row(              MEMBERS),
    # Written by remember_columns().
    "import_columns": Row(      MEMBERS),
    # Deletion is soft: whoever may change a project sets deleted_at.
    "projects": Row(            MEMBERS,   EDITORS,           CONTROLLERS,       NOBODY),
    "project_members": Row(     MEMBERS,   CONTROLLERS,       CONTROLLERS,       CONTROLLERS),
    "scripts": Row(             MEMBERS,   CONTROLLERS,       CONTROLLERS,       CONTROLLERS),
    "scenes": Row(              MEMBERS,   CONTROLLERS,       CONTROLLERS,       CONTROLLERS),
    "content_library": Row(     MEMBERS,   EDITORS,           EDITORS,           EDITORS),
    # Written by triggers and add_library_version().
    "library_versions": Row(    MEMBERS),
    # Written by create_batch() and the queue's functions.
    "batches": Row(             MEMBERS),
    "batch_dependencies": Row(  MEMBERS),
    "job_dependencies": Row(    MEMBERS),
    # Written by create_schedule() and its like, and by the ticker.
    "schedules": Row(           MEMBERS),
    "schedule_runs": Row(       MEMBERS),
    # Written by create_webhook() and its like; an address may hold a secret of its own.
    "webhooks": Row(            OWNERS_AND_ADMINS),
    "idempotency_keys": Row(    MEMBERS),
    "generation_jobs": Row(     MEMBERS),
    "stage_tasks": Row(         MEMBERS),
    "task_attempts": Row(       MEMBERS),
    # Written by discard_letters() and what operators call.
    "discarded_letters": Row(   MEMBERS),
    # Written by triggers.
    "audit_events": Row(        OWNERS_AND_ADMINS, kept_from_service=("insert", "update", "delete")),
    "artifacts": Row(           MEMBERS),
    "generated_content": Row(   MEMBERS),
    # Written by issue_asset() and what the API calls.
    "asset_access": Row(        OWNERS_AND_ADMINS, kept_from_service=("update",)),
    "job_events": Row(          MEMBERS,   kept_from_service=("update", "delete")),
    "realtime_outbox": Row(     NOBODY,    kept_from_service=("update",)),
    # Written by the service side. These members have the analytics scope `tenant`.
    "performance_metrics": Row( MEMBERS),
    "analytics": Row(           MEMBERS),
    # Written by set_price(), set_budget() and what workers call.
    "provider_prices": Row(     MEMBERS),
    "provider_calls": Row(      MEMBERS),
    "cost_totals": Row(         MEMBERS),
    "budgets": Row(             MEMBERS),
    "budget_events": Row(       MEMBERS,   kept_from_service=("update", "delete")),
    "feature_flags": Row(       MEMBERS),
    "legacy_ids": Row(          MEMBERS),
    "platforms": Row(           SIGNED_IN, kept_from_service=("delete",)),
}  # fmt: skip
ACTIONS = [field.name for field in fields(Row) if field.name != "kept_from_service"]


@pytest.fixture(scope="module")
def rows(cast: Cast) -> dict[str, dict[str, Any]]:
    """By table, what finds its row."""
    newcomer = cast.world.sign_up("newcomer")
    rows = add_rows(cast.world, cast.tenant_id, cast.project_id, newcomer.user_id)
    # A second scene, which is not in the library.
    rows["spare"] = rows["scenes"] | {"id": UUID(int=rows["scenes"]["id"].int + 50), "n": 50}
    cast.world.admin.execute(statement("scenes", "insert").encode(), rows["spare"])
    return rows


def test_every_table_is_in_the_matrix(cast: Cast) -> None:
    tables = cast.world.rows(
        "select c.relname from pg_class as c where c.relnamespace = 'public'::regnamespace"
        " and c.relkind in ('r', 'p')"
    )
    assert {name for (name,) in tables} == set(MATRIX) == set(SAMPLES)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("table", MATRIX)
def test_who_reaches_a_row(cast: Cast, rows: dict[str, dict[str, Any]], table: str, action: str) -> None:
    values = rows[table]
    if action == "insert":
        # Somebody who is no member yet, a member who is not in the project yet, a scene that is not in the library yet.
        others = {
            "memberships": {"user": cast.people[Who.STRANGER].user_id},
            "project_members": {"user": cast.people[Who.VIEWER].user_id},
            "content_library": {"scene": rows["spare"]["id"]},
            "brands": {"tenant": cast.people[Who.STRANGER].tenant_id},
        }
        values = new_row(table, rows, **others.get(table, {}))
    reached = {who for who in Who if cast.can(who, statement(table, action), values)}
    assert reached == MATRIX[table].allowed(action)
