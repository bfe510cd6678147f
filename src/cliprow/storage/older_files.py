"""Files that an older version of Cliprow kept in a plain folder, brought into the storage so that jobs still find them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from cliprow import db
from cliprow.files import PART_SUFFIX
from cliprow.storage.supabase import SupabaseStorage

logger = logging.getLogger(__name__)

#: What a file is called whose type no row tells; the bucket takes no type that says nothing.
_UNKNOWN = "text/plain"


def import_older_files(folder: Path, storage: SupabaseStorage, conninfo: str) -> int:
    """Store every file of `folder` under its path and remove it there; return how many.

    Each file is removed only after the storage was seen to have it, so that a command that is stopped on the way
    leaves the rest for the next one. Two commands may do this at once.

    Raises:
        CliprowError: the storage takes no more.
    """
    if not folder.is_dir():
        return 0
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != PART_SUFFIX]
    types = _media_types(conninfo) if files else {}
    if files:
        logger.warning(
            "Bringing %d files of an older version into the storage; this happens once.", len(files)
        )
    for file in files:
        path = file.relative_to(folder).as_posix()
        if not file.exists():
            continue  # another command's
        storage.put(path, file, types.get(path, _UNKNOWN))
        storage.cache.remove(path)
        file.unlink(missing_ok=True)
    for each in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        if not any(each.iterdir()):
            each.rmdir()
    if not any(folder.iterdir()):
        folder.rmdir()
    return len(files)


def _media_types(conninfo: str) -> Mapping[str, str]:
    with db.connect(conninfo) as connection, db.translated():
        return dict(
            connection.execute(
                "select f.v ->> 'path', f.v ->> 'media_type' from public.artifacts as a"
                " cross join lateral jsonb_array_elements(a.files) as f (v)"
            ).fetchall()
        )
