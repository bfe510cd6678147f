"""docs/embedded-files.md says what the code says."""

from __future__ import annotations

from pathlib import Path

from cliprow.files import LEFTOVER_AGE_S
from cliprow.local.gateway.rest.queries import MAX_ROWS
from cliprow.local.gateway.storage.buckets import RESUMABLE_LIMIT_BYTES, STANDARD_LIMIT_BYTES
from cliprow.local.gateway.storage.moves import MAX_NAMES
from cliprow.local.gateway.storage.names import MAX_KEY_BYTES
from cliprow.local.gateway.storage.resumable import EXPIRY_S
from cliprow.local.gateway.storage.signatures import UPLOAD_LINK_S

PAGE = (Path(__file__).parents[3] / "docs" / "embedded-files.md").read_text(encoding="utf-8")


def test_limits_are_those_of_the_code() -> None:
    for said in (
        f"up to {STANDARD_LIMIT_BYTES >> 20} MiB;",
        f"up to {RESUMABLE_LIMIT_BYTES >> 30} GiB;",
        f"kept for {EXPIRY_S // 3600} h until",
        f"uploading for {UPLOAD_LINK_S // 3600} h",
        f"up to {MAX_NAMES} at once",
        f"named them for {LEFTOVER_AGE_S // 3600} h",
        f"at most {MAX_ROWS} rows",
        f"over {MAX_KEY_BYTES} bytes",
    ):
        assert said in PAGE
