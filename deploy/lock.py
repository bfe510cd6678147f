"""Pins every dependency in pyproject.toml to the newest version its bounds allow (`just lock`).

The pins are `constraint-dependencies`, which name no index: uv.lock holds addresses and is not committed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
PINS = re.compile(r"^constraint-dependencies = \[\n(?:    .*\n)*\]\n", re.MULTILINE)


def main() -> int:
    """Resolve without pins in a folder aside, then write the pins."""
    text = PROJECT.read_text(encoding="utf-8")
    if not PINS.search(text):
        print(f"{PROJECT} has no constraint-dependencies under [tool.uv].", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as aside:
        Path(aside, "pyproject.toml").write_text(PINS.sub("", text), encoding="utf-8")
        command = ["uv", "export", "--directory", aside, "--all-groups", "--all-extras", "--no-emit-project"]
        plain = ["--no-hashes", "--no-annotate", "--no-header", "--quiet"]
        found = subprocess.run([*command, *plain], check=True, capture_output=True, text=True).stdout
    pins = "".join(f"    {_quoted(line)},\n" for line in found.splitlines() if "==" in line)
    PROJECT.write_text(PINS.sub(lambda _: f"constraint-dependencies = [\n{pins}]\n", text), encoding="utf-8")
    print(f"Pinned {pins.count('==')} packages.")
    return 0


def _quoted(line: str) -> str:
    quote = "'" if '"' in line else '"'
    return f"{quote}{line}{quote}"


if __name__ == "__main__":
    raise SystemExit(main())
