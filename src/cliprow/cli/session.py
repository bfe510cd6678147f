"""What most commands need: the running stack, somebody to act for, and the storage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from cliprow.account import Account, open_account, open_local_account
from cliprow.config import Config
from cliprow.errors import InvalidInput
from cliprow.local.stack import Stack, revive, running_stack
from cliprow.storage import Storage


@dataclass
class Session:
    """A command at work."""

    config: Config
    stack: Stack
    account: Account

    @cached_property
    def storage(self) -> Storage:
        """Where files are kept; starts the gateway if it does not run yet."""
        from cliprow.storage.opening import open_storage

        return open_storage(self.config, self.stack)

    def revive(self) -> None:
        """Start the embedded database again, if it is that one and it is gone.

        Raises:
            CliprowError: it does not start.
        """
        revive(self.config)


@contextmanager
def session(email: str | None = None, *, gateway: bool = False) -> Iterator[Session]:
    """Start what is needed, and act for a user: the one named, CLIPROW_USER, or the embedded stack's own.

    Args:
        gateway: start the gateway too, beside the database; without it, it is started when it is asked for.

    Raises:
        CliprowError: the stack does not start, or there is no such user.
    """
    config = Config.from_environment()
    email = email or os.environ.get("CLIPROW_USER", "")
    if not config.embedded and not email:
        raise InvalidInput(
            "In a Supabase project somebody has to be named to act for.",
            error_code="USER_NOT_NAMED",
            next_step="Set CLIPROW_USER to the address of one of its users, or name it with --as.",
        )
    with running_stack(config, gateway=gateway) as stack:
        account = (
            open_local_account(stack.admin)
            if config.embedded and not email
            else open_account(stack.admin, email)
        )
        try:
            yield Session(config, stack, account)
        finally:
            account.connection.close()
