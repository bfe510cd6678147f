"""Idempotency-Key: a request that creates something is carried out once, however often it is sent.

The answer is kept for a day under a hash of the key, and encrypted with the key: it may hold a secret that is told only
once, like an invitation's.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from cryptography.fernet import Fernet
from litestar import Response
from litestar.params import HeaderParameter

from cliprow.api.answers import json_answer
from cliprow.api.database import Transaction
from cliprow.api.request import ApiRequest

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Any text of your own, like a random UUID: the same request with the same key is carried out once.",
    ),
]
#: Says that an answer is the one that was given before.
REPLAYED = "Idempotency-Replayed"


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """What a request has made, as it is answered."""

    #: JSON.
    body: str
    location: str = ""
    etag: str = ""


async def create_once(
    request: ApiRequest, key: str | None, work: Callable[[Transaction], Awaitable[Created]]
) -> Response[Any]:
    """Answer with what `work` makes, in the request's one transaction; with a key, only the first time.

    Raises:
        Conflict: the key was used for another request.
    """
    if key is None:
        async with request.acting() as transaction:
            return _answer(await work(transaction))
    caller = request.caller
    name = hashlib.sha256(b"name " + key.encode()).hexdigest()
    cipher = Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"answer " + key.encode()).digest()))
    content = f"{request.method} {request.url.path}\n".encode() + await request.body()
    async with request.services.database.acting_after(
        caller,
        request.door,
        "select private.open_request(%s, %s, %s, %s)",
        caller.tenant_id,
        caller.user_id,
        name,
        hashlib.sha256(content).hexdigest(),
    ) as (transaction, kept):
        if kept is not None:
            made = msgspec.json.decode(cipher.decrypt(kept), type=Created)
            return _answer(made, replayed=True)
        made = await work(transaction)
        await transaction.as_itself()
        await transaction.run(
            "select private.keep_answer(%s, %s, %s, %s)",
            caller.tenant_id,
            caller.user_id,
            name,
            cipher.encrypt(msgspec.json.encode(made)).decode(),
        )
    return _answer(made)


def _answer(made: Created, *, replayed: bool = False) -> Response[Any]:
    headers = {"Location": made.location, "ETag": made.etag, REPLAYED: "true" if replayed else ""}
    return json_answer(
        made.body, status=201, headers={name: value for name, value in headers.items() if value}
    )
