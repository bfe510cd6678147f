"""Keys of providers that are not encrypted with the deployment's first key yet: encrypted again when the API starts.

Plain ones are of a Cliprow that kept them so; the others are of a key that is to be replaced.
"""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

import msgspec
from psycopg import AsyncConnection

from cliprow.api.database import Database
from cliprow.background import end_task
from cliprow.errors import CliprowError, FailForGood
from cliprow.sealing import Sealer, SecretsKeyMissing, is_sealed

_log = logging.getLogger("cliprow.api")

#: Until the next try, in seconds, when the database did not answer.
_AGAIN_S = 10.0


class KeptKey(msgspec.Struct, frozen=True):
    """A key as the table has it."""

    tenant_id: UUID
    provider: str
    kept: str

    def __repr__(self) -> str:
        return f"KeptKey({self.tenant_id}, {self.provider})"


class KeySealing:
    """Goes through all keys once."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin, beside the first requests."""
        self._task = asyncio.create_task(self._try(), name="key sealing")

    async def stop(self) -> None:
        """Leave the rest to the next start."""
        await end_task(self._task)

    async def seal_all(self) -> int:
        """Encrypt what is not encrypted with the first key; how many keys were.

        Raises:
            CliprowError: the database does not answer, or there is no key to encrypt with and something to encrypt.
        """
        async with self._database.as_itself() as connection:
            row = await (
                await connection.execute("select private.keys_to_seal(%s)::text", [self._sealer.key_id or ""])
            ).fetchone()
            assert row is not None
            return sum(
                [await self._seal(connection, key) for key in msgspec.json.decode(row[0], type=list[KeptKey])]
            )

    async def _seal(self, connection: AsyncConnection[tuple[bool]], key: KeptKey) -> bool:
        """Whether it could be; one that cannot be read stays as it is, for the key with which it can."""
        try:
            plain = (
                self._sealer.open(key.kept, key.tenant_id, key.provider) if is_sealed(key.kept) else key.kept
            )
            sealed = self._sealer.seal(plain, key.tenant_id, key.provider)
        except (SecretsKeyMissing, FailForGood) as error:
            _log.error(
                "The key of tenant %s for %s: %s %s",
                key.tenant_id,
                key.provider,
                error.message,
                error.next_step,
            )
            return False
        row = await (
            await connection.execute(
                "select private.seal_key(%s, %s, %s, %s)", [key.tenant_id, key.provider, key.kept, sealed]
            )
        ).fetchone()
        return row is not None and row[0]

    async def _try(self) -> None:
        while True:
            try:
                count = await self.seal_all()
            except CliprowError as error:
                _log.warning("Keys of providers could not be looked through: %s", error.message)
                await asyncio.sleep(_AGAIN_S)
            else:
                if count:
                    _log.info(
                        "%d keys of providers were encrypted with the key %s.", count, self._sealer.key_id
                    )
                return
