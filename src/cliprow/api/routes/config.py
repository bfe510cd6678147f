"""What a client must know to speak to the deployment's Supabase project itself."""

from __future__ import annotations

import msgspec
from litestar import Router, get

from cliprow.api.request import ApiRequest
from cliprow.storage import BUCKET


class ClientConfig(msgspec.Struct, frozen=True):
    """The Supabase project behind this API; nothing of it is secret."""

    #: For live channels, and for uploads, which go there and not through this API.
    supabase_url: str
    #: Stands for nobody; what it lets one do is what a signed-in user's token adds.
    publishable_key: str
    #: Where files lie: {tenant_id}/uploads/... is what editors may add to.
    bucket: str


@get("/config", sync_to_thread=False)
def get_config(request: ApiRequest) -> ClientConfig:
    """Say which Supabase project this deployment uses."""
    settings = request.services.settings
    return ClientConfig(settings.supabase_url, settings.publishable_key, BUCKET)


router: Router = Router(path="/", route_handlers=[get_config], tags=["About"])
