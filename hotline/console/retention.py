"""How long what is kept: the rules, what is due, legal holds, what was erased."""

from __future__ import annotations

from aiohttp import web

from hotline.console.render import page
from hotline.web.api.retention import retention_view
from hotline.web.keys import needs, services


@needs("retention.write")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /retention."""
    return await page(request, "retention.html", await retention_view(services(request)))
