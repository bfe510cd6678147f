"""The boxes of an MP4 file (ISO/IEC 14496-12), as far as the platforms' rules go."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

#: Boxes that hold boxes.
_CONTAINERS = frozenset({"moov", "trak", "edts", "mdia"})


def box_paths(path: Path) -> list[str]:
    """Return every box in file order, as a path like `moov/trak/edts/elst`.

    Raises:
        ValueError: the file is cut off or not an MP4.
    """
    with path.open("rb") as file:
        return list(_walk(file, "", 0, path.stat().st_size))


def _walk(file: BinaryIO, parent: str, start: int, end: int) -> Iterator[str]:
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:  # a size of 64 bits follows
            (size,) = struct.unpack(">Q", file.read(8))
            header = 16
        elif size == 0:  # up to the end of the file
            size = end - start
        if size < header or start + size > end:
            raise ValueError(f"a box at byte {start} reaches beyond its end")
        name = f"{parent}{kind.decode('latin-1')}"
        yield name
        if kind.decode("latin-1") in _CONTAINERS:
            yield from _walk(file, f"{name}/", start + header, start + size)
        start += size
