"""Skills: by what people are found."""

from __future__ import annotations

from aiohttp import web

from hotline.accounts.permissions import ROLES
from hotline.console.calls import queries
from hotline.console.render import page
from hotline.web.keys import needs, services
from routing.grids.service import queries as grid_queries
from routing.queues.first.service import queries as first_queries


@needs("rosters.write")
async def agents(request: web.Request) -> web.StreamResponse:
    """GET /agents: by what people are found."""
    own = services(request)
    roles = [role for role in ROLES if own.published.policy.queues_of_role(role)]
    async with own.pool.acquire() as connection:
        rows = [dict(row) for row in await queries.agents_with_skills(connection, roles=roles)]
        grids = {row["code"]: row["name"] for row in await grid_queries.grid_names(connection)}
        groups = [row["name"] for row in await first_queries.groups(connection)]
    return await page(request, "agents.html", {"agents": rows, "grid_names": grids, "groups": groups})
