"""The shift handover 交接班 and the notices 通知 that stand in the bar and in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from hotline.accounts.store import Principal
from hotline.console.notices import told_now
from hotline.console.render import fragment, page
from hotline.web.bodies import path_id
from hotline.web.contact_rules import listed_rules
from hotline.web.keys import Services, needs, principal, services
from hotline.web.views import excerpt
from routing.errors import HandoverNotFound, NoShiftLeader
from routing.handover import service as handover
from routing.handover.service import KINDS, opened_item, queries
from routing.notices import service as notices
from routing.rosters.duty import next_change
from routing.rosters.roster import DUTY_GROUPS, SHIFT_LEADERS
from routing.rosters.store import queries as roster_queries
from routing.sealing import opened

#: Kinds of matters with the words of the screen, in their order.
KIND_NAMES: dict[str, str] = {"danger": "未确认的危险", "callback": "约定回拨", "duty": "首接负责", "notice": "通知"}


@needs("handover.take")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /handover: the one under way, or what would be handed over now."""
    return await page(request, "handover.html", {"live": True, **await _shown(request, None)})


@needs("handover.take")
async def body(request: web.Request) -> web.StreamResponse:
    """GET /handover/body: the same as a fragment."""
    return fragment(request, "_handover.html", await _shown(request, None))


@needs("handover.take")
async def of_record(request: web.Request) -> web.StreamResponse:
    """GET /handover/{id}: one that is closed, for reading."""
    return await page(request, "handover.html", {"live": True, **await _shown(request, path_id(request))})


async def _shown(request: web.Request, wanted: int | None) -> dict[str, Any]:
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection:
        current = await queries.open_handover(connection)
        if wanted is None and current is not None:
            async with connection.transaction():
                await handover.refresh(connection, current["id"])
        shown_id = wanted if wanted is not None else current and current["id"]
        row = await queries.handover(connection, handover_id=shown_id) if shown_id else None
        if wanted is not None and row is None:
            raise HandoverNotFound("没有这份交接班，可能已被撤回。")
        items = await queries.items(connection, handover_id=shown_id) if row else []
        counts = Counter(each["kind"] for each in (items or await handover.matters(connection)))
        records = [dict(each) for each in await queries.records(connection, limit=12)]
        leader = await _leads(connection, who)
        people = {each["id"]: each["display_name"] for each in await roster_queries.user_ids(connection)}
    shown = [_item(own, each) for each in items]
    return {
        "record": wanted is not None,
        "handover": opened(own.vault, row, "handovers", ("note",)) if row else None,
        "groups": [(kind, KIND_NAMES[kind], [each for each in shown if each["kind"] == kind]) for kind in KINDS],
        "counts": [(KIND_NAMES[kind], counts[kind]) for kind in KINDS],
        "left": sum(not each["confirmed_at"] and not each["settled_at"] for each in shown),
        "total": sum(not each["settled_at"] or bool(each["confirmed_at"]) for each in shown),
        "records": records,
        "leader": leader,
        "outgoing": bool(row and row["prepared_by"] == who.user_id),
        "leaders": _leaders(own, people),
    }


async def _leads(connection: Any, who: Principal) -> bool:
    try:
        await handover.check_leader(connection, who.user_id, oversees=who.role == "manager")
    except NoShiftLeader:
        return False
    return True


def _item(own: Services, row: Mapping[str, Any]) -> dict[str, Any]:
    shown = opened_item(own.vault, row) | {"contact_rules": listed_rules(own.vault, row)}
    shown["excerpt"] = excerpt(shown["excerpt"] or "", caller=shown.pop("caller_name"))
    shown["overdue"] = bool(shown["due_at"] and shown["kind"] != "notice" and shown["due_at"] < datetime.now(UTC))
    return shown


def _leaders(own: Services, people: Mapping[int, str]) -> dict[str, Any]:
    """Who leads the shift now and who comes next, by the roster."""
    now = datetime.now(UTC)
    roster = own.published.book.rosters.get(SHIFT_LEADERS)
    if roster is None:
        return {"planned": False, "now": [], "next_at": None, "next": []}
    change = next_change(roster, now)
    book = own.published.book
    return {
        "planned": True,
        "now": [people.get(user, "?") for user in book.people(SHIFT_LEADERS, now)],
        "next_at": change,
        "next": [people.get(user, "?") for user in book.people(SHIFT_LEADERS, change)] if change else [],
    }


@needs("self")
async def told(request: web.Request) -> web.StreamResponse:
    """GET /console/notices: what the person who asks is told now; nothing for most people most of the time."""
    return fragment(request, "_notices.html", {"told": await told_now(request)})


@needs("notices.write")
async def notice_page(request: web.Request) -> web.StreamResponse:
    """GET /notices: writing notices, and those of late."""
    own = services(request)
    async with own.pool.acquire() as connection:
        rows = await notices.recent(connection, own.vault)
    labels = {name: each.label for name, each in own.published.policy.queues.items()} | DUTY_GROUPS
    return await page(request, "notices.html", {"live": True, "notices": rows, "shifts": labels})


def add_pages(app: web.Application) -> None:
    """The pages of handover and notices."""
    app.router.add_get("/handover", show)
    app.router.add_get("/handover/body", body)
    app.router.add_get(r"/handover/{id:\d{1,18}}", of_record)
    app.router.add_get("/console/notices", told)
    app.router.add_get("/notices", notice_page)
