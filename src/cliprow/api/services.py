"""What requests share: settings, database, verifier, limits."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx

from cliprow.api.archives import Archiver
from cliprow.api.canary import Canary
from cliprow.api.database import Database
from cliprow.api.denials import Denials
from cliprow.api.key_sealing import KeySealing
from cliprow.api.media import Media
from cliprow.api.rate_limits import RateLimits
from cliprow.api.samples import Samples
from cliprow.api.settings import ApiSettings
from cliprow.auth import TokenVerifier


@dataclass(frozen=True)
class Services:
    """One of each, for as long as the application runs."""

    settings: ApiSettings
    database: Database
    verifier: TokenVerifier
    limits: RateLimits
    denials: Denials
    canary: Canary
    key_sealing: KeySealing
    #: To Supabase Auth.
    http: httpx.AsyncClient
    media: Media
    archiver: Archiver
    samples: Samples

    async def start(self, stack: AsyncExitStack) -> None:
        """Open what is to be opened; the stack closes it again, the database last."""
        await self.database.start()
        stack.push_async_callback(self.database.stop)
        await self.denials.start()
        stack.push_async_callback(self.denials.stop)
        await self.key_sealing.start()
        stack.push_async_callback(self.key_sealing.stop)
        await self.canary.start()
        stack.push_async_callback(self.canary.stop)
        stack.push_async_callback(self.http.aclose)
        stack.push_async_callback(self.media.close)


def make_services(settings: ApiSettings) -> Services:
    """Everything, not yet started."""
    database = Database(settings)
    media = Media(settings.supabase_url, settings.secret_key)
    return Services(
        settings=settings,
        database=database,
        verifier=TokenVerifier(
            settings.auth_url, f"{settings.auth_url}/.well-known/jwks.json", settings.jwt_secret or None
        ),
        limits=RateLimits(settings),
        denials=Denials(database),
        canary=Canary(database, settings.canary_every_s),
        key_sealing=KeySealing(database, settings.sealer),
        http=httpx.AsyncClient(
            base_url=settings.supabase_url,
            timeout=httpx.Timeout(15.0, connect=5.0),
            # Servers close a connection after five seconds of silence or more: before that it is not used again.
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=3.0),
        ),
        media=media,
        archiver=Archiver(media),
        samples=Samples(settings.sample_settings),
    )
