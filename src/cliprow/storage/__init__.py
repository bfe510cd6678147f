"""Where media lives: the bucket `media` of Supabase Storage, in both modes by the same code.

paths.py      paths in the bucket, and what every storage can do
supabase.py   Supabase Storage, whichever serves it
resumable.py  uploads of large files in pieces (TUS)
withdrawal.py  uploads that nobody wants any more
checksums.py  whether the storage has what was sent
answers.py    what its refusals mean, and when to ask again
cache.py      local copies, bounded
older_files.py  the plain folder of an older version, brought in
opening.py    the storage of a running stack

What is not about paths is imported from its module: the client takes half a second to load, and commands that only
look at rows do not need it.
"""

from cliprow.storage.paths import (
    BUCKET,
    Storage,
    artifact_path,
    check_path,
    content_hash,
    put_artifact,
    put_upload,
    upload_path,
)

__all__ = [
    "BUCKET",
    "Storage",
    "artifact_path",
    "check_path",
    "content_hash",
    "put_artifact",
    "put_upload",
    "upload_path",
]
