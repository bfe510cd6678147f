"""Processor time of Postgres and of what runs beside it: what counts where a machine is shared."""

from __future__ import annotations

import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def of_server(data_folder: Path) -> float:
    """Seconds that the Postgres of a data folder has used, with all its processes, those that ended too."""
    postmaster = int(next(data_folder.rglob("postmaster.pid")).read_text(encoding="utf-8").split()[0])
    total = sum(_times(postmaster))
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and _parent(int(folder.name)) == postmaster:
            total += sum(_times(int(folder.name))[:2])
    return total


def of_here() -> float:
    """Seconds that this process has used."""
    return time.process_time()


def of_children() -> float:
    """Seconds that ended children of this process have used."""
    times = os.times()
    return times.children_user + times.children_system


def _fields(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _parent(pid: int) -> int:
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def _times(pid: int) -> list[float]:
    """User, system, and the same of children that ended."""
    return [int(field) / _TICKS for field in _fields(pid)[11:15]]
