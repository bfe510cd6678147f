"""Which columns users may write; all others are the database's and the service side's."""

from __future__ import annotations

import pytest

from tests.sql.row_level_security.cast import Cast
from tests.sql.row_level_security.rows import SAMPLES

INSERTED = {
    "projects": {
        "id",
        "tenant_id",
        "name",
        "original_idea",
        "target_audience",
        "tone",
        "status",
        "metadata",
        "owner_id",
        "max_concurrent_tasks",
    },
    "project_members": {"tenant_id", "project_id", "user_id", "role", "created_at"},
    "scripts": {
        "id",
        "tenant_id",
        "project_id",
        "content",
        "total_duration",
        "word_count",
        "script_type",
        "language",
    },
    "scenes": {
        "id",
        "tenant_id",
        "script_id",
        "scene_number",
        "duration",
        "duration_ms",
        "voiceover_text",
        "visual_description",
        "heading",
        "points",
        "scene_type",
        "platform_specific",
        "language",
    },
    "content_library": {
        "id",
        "tenant_id",
        "scene_id",
        "specific_tags",
        "generic_tags",
        "preview_text",
        "library_category",
        "usage_count",
        "last_used",
    },
}
UPDATED = {
    "tenants": {"name", "settings"},
    "memberships": {"role", "analytics_scope"},
    "projects": {
        "name",
        "original_idea",
        "target_audience",
        "tone",
        "status",
        "metadata",
        "max_concurrent_tasks",
        "deleted_at",
    },
    "project_members": {"role"},
    "scripts": {"content", "total_duration", "word_count", "script_type", "language"},
    "scenes": {
        "voiceover_text",
        "visual_description",
        "heading",
        "points",
        "scene_type",
        "platform_specific",
        "duration",
        "duration_ms",
    },
    "content_library": {
        "specific_tags",
        "generic_tags",
        "preview_text",
        "library_category",
        "usage_count",
        "last_used",
    },
}


@pytest.mark.parametrize(("privilege", "columns"), [("INSERT", INSERTED), ("UPDATE", UPDATED)])
@pytest.mark.parametrize("table", SAMPLES)
def test_users_may_write_these_columns_and_no_other(
    cast: Cast, table: str, privilege: str, columns: dict[str, set[str]]
) -> None:
    granted = cast.world.rows(
        "select column_name from information_schema.column_privileges"
        " where table_schema = 'public' and table_name = %s and grantee = 'authenticated' and privilege_type = %s",
        table,
        privilege,
    )
    assert {name for (name,) in granted} == columns.get(table, set())


def test_what_says_whose_a_row_is_stays_as_it_was_inserted() -> None:
    fixed = {"id", "tenant_id", "project_id", "script_id", "scene_id", "user_id", "owner_id"}
    assert [table for table, columns in UPDATED.items() if columns & fixed] == []
