"""Whether the storage has the bytes that were sent.

Supabase Storage computes a checksum of what it stores and shows it as ETag: the MD5 of the bytes, or, where it stored
them in parts (resumable uploads on a real project), `{MD5 of the parts' MD5s}-{count of parts}`. Both are compared with
our own. Where neither fits, since a project may have parts of another size, the file is read back and its SHA-256
compared: what is returned as stored was checked against what the storage holds, in one way or the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from cliprow.files import CHUNK_BYTES

#: Size of the parts in which Supabase stores a resumable upload, unless it is told otherwise.
PART_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Checksums:
    """Of the bytes of one file."""

    size_bytes: int
    #: Hex digests.
    sha256: str
    md5: str
    #: MD5 over the MD5s of the parts, and how many they are.
    md5_of_parts: str
    part_count: int

    def match(self, etag: str) -> bool:
        """Whether an ETag is that of these bytes; False also where it does not tell."""
        plain = etag.removeprefix("W/").strip('"').lower()
        return plain in (self.md5, f"{self.md5_of_parts}-{self.part_count}")


def checksums_of(path: Path) -> Checksums:
    """All checksums of a file, in one pass."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    part, parts = hashlib.md5(usedforsecurity=False), []
    size = in_part = 0
    with path.open("rb") as file:
        while chunk := file.read(min(CHUNK_BYTES, PART_BYTES - in_part)):
            for digest in (sha256, md5, part):
                digest.update(chunk)
            size, in_part = size + len(chunk), in_part + len(chunk)
            if in_part == PART_BYTES:
                parts.append(part.digest())
                part, in_part = hashlib.md5(usedforsecurity=False), 0
    if in_part or not parts:
        parts.append(part.digest())
    of_parts = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
    return Checksums(size, sha256.hexdigest(), md5.hexdigest(), of_parts, len(parts))
