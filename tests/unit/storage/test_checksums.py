"""cliprow.storage.checksums: which ETags are those of a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cliprow.storage import checksums
from cliprow.storage.checksums import checksums_of


def md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


@pytest.mark.parametrize("size", [0, 1, 10, 11, 20, 25])
def test_the_etag_of_one_request_and_that_of_parts_match(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksums, "PART_BYTES", 10)
    data = bytes(range(size))
    (tmp_path / "file").write_bytes(data)
    sums = checksums_of(tmp_path / "file")
    parts = [data[start : start + 10] for start in range(0, max(size, 1), 10)]
    composite = hashlib.md5(b"".join(map(md5, parts)), usedforsecurity=False).hexdigest()
    assert (sums.size_bytes, sums.sha256) == (size, hashlib.sha256(data).hexdigest())
    assert sums.match(f'"{md5(data).hex()}"')
    assert sums.match(f'W/"{md5(data).hex().upper()}"')
    assert sums.match(f'"{composite}-{len(parts)}"')
    assert not sums.match(f'"{composite}-{len(parts) + 1}"')
    assert not sums.match(f'"{md5(data + b"!").hex()}"')
    assert not sums.match("")
