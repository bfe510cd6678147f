"""One file per resource. A new one is added to `ROUTERS`."""

from __future__ import annotations

from litestar import Router

from cliprow.api.routes import (
    analytics,
    assets,
    audit,
    auth,
    batches,
    changes,
    config,
    control,
    dead_letters,
    documents,
    health,
    jobs,
    library,
    members,
    metrics,
    operations,
    project_members,
    projects,
    schedules,
    stages,
    tenants,
    timing,
    webhooks,
)

ROUTERS: tuple[Router, ...] = (
    auth.router,
    tenants.router,
    members.router,
    projects.router,
    project_members.router,
    batches.router,
    jobs.router,
    control.router,
    timing.router,
    schedules.router,
    webhooks.router,
    dead_letters.router,
    audit.router,
    library.router,
    assets.router,
    analytics.router,
    changes.router,
    health.router,
    metrics.router,
    operations.router,
    stages.router,
    config.router,
    documents.router,
)
