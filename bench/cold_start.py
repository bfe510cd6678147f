"""From nothing to a usable database, and from a stopped one, against starting bare Postgres in the same run.

    uv run python bench/cold_start.py [--runs 3]

Prints one JSON object, then one line for people.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cliprow.local.postgres import Cluster, free_port, packaged_programs


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a call."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def bare_postgres(folder: Path) -> tuple[float, float]:
    """Initdb and a first start; then a start alone."""
    cluster = Cluster(data=folder / "postgres", log=folder / "log", programs=packaged_programs())
    port = free_port()

    def first() -> None:
        cluster.create("bench")
        cluster.start(port)

    cold = seconds(first)
    cluster.stop()
    warm = seconds(lambda: cluster.start(port))
    cluster.stop()
    return cold, warm


def cliprow(folder: Path) -> tuple[float, float]:
    """`cliprow batch list` in an empty home, and once more."""
    environment = os.environ | {"CLIPROW_HOME": str(folder / "home"), "CLIPROW_DB_PORT": str(free_port())}

    def command() -> None:
        subprocess.run(
            [sys.executable, "-m", "cliprow", "batch", "list"],
            env=environment,
            check=True,
            capture_output=True,
        )

    return seconds(command), seconds(command)


def main() -> None:
    """Measure in turn, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    rows = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            rows.append((*bare_postgres(Path(one)), *cliprow(Path(other))))
    bare_cold, bare_warm, cold, warm = (statistics.median(column) for column in zip(*rows, strict=True))
    result = {
        "bare_cold_s": round(bare_cold, 2),
        "cold_s": round(cold, 2),
        "cold_ratio": round(cold / bare_cold, 2),
        "bare_warm_s": round(bare_warm, 2),
        "warm_s": round(warm, 2),
        "warm_ratio": round(warm / bare_warm, 2),
        "runs": runs,
    }
    print(json.dumps(result))
    print(f"cold start {cold:.1f} s, {cold / bare_cold:.1f} times initdb and a start; warm {warm:.1f} s")


if __name__ == "__main__":
    main()
