"""A storage without a server, for tests that are about something else."""

from __future__ import annotations

from pathlib import Path

from cliprow.errors import NotFound
from cliprow.files import copy_whole, sha256_of
from cliprow.storage import check_path


class FolderStorage:
    """The bucket as a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str, source: Path, media_type: str) -> str:
        with source.open("rb") as file:
            return copy_whole(file, self._place(path))

    def fetch(self, path: str) -> Path:
        if not self.exists(path):
            raise NotFound(f"The storage has no file {path}.", error_code="STORAGE_FILE_MISSING")
        return self._place(path)

    def exists(self, path: str) -> bool:
        return self._place(path).is_file()

    def delete(self, path: str) -> None:
        self._place(path).unlink(missing_ok=True)

    def digest(self, path: str) -> str:
        return sha256_of(self.fetch(path))

    def _place(self, path: str) -> Path:
        check_path(path)
        return self.root / path
