"""Removes the embedded stack's data: database, media, logs (`just reset`)."""

from __future__ import annotations

import fcntl
import shutil
import sys

from cliprow.config import Config
from cliprow.local.postgres import Cluster, packaged_programs


def main() -> int:
    """Stop a server that was left running and remove the folder, unless a command is using it."""
    config = Config.from_environment()
    home = config.home
    if not (home / "users.lock").exists():
        print(f"There is no embedded stack in {home}.")
        return 0
    with (home / "users.lock").open("a+b") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"A command is using {home}: end it, then repeat.", file=sys.stderr)
            return 1
        programs = config.postgres_bin or packaged_programs()
        Cluster(data=home / "postgres", log=home / "logs" / "postgres.log", programs=programs).stop()
        shutil.rmtree(home)
    print(f"Removed {home}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
