"""Exported folders: readable names, whole files, the same again when nothing changed."""

from __future__ import annotations

import json
import os
import resource
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cliprow.errors import InvalidInput, NotFound, Unavailable
from cliprow.export import MAX_SLUG_BYTES, JobRecord, PlatformPackage, export_jobs, slug
from cliprow.storage import put_artifact
from tests.folder_storage import FolderStorage

CONTENTS = {
    "video": ("clip.mp4", b"video" * 1000),
    "subtitles_srt": ("a.srt", b"1\n"),
    "subtitles_vtt": ("a.vtt", b"WEBVTT\n"),
    "thumbnail": ("t.jpg", b"jpeg"),
    "manifest": ("m.json", b'{"title": "Bees", "chapters": []}'),
}


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "media")


@pytest.fixture
def job(storage: FolderStorage, tmp_path: Path) -> JobRecord:
    refs = []
    for role, (name, data) in CONTENTS.items():
        (tmp_path / name).write_bytes(data)
        refs.append(put_artifact(storage, "tenant", tmp_path / name, role=role, name=name, media_type="x/y"))
    packages = tuple(
        PlatformPackage(platform, tuple(refs), {"platform": platform, "reused": ["video"]})
        for platform in ("youtube", "tiktok")
    )
    return JobRecord("My channel", "0190f5fe-7c00-7a00-8000-0123456789ab", 1, "Why do bees dance?", packages)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_job_becomes_one_folder_for_each_platform(
    storage: FolderStorage, job: JobRecord, tmp_path: Path
) -> None:
    exported = list(export_jobs([job], storage, tmp_path / "out"))
    assert [package.platform for package in exported] == ["youtube", "tiktok"]
    folder = tmp_path / "out" / "my-channel" / "01-why-do-bees-dance-456789ab" / "youtube"
    assert exported[0].folder == folder
    names = ["video.mp4", "subtitles.srt", "subtitles.vtt", "thumbnail.jpg", "metadata.json"]
    assert [path.name for path in exported[0].files] == names
    assert sorted(os.listdir(folder)) == sorted(names)  # noqa: PTH208 - hidden files count too
    assert (folder / "video.mp4").read_bytes() == CONTENTS["video"][1]
    metadata = json.loads((folder / "metadata.json").read_text())
    assert (metadata["title"], metadata["platform"], metadata["reused"]) == ("Bees", "youtube", ["video"])
    assert [file["name"] for file in metadata["files"]] == names[:-1]


def test_exporting_again_changes_nothing(storage: FolderStorage, job: JobRecord, tmp_path: Path) -> None:
    list(export_jobs([job], storage, tmp_path / "out"))
    before = snapshot(tmp_path / "out")
    list(export_jobs([job], storage, tmp_path / "out"))
    assert snapshot(tmp_path / "out") == before


def test_a_damaged_export_is_made_whole(storage: FolderStorage, job: JobRecord, tmp_path: Path) -> None:
    (package, _) = list(export_jobs([job], storage, tmp_path / "out"))
    (package.folder / "video.mp4").write_bytes(b"half")
    (package.folder / "thumbnail.jpg").unlink()
    list(export_jobs([job], storage, tmp_path / "out"))
    assert (package.folder / "video.mp4").read_bytes() == CONTENTS["video"][1]
    assert (package.folder / "thumbnail.jpg").read_bytes() == b"jpeg"


def test_editing_an_export_leaves_the_stored_bytes_alone(
    storage: FolderStorage, job: JobRecord, tmp_path: Path
) -> None:
    (package, _) = list(export_jobs([job], storage, tmp_path / "out"))
    with (package.folder / "video.mp4").open("r+b") as file:
        file.write(b"edited")
    assert storage.fetch(package_video(job)).read_bytes() == CONTENTS["video"][1]


def package_video(job: JobRecord) -> str:
    return next(ref.path for ref in job.packages[0].files if ref.role == "video")


def test_the_users_umask_decides_who_reads_an_export(
    storage: FolderStorage, job: JobRecord, tmp_path: Path
) -> None:
    before = os.umask(0o027)
    try:
        (package, _) = list(export_jobs([job], storage, tmp_path / "out"))
    finally:
        os.umask(before)
    modes = [path.stat().st_mode & 0o777 for path in (package.folder, *package.files)]
    assert modes == [0o750, *[0o640] * 5]


def test_a_folder_that_cannot_be_written_says_so(
    storage: FolderStorage, job: JobRecord, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file in the folder's place")
    with pytest.raises(InvalidInput) as caught:
        list(export_jobs([job], storage, tmp_path / "out"))
    assert caught.value.error_code == "OUTPUT_UNWRITABLE"
    assert str(tmp_path / "out") in caught.value.message
    assert "--out" in caught.value.next_step


def test_a_copy_that_ends_half_way_leaves_nothing(
    storage: FolderStorage, job: JobRecord, tmp_path: Path
) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, limits[1]))
    try:
        with pytest.raises(Unavailable) as caught:
            list(export_jobs([job], storage, tmp_path / "out"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.error_code == "OUTPUT_FULL"
    assert snapshot(tmp_path / "out") == {}


def test_a_file_the_storage_lost_is_named(storage: FolderStorage, job: JobRecord, tmp_path: Path) -> None:
    storage.delete(package_video(job))
    with pytest.raises(NotFound) as caught:
        list(export_jobs([job], storage, tmp_path / "out"))
    assert caught.value.error_code == "STORAGE_FILE_MISSING"


def test_jobs_of_the_same_title_keep_folders_of_their_own(
    storage: FolderStorage, job: JobRecord, tmp_path: Path
) -> None:
    other = JobRecord(job.project, job.job_id.replace("89ab", "89cd"), job.number, job.title, job.packages)
    exported = list(export_jobs([job, other], storage, tmp_path / "out"))
    assert len({package.folder for package in exported}) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("COM1", "com1-"),
        ("Ünïcode: *all* <of> it?", "ünïcode-all-of-it"),
        ("هل النحل يرقص؟", "هل-النحل-يرقص"),
        ("क्षत्रिय", "क्षत्रिय"),
        ("🐝🐝", "untitled"),
        ("a" * 300, "a" * 60),
        ("trailing. ", "trailing"),
    ],
)
def test_names_are_readable_and_safe(text: str, expected: str) -> None:
    assert slug(text) == expected


@given(st.text(max_size=200))
def test_any_title_gives_a_name_that_file_systems_take(title: str) -> None:
    name = slug(title)
    assert 0 < len(name.encode()) <= MAX_SLUG_BYTES + 1
    assert not set(name) & set('/\\:*?"<>|. \0')
    assert unicodedata.normalize("NFC", name) == name
    assert slug(name) == name
