"""The administrators' pages, in one table."""

from __future__ import annotations

from aiohttp import web

from hotline.console import admin, audit, grids, lines, organisations, retention, rosters, users


def add_pages(app: web.Application) -> None:
    """Add them to ``app``."""
    app.router.add_get("/rosters", rosters.show)
    app.router.add_get("/agents", admin.agents)
    app.router.add_get("/grids", grids.show)
    app.router.add_get("/organisations", organisations.show)
    app.router.add_get("/lines", lines.listing)
    app.router.add_get(r"/lines/{name:[\w-]{1,40}}", lines.show)
    app.router.add_get("/retention", retention.show)
    app.router.add_get("/admin/users", users.listing)
    app.router.add_get(r"/admin/users/{id:\d{1,18}}", users.show)
    app.router.add_get("/admin/roles", users.role_table)
    app.router.add_get("/admin/sessions", users.all_sessions)
    app.router.add_get("/audit", audit.show)
