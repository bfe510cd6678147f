"""Keys of providers that a tenant brings itself: set and removed, never shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, delete, get, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from cliprow.api.answers import json_answer
from cliprow.api.openapi import BEARER
from cliprow.api.request import ApiRequest, in_tenant


class NewProviderKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, as its provider shows it."""

    key: Annotated[str, Meta(min_length=8, max_length=500, pattern="^[!-~]+$")]

    def __repr__(self) -> str:
        return "NewProviderKey()"


class ProviderKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that is set; what it is is told to nobody."""

    #: script: of the endpoint that writes scripts.
    provider: str
    #: Empty for a short key.
    last_four: str
    set_by: UUID | None
    set_at: datetime


class ProviderKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The keys that are set; without one, those of the deployment are used."""

    items: list[ProviderKey]


def last_four(key: str) -> str:
    """By what people know a key again; of a short one four characters would be too much."""
    return key[-4:] if len(key) >= 16 else ""


@get("/provider-keys")
async def list_provider_keys(request: ApiRequest) -> Response[ProviderKeys]:
    """List which keys of providers the tenant has set, by whom and when. For admins and owners."""
    async with request.acting() as transaction:
        return json_answer(
            await transaction.value("select jsonb_build_object('items', public.list_provider_keys())::text")
        )


@put("/provider-keys/{provider:str}")
async def set_provider_key(
    request: ApiRequest, provider: FromPath[str], data: JSONBody[NewProviderKey]
) -> Response[ProviderKey]:
    """Set the key of a provider (`script`), which the tenant's work uses in place of the deployment's from the next attempt
    on. It is kept encrypted, and never shown again. For admins and owners.
    """
    tenant_id = request.caller.tenant_id
    assert tenant_id is not None
    sealed = request.services.settings.sealer.seal(data.key, tenant_id, provider)
    async with request.acting() as transaction:
        await transaction.as_itself()
        kept = await transaction.value(
            "select private.keep_provider_key(%s, %s, %s)::text", provider, sealed, last_four(data.key)
        )
    return json_answer(kept)


@delete("/provider-keys/{provider:str}")
async def remove_provider_key(request: ApiRequest, provider: FromPath[str]) -> None:
    """Remove the key of a provider; the deployment's is used again. For admins and owners."""
    async with request.acting() as transaction:
        await transaction.run("select public.remove_provider_key(%s)", provider)


router = Router(
    path="/",
    route_handlers=[list_provider_keys, set_provider_key, remove_provider_key],
    guards=[in_tenant],
    security=BEARER,
    tags=["Provider keys"],
)
