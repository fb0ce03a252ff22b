"""Feedback and objections 评价与异议: what callers say of what was done, what departments say against dispatches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hotline.accounts.permissions import allowed
from hotline.accounts.store import Principal
from hotline.console.casework import TERMS, left_words
from hotline.console.render import fragment, page
from hotline.console.words import DESTINATIONS
from hotline.web.case_views import listed_case
from hotline.web.keys import Services, needs, principal, services
from routing.cases.store import opened_objection, queries

SHOWN = 50


@needs("cases.appraise")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /feedback."""
    own, who = services(request), principal(request)
    return await page(request, "feedback.html", {"live": True, **await _lists(own, who)})


@needs("cases.appraise")
async def lists(request: web.Request) -> web.StreamResponse:
    """GET /feedback/lists: the same without the page around it."""
    own, who = services(request), principal(request)
    return fragment(request, "_feedback.html", await _lists(own, who))


async def _lists(own: Services, who: Principal) -> dict[str, Any]:
    rules = allowed(who.role, "objections.decide")
    async with own.pool.acquire() as connection:
        appraising = await queries.to_appraise(connection, limit=SHOWN)
        objections = await queries.open_objections(connection, limit=SHOWN) if rules else []
        decided = await queries.decided_objections(connection, limit=SHOWN) if rules else []
    return {
        **TERMS,
        "left_words": left_words,
        "destinations": DESTINATIONS,
        "appraising": [_fed_back(own, row) for row in appraising],
        "may_rule": rules,
        "open_objections": [
            listed_case(own.vault, opened_objection(own.vault, dict(row) | {"next_at": row["due_at"]}))
            for row in objections
        ],
        "decided": [dict(row) for row in decided],
    }


def _fed_back(own: Services, row: Mapping[str, Any]) -> dict[str, Any]:
    """One row to be appraised, with what the caller was told; an agreement stays with the mediators."""
    return listed_case(own.vault, dict(row) | {"reply": own.vault.open(row["reply"], "undertakings.reply")})
