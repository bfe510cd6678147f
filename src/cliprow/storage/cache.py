"""Local copies of stored files, by their path: whole, checked where the path names the content, and bounded.

Several processes share a cache. The least recently used files go first; what was used within `IN_USE_S` stays, since
somebody may be about to open it, so that the cache may be larger than its limit while that much is in use at once.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from cliprow.errors import CliprowError, NotFound, Unavailable
from cliprow.files import DISK_FULL, PART_SUFFIX, copy_whole, sha256_of, sweep_leftovers, whole_file
from cliprow.storage.paths import check_path, content_hash

#: A file used so recently is not removed. Seconds.
IN_USE_S = 600.0
#: Unless told otherwise, in bytes.
DEFAULT_LIMIT_BYTES = 5_000_000_000
#: Share of the limit that may be added before the cache is measured again.
_SLACK = 0.05


class Cache:
    """A folder of copies."""

    def __init__(self, root: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.root = root
        self.limit_bytes = limit_bytes
        self._lock = threading.Lock()
        #: Added since the cache was last measured; the first addition measures it.
        self._added_bytes = limit_bytes

    def find(self, path: str) -> Path | None:
        """The copy of what is stored at `path`, checked; None where there is none, or none that is right.

        Only paths that name their content are found: what lies at others may have been replaced.
        """
        place, wanted = self._place(path), content_hash(path)
        if wanted is None:
            return None
        try:
            os.utime(place)
            if sha256_of(place) == wanted:
                return place
            place.unlink()  # damaged
        except OSError:
            pass
        return None

    def add(self, path: str, source: Path) -> Path:
        """Keep a copy of `source` as what is stored at `path`.

        Raises:
            NotFound: `source` cannot be read.
            Unavailable: the disk refuses, or `source` is no longer what the path says.
        """
        if (there := self.find(path)) is not None:
            return there
        try:
            file = source.open("rb")
        except OSError as error:
            raise NotFound(
                f"Cannot read {source} to store it: {error.strerror}.", error_code="SOURCE_UNREADABLE"
            ) from error
        place = self._place(path)
        with file, self.explained():
            digest = copy_whole(file, place)
        if content_hash(path) not in (None, digest):
            self.remove(path)
            raise Unavailable(f"{source} changed while it was stored.", error_code="SOURCE_CHANGED")
        self._note(place.stat().st_size)
        return place

    @contextmanager
    def writing(self, path: str) -> Iterator[BinaryIO]:
        """A file to write what is stored at `path` into; it is there when the block ends well."""
        with self.explained(), whole_file(self._place(path)) as file:
            yield file
            size = file.tell()
        self._note(size)

    def place(self, path: str) -> Path:
        """Where the copy lies, or would."""
        return self._place(path)

    def remove(self, path: str) -> None:
        """Forget a copy."""
        with suppress(FileNotFoundError):
            self._place(path).unlink()

    def trim(self) -> int:
        """Remove what was not used for longest until the limit is kept; return how many bytes are left."""
        found = []
        for folder, _, names in os.walk(self.root):
            sweep_leftovers(Path(folder))
            for name in names:
                if name.endswith(PART_SUFFIX):
                    continue
                with suppress(FileNotFoundError):
                    file = Path(folder, name)
                    stat = file.stat()
                    found.append((stat.st_mtime, stat.st_size, file))
        total = sum(size for _, size, _ in found)
        for used_at, size, file in sorted(found):
            if total <= self.limit_bytes or time.time() - used_at < IN_USE_S:
                break
            file.unlink(missing_ok=True)
            total -= size
        return total

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turns what the disk says into errors of ours."""
        try:
            yield
        except OSError as error:
            raise self._explain(error) from error

    def _place(self, path: str) -> Path:
        check_path(path)
        return self.root.joinpath(*path.split("/"))

    def _note(self, size_bytes: int) -> None:
        with self._lock:
            self._added_bytes += size_bytes
            if self._added_bytes < self.limit_bytes * _SLACK:
                return
            self._added_bytes = 0
        self.trim()

    def _explain(self, error: OSError) -> CliprowError:
        if error.errno in DISK_FULL:
            return Unavailable(
                f"The disk with {self.root} is full.",
                error_code="STORAGE_FULL",
                next_step="Free some space there; the work goes on by itself, nothing is lost.",
            )
        return Unavailable(
            f"Cannot keep copies of stored files in {self.root}: {error.strerror}.",
            error_code="TRANSIENT_STORAGE_FAILURE",
            next_step="Check the folder's owner, rights and disk with `cliprow doctor`.",
        )
