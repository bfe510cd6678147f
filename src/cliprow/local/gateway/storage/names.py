"""Names of buckets and paths of files: which are allowed, and how they stand in a URL."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from litestar import Request

from cliprow.local.gateway.storage.failures import StorageFailure, invalid_key

#: Where the routes of the storage begin.
BASE = "/storage/v1"
#: Longest path of a file, in bytes.
MAX_KEY_BYTES = 1024

_KEY = re.compile(r"[A-Za-z0-9_/!.*'() &$=@;:+,?-]+")
_BUCKET = re.compile(r"[A-Za-z0-9_!.*'() &$=@;:+,?-]{1,100}")
#: Escaped slashes, backslashes, NULs and escapes: no client sends them, and proxies disagree on what they mean.
_AMBIGUOUS = re.compile(r"%(2f|5c|00|25)", re.IGNORECASE)


def check_bucket(name: str) -> str:
    """Return the name of a bucket.

    Raises:
        StorageFailure: it is none; such names cannot exist.
    """
    if not _BUCKET.fullmatch(name) or name != name.strip() or name in {".", ".."}:
        raise StorageFailure(400, "InvalidBucketName", "Bucket name invalid", error="Invalid Input")
    return name


def check_key(key: str) -> str:
    """Return the path of a file inside its bucket.

    Raises:
        StorageFailure: it is none: other characters than S3 takes, empty or dotted parts, or too long.
    """
    if (
        len(key) > MAX_KEY_BYTES
        or not _KEY.fullmatch(key)
        or any(part in {"", ".", ".."} for part in key.split("/"))
    ):
        raise invalid_key(key)
    return key


def object_in_url(request: Request[Any, Any, Any], route: str) -> tuple[str, str]:
    """The bucket and the path of a file that a URL names after `route`, like `/object/sign`.

    They are read from the URL as it was sent: what the server has decoded no longer tells `%2F` from `/`.

    Raises:
        StorageFailure: no bucket or file can have such a name.
    """
    raw = request.scope["raw_path"].decode("latin-1").removeprefix(BASE + route + "/")
    if _AMBIGUOUS.search(raw):
        raise invalid_key(raw)
    bucket, _, key = raw.partition("/")
    return check_bucket(_decode(bucket)), check_key(_decode(key))


def bucket_in_url(request: Request[Any, Any, Any], route: str, suffix: str = "") -> str:
    """The bucket that a URL names between `route` and `suffix`.

    Raises:
        StorageFailure: no bucket can have such a name.
    """
    raw = request.scope["raw_path"].decode("latin-1").removeprefix(BASE + route + "/").removesuffix(suffix)
    return check_bucket(_decode(raw))


def _decode(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise invalid_key(text) from error
