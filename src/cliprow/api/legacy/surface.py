"""The old surface as one router."""

from __future__ import annotations

from uuid import UUID

from litestar import Router
from litestar.datastructures import State
from litestar.di import Provide

from cliprow.api.legacy.access import Door, allowed, legacy_door
from cliprow.api.legacy.answers import as_detail
from cliprow.api.legacy.figures import FIGURES
from cliprow.api.legacy.files import FILES
from cliprow.api.legacy.live import Listeners, listen
from cliprow.api.legacy.projects import PROJECTS_AND_JOBS
from cliprow.api.services import Services


def legacy_router(services: Services, state: State, tenant_id: UUID) -> Router:
    """All routes; what they share is put into the application's state."""
    settings = services.settings
    door = Door(
        services.database,
        services.media,
        services.archiver,
        tenant_id=tenant_id,
        api_key=settings.legacy_api_key,
        origins=frozenset(settings.cors_origins),
    )
    state["legacy"] = door
    state["legacy_listeners"] = Listeners(door)
    http = Router(
        "/",
        route_handlers=[*PROJECTS_AND_JOBS, *FIGURES, *FILES],
        guards=[allowed],
        dependencies={"door": Provide(legacy_door, sync_to_thread=False)},
        exception_handlers={Exception: as_detail},
        include_in_schema=False,
    )
    return Router("/", route_handlers=[http, listen])
