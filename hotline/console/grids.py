"""The tree of jurisdictions."""

from __future__ import annotations

from aiohttp import web

from hotline.accounts.permissions import ROLES
from hotline.console.language import say
from hotline.console.render import page
from hotline.web.keys import needs


@needs("grids.write")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /grids: the tree itself comes by the API, so that a large city's page opens at once."""
    return await page(request, "grids.html", {"role_names": {role: say(name) for role, name in ROLES.items()}})
