"""Writes the web app's types of the API and the database (`just web-types`), or fails if they are old (`--check`).

The API's come from its OpenAPI document by openapi-typescript, the database's from `sql/` by the supabase CLI.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from schema import CLI, build_state, scratch_databases

from cliprow.api.app import create_app
from cliprow.api.openapi import document_json
from cliprow.api.settings import ApiSettings

ROOT = Path(__file__).resolve().parents[1]
TYPES = ROOT / "web" / "src" / "types"
GENERATOR = ROOT / "web" / "node_modules" / ".bin" / "openapi-typescript"


def main() -> int:
    """Write the types, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something is old")
    chosen = parser.parse_args()
    made = {"api.d.ts": api_types(), "database.d.ts": database_types()}
    old = [name for name, text in made.items() if not _has(TYPES / name, text)]
    if chosen.check:
        if old:
            print(
                f"{', '.join(old)} in web/src/types is not what the API and the database say now: run `just web-types`."
            )
        return 1 if old else 0
    TYPES.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (TYPES / name).write_text(text, encoding="utf-8")
    print(f"Written: {', '.join(old) or 'nothing, all was new'}.")
    return 0


def api_types() -> str:
    """The OpenAPI document as TypeScript."""
    app = create_app(
        ApiSettings(database="host=nowhere", supabase_url="http://localhost", publishable_key="")
    )
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "openapi.json"
        document.write_bytes(document_json(app))
        made = subprocess.run(
            [GENERATOR, document, "--alphabetize", "--default-non-nullable", "false"],
            capture_output=True,
            text=True,
        )
    if made.returncode:
        sys.exit(f"openapi-typescript failed; `npm ci` in web/ installs it.\n{made.stderr}")
    return made.stdout


def database_types() -> str:
    """The tables and functions of the schema `public` as TypeScript."""
    if not CLI.exists():
        sys.exit("The supabase CLI is missing; `just tools` installs it.")
    with scratch_databases("state") as (state,):
        build_state(state)
        made = subprocess.run(
            [CLI, "gen", "types", f"--remote={state}", "--schema", "public"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    if made.returncode:
        sys.exit(f"The supabase CLI could not write the types of the database.\n{made.stderr}")
    return made.stdout


def _has(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
