"""规则: the policy's text beside its rules in order, versions, dry run and publication."""

from __future__ import annotations

from aiohttp import web

from hotline.console.render import page
from hotline.console.sentences import told_outline
from hotline.web.api.policy import text_in_force
from hotline.web.keys import needs, services
from routing.policy.outline import outline
from routing.publishing.service import POLICY, versions

#: Offered for a dry run: so many of the last calls.
TRIED = (200, 1000, 5000, 20_000)


@needs("policy.read")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /policy: the text in force, to be read or changed."""
    own = services(request)
    text, locked = await text_in_force(own)
    async with own.pool.acquire() as connection:
        published = await versions(connection, own.vault, POLICY)
    policy = own.published.policy
    shown = {
        "text": text,
        "version": policy.version,
        "locked": locked,
        "versions": published,
        "outline": told_outline(outline(policy, text)),
        "tried": TRIED,
    }
    return await page(request, "policy.html", shown)
