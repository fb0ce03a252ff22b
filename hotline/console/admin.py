"""Skills and the policy."""

from __future__ import annotations

from aiohttp import web

from hotline.accounts.permissions import ROLES
from hotline.console.calls import queries
from hotline.console.render import page
from hotline.web.keys import needs, services
from routing.triage.store import queries as triage_queries


@needs("rosters.write")
async def agents(request: web.Request) -> web.StreamResponse:
    """GET /agents: by what people are found."""
    own = services(request)
    roles = [role for role in ROLES if own.published.policy.queues_of_role(role)]
    async with own.pool.acquire() as connection:
        rows = [dict(row) for row in await queries.agents_with_skills(connection, roles=roles)]
    return await page(request, "agents.html", {"agents": rows})


@needs("policy.read")
async def policy(request: web.Request) -> web.StreamResponse:
    """GET /policy: the text in force, to be read or changed."""
    own = services(request)
    await own.published.refresh(own.pool)
    locked = own.published.files.overlaid("policy.toml")
    async with own.pool.acquire() as connection:
        row = None if locked else await triage_queries.latest_policy(connection)
        versions = [dict(v) for v in await queries.policy_versions(connection)]
    text = row["body"] if row else own.published.files.read("policy.toml")
    shown = {"text": text, "version": own.published.policy.version, "locked": locked, "versions": versions}
    return await page(request, "policy.html", shown)
