"""sql/ (the current state) and supabase/migrations (the way there) give the same schema, to the column's place."""

from __future__ import annotations

import difflib
import re
import subprocess
from pathlib import Path

from tests.cluster import Database, build_current_state

ROOT = Path(__file__).parents[2]


def _dump(database: Database, postgres_bin: Path) -> list[str]:
    words = ["--schema-only", "--exclude-schema=supabase_migrations", "--dbname", database.superuser]
    text = subprocess.run(
        [str(postgres_bin / "pg_dump"), *words], capture_output=True, text=True, check=True
    ).stdout
    # What is no schema: comments, empty lines, and the random word of \restrict.
    return [line for line in text.splitlines() if line and not re.match(r"--|\\(un)?restrict", line)]


def test_a_dump_of_both_is_equal(database: Database, bare_database: Database, postgres_bin: Path) -> None:
    build_current_state(bare_database, ROOT / "sql")
    migrated, current = _dump(database, postgres_bin), _dump(bare_database, postgres_bin)
    difference = list(difflib.unified_diff(migrated, current, "supabase/migrations", "sql", n=2, lineterm=""))
    assert difference == [], "\n".join(difference)
