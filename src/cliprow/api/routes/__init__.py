"""One file per resource. A new one is added to `ROUTERS`."""

from __future__ import annotations

from litestar import Router

from cliprow.api.routes import analytics, assets, batches, config, documents, health, jobs, library, projects

ROUTERS: tuple[Router, ...] = (
    documents.router,
    health.router,
    config.router,
    projects.router,
    batches.router,
    jobs.router,
    library.router,
    assets.router,
    analytics.router,
)
