"""cliprow.storage.paths: nothing outside the bucket, and names made of content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cliprow.errors import InvalidInput
from cliprow.storage import artifact_path, check_path, content_hash, put_artifact, put_upload, upload_path
from tests.folder_storage import FolderStorage

TENANT = "0190f5fe-7c00-7a00-8000-000000000001"


@pytest.mark.parametrize(
    "path",
    [
        "", "/etc/passwd", "clip.mp4", f"{TENANT}/../other/clip.mp4", f"{TENANT}//clip.mp4", f"{TENANT}/.hidden",
        f"{TENANT}/a\\b", f"{TENANT}/a\0b", f"{TENANT}/a\nb", f"{TENANT}/" + "é" * 200, f"{TENANT}/" + "a/" * 600 + "b",
    ],
)  # fmt: skip
def test_paths_outside_the_bucket_are_refused(path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_path(path)
    assert caught.value.error_code == "INVALID_STORAGE_PATH"


def test_what_is_stored_is_named_by_its_bytes(tmp_path: Path) -> None:
    storage, clip = FolderStorage(tmp_path / "media"), tmp_path / "clip.mp4"
    clip.write_bytes(b"moving pictures")
    sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
    made = put_artifact(storage, TENANT, clip, role="video", name="v.mp4", media_type="video/mp4")
    assert (made.path, made.sha256, made.size_bytes) == (artifact_path(TENANT, sha256), sha256, 15)
    brought = put_upload(storage, TENANT, clip, role="image", name="v.mp4", media_type="video/mp4")
    assert brought.path == upload_path(TENANT, sha256)
    assert content_hash(made.path) == content_hash(brought.path) == sha256


@pytest.mark.parametrize("path", ["t/project/job/clip.mp4", "t/artifacts/abc", "t/a/artifacts/" + "0" * 64])
def test_other_paths_promise_no_content(path: str) -> None:
    assert content_hash(path) is None
