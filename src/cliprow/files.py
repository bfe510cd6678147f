"""Files that are either whole or not there.

A file is written beside its target under a name that starts with a dot, flushed to the disk, then renamed.
A reader never meets half a file, and a killed writer leaves only the dotted one, swept up a day later.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

#: `OSError.errno` of a disk that takes no more: no space, quota, size limit.
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: Bytes read at once.
CHUNK_BYTES = 1 << 20
#: What an unfinished file is called ends with this.
PART_SUFFIX = ".part"
#: Seconds after which an unfinished file belongs to nobody any more.
LEFTOVER_AGE_S = 24 * 3600


def sha256_of(path: Path) -> str:
    """Return the hex digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def whole_file(target: Path, *, mode: int = 0o600, folder_mode: int = 0o700) -> Iterator[BinaryIO]:
    """Open a file that gets its name only when the block ends well; an existing target is replaced.

    Args:
        target: final name; missing folders are made.
        mode: permission bits of the file, and `folder_mode` of folders made, less the process's umask.

    Raises:
        OSError: as the system says it, for example ENOSPC; nothing is left behind then.
    """
    make_folder(target.parent, folder_mode)
    part = target.parent / f".{uuid.uuid4().hex}{PART_SUFFIX}"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _flush_folder(target.parent)


def write_whole(target: Path, data: bytes, *, mode: int = 0o600, folder_mode: int = 0o700) -> None:
    """Write `data` as a whole file (see `whole_file`)."""
    with whole_file(target, mode=mode, folder_mode=folder_mode) as file:
        file.write(data)


def copy_whole(source: BinaryIO, target: Path, *, mode: int = 0o600, folder_mode: int = 0o700) -> str:
    """Copy an open file to `target` as a whole file and return the hex sha256 of what was written."""
    digest = hashlib.sha256()
    with whole_file(target, mode=mode, folder_mode=folder_mode) as file:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, which outlives the first; a copy where the file system has no such names.

    Raises:
        OSError: as the system says it.
    """
    make_folder(target.parent)
    try:
        target.hardlink_to(source)
    except FileExistsError:
        pass
    except FileNotFoundError:
        raise
    except OSError:
        with source.open("rb") as file:
            copy_whole(file, target)


def make_folder(folder: Path, mode: int = 0o700) -> None:
    """Make a folder and the missing ones above it, all with `mode` (`Path.mkdir` gives it to the last only)."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for step in reversed(missing):
        step.mkdir(mode=mode, exist_ok=True)


def sweep_leftovers(folder: Path) -> int:
    """Remove what writers killed long ago left directly inside `folder`; return how many files."""
    removed = 0
    for part in folder.glob(f".*{PART_SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):  # another sweep was quicker
            if time.time() - part.stat().st_mtime > LEFTOVER_AGE_S:
                part.unlink()
                removed += 1
    return removed


def _flush_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where folders can be opened for that (not on Windows)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
