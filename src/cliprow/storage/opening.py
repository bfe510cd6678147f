"""The storage of a running stack."""

from __future__ import annotations

import functools

from cliprow.config import Config
from cliprow.local.stack import Stack, revive
from cliprow.storage.cache import Cache
from cliprow.storage.older_files import import_older_files
from cliprow.storage.supabase import SupabaseStorage


def open_storage(config: Config, stack: Stack) -> SupabaseStorage:
    """The bucket `media` of the embedded or the real project, as the service side.

    Raises:
        InvalidInput: a real project's address or keys are not set.
        Unavailable: the embedded gateway does not start.
    """
    storage = SupabaseStorage(
        stack.supabase,
        Cache(config.home / "cache" / "media", config.storage_cache_bytes),
        on_lost=functools.partial(revive, config) if config.embedded else None,
    )
    if config.embedded:
        import_older_files(config.home / "storage" / "media", storage, stack.admin)
    return storage
