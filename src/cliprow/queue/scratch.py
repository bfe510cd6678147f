"""Working folders below the data folder: each worker's own, removed by the next one when it was killed."""

from __future__ import annotations

import fcntl
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cliprow.errors import Unavailable

logger = logging.getLogger(__name__)

#: A worker keeps this file in its folder locked; the kernel lets go of the lock however the worker ends.
_LOCK = ".lock"


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A folder of this process's own inside `parent`, gone after the block; those of dead processes go first.

    Raises:
        Unavailable: it cannot be made.
    """
    try:
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Held until our own folder is locked, or another worker would take it for one that was left behind.
        with (parent / _LOCK).open("ab") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            for folder in parent.iterdir():
                if folder.is_dir() and not _is_in_use(folder):
                    shutil.rmtree(folder, ignore_errors=True)
                    logger.info("Removed %s, left by a worker that was killed.", folder)
            folder = Path(tempfile.mkdtemp(prefix="worker-", dir=parent))
            lock = (folder / _LOCK).open("wb")
            fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:
        raise Unavailable(
            f"No working folder can be made in {parent}: {error.strerror}.",
            error_code="SCRATCH_UNUSABLE",
            next_step="Free some space, make the folder writable, or set CLIPROW_HOME to another folder.",
        ) from error
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _is_in_use(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
