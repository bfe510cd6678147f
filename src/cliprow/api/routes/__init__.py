"""One file per resource. A new one is added to `ROUTERS`."""

from __future__ import annotations

from litestar import Router

from cliprow.api.routes import (
    auth,
    batches,
    changes,
    documents,
    health,
    jobs,
    members,
    project_members,
    projects,
    tenants,
)

ROUTERS: tuple[Router, ...] = (
    auth.router,
    tenants.router,
    members.router,
    projects.router,
    project_members.router,
    batches.router,
    jobs.router,
    changes.router,
    health.router,
    documents.router,
)
