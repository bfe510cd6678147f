"""Finished jobs as plain folders: `<out>/<project>/<job>/<platform>/`.

Exports are copies, never hard links: a program that edits an exported video in place must not change the stored
bytes that other jobs reuse. Where the file system can share blocks between files, the copy takes no room.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from cliprow.errors import CliprowError, InvalidInput, Unavailable
from cliprow.files import CHUNK_BYTES, DISK_FULL, sha256_of, sweep_leftovers, whole_file, write_whole
from cliprow.models import FileRef

#: What a file is called in an export, by its role; other roles keep the file's own name.
NAMES = {
    "video": "video.mp4",
    "subtitles_srt": "subtitles.srt",
    "subtitles_vtt": "subtitles.vtt",
    "thumbnail": "thumbnail.jpg",
}
#: The role whose JSON becomes the base of metadata.json.
MANIFEST = "manifest"
#: Longest folder name made from a title, in characters and in bytes.
MAX_SLUG_CHARS = 60
MAX_SLUG_BYTES = 150
#: Names that Windows keeps for devices, whatever the suffix.
_DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9\u00b9\u00b2\u00b3])")


class Source(Protocol):
    """Where the files come from; a `Storage` is one."""

    def fetch(self, path: str) -> Path:
        """Return a local file with the bytes of a `FileRef`'s path, to be read only."""
        ...


@dataclass(frozen=True)
class PlatformPackage:
    """What one job made for one platform."""

    platform: str
    files: tuple[FileRef, ...]
    #: What metadata.json says beside the manifest: providers and versions, timings, what was reused. JSON values.
    info: Mapping[str, object]


@dataclass(frozen=True)
class JobRecord:
    """A job to export."""

    project: str
    job_id: str
    #: Place of the job in its batch, from 1.
    number: int
    title: str
    packages: tuple[PlatformPackage, ...]


@dataclass(frozen=True)
class ExportedPackage:
    """One platform's folder as it lies on the disk."""

    job_id: str
    platform: str
    folder: Path
    files: tuple[Path, ...]


def export_jobs(jobs: Iterable[JobRecord], source: Source, out: Path) -> Iterator[ExportedPackage]:
    """Write every package of `jobs` below `out`, one after the other as they are taken; files that are there already with
    the same bytes are left.

    Raises:
        InvalidInput: `out` cannot be written.
        NotFound: a file is no longer there.
        Unavailable: the disk of `out` is full.
    """
    for job in jobs:
        job_folder = out / slug(job.project) / job_folder_name(job)
        for package in job.packages:
            folder = job_folder / slug(package.platform)
            sources = [(ref, source.fetch(ref.path)) for ref in package.files]
            try:
                files = _write_package(package, sources, folder)
            except OSError as error:
                raise _explain(error, out) from error
            yield ExportedPackage(job.job_id, package.platform, folder, files)


def job_folder_name(job: JobRecord) -> str:
    """Return the job's folder: its place, its title, and the end of its id, which differs from batch to batch.

    >>> job_folder_name(JobRecord("p", "0190f5fe-7c00-7a00-8000-0123456789ab", 3, "Why is the sky blue?", ()))
    '03-why-is-the-sky-blue-456789ab'
    """
    return f"{job.number:02d}-{slug(job.title)}-{slug(job.job_id)[-8:]}"


def slug(text: str) -> str:
    """Return a file name made of `text` that every file system takes; letters of all scripts stay.

    >>> slug("Été à la plage!"), slug("日本の歴史 🎌"), slug("..."), slug("con")
    ('été-à-la-plage', '日本の歴史', 'untitled', 'con-')
    """
    letters = unicodedata.normalize("NFC", text.lower())
    name = re.sub("-+", "-", "".join(c if unicodedata.category(c)[0] in "LNM" else "-" for c in letters))
    name = _shorten(name.strip("-")) or "untitled"
    return f"{name}-" if _DEVICES.fullmatch(name) else name


def _shorten(name: str) -> str:
    """Cut `name` to what a folder name takes, never between a letter and its combining marks."""
    end = min(len(name), MAX_SLUG_CHARS)
    while len(name[:end].encode()) > MAX_SLUG_BYTES:
        end -= 1
    while 0 < end < len(name) and unicodedata.category(name[end]).startswith("M"):
        end -= 1
    return name[:end].rstrip("-")


def _write_package(
    package: PlatformPackage, sources: list[tuple[FileRef, Path]], folder: Path
) -> tuple[Path, ...]:
    """Write one platform's files and, last, the metadata.json that lists them."""
    files: list[Path] = []
    listed: list[dict[str, object]] = []
    metadata: dict[str, object] = {}
    for ref, source in sources:
        if ref.role == MANIFEST:
            metadata |= json.loads(source.read_bytes())
            continue
        target = folder / _file_name(ref)
        if not (target.is_file() and sha256_of(target) == ref.sha256):
            _copy(source, target)
        files.append(target)
        listed.append({"name": target.name, "sha256": ref.sha256, "size_bytes": ref.size_bytes})
    metadata |= {**package.info, "files": listed}
    text = json.dumps(metadata, ensure_ascii=False, indent=2) + "\n"
    target = folder / "metadata.json"
    if not (target.is_file() and target.read_bytes() == text.encode()):
        write_whole(target, text.encode(), mode=0o666, folder_mode=0o777)
    sweep_leftovers(folder)
    return (*files, target)


def _file_name(ref: FileRef) -> str:
    own = Path(ref.name)
    return NAMES.get(ref.role) or slug(own.stem) + re.sub(r"[^.\w]", "", own.suffix)


def _copy(source: Path, target: Path) -> None:
    """Copy as a whole file, with the rights the user's umask gives, sharing blocks where the file system can."""
    with source.open("rb") as reader, whole_file(target, mode=0o666, folder_mode=0o777) as writer:
        if not _share_blocks(reader, writer):
            shutil.copyfileobj(reader, writer, CHUNK_BYTES)


def _share_blocks(reader: BinaryIO, writer: BinaryIO) -> bool:
    """Let the kernel copy, which clones blocks where it can; False, with nothing written, where it cannot."""
    if not hasattr(os, "copy_file_range"):
        return False
    try:
        while os.copy_file_range(reader.fileno(), writer.fileno(), 1 << 30):
            pass
    except OSError as error:
        if error.errno in {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
            return False
        raise
    return True


def _explain(error: OSError, out: Path) -> CliprowError:
    place = error.filename or out
    if error.errno in DISK_FULL:
        return Unavailable(
            f"The disk with {out} is full.",
            error_code="OUTPUT_FULL",
            next_step="Free some space or name another folder with --out. Files exported so far are whole.",
        )
    return InvalidInput(
        f"Cannot write the finished files to {place}: {error.strerror}.",
        error_code="OUTPUT_UNWRITABLE",
        next_step="Name a folder you may write to with --out. The videos are kept in the storage meanwhile.",
    )
