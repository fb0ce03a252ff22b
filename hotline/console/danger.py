"""Danger on the screens: the banner of open alarms, the panel of one call, how much alarm came to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from hotline.accounts.store import Principal
from hotline.console.alarms import open_alarms
from hotline.console.behind import show_calls
from hotline.console.calls import shown_call
from hotline.console.language import say
from hotline.console.render import fragment, local, page
from hotline.web.bodies import moment, path_id, whole
from hotline.web.keys import Services, needs, principal, services
from routing.danger.escalation import STAGE_LABELS
from routing.danger.load import alarm_load
from routing.danger.service import queries
from routing.policy.rails import SELF_HARM
from routing.rosters.roster import SHIFT_LEADERS

#: Days that the table of alarms may look back.
LOAD_DAYS, LOAD_DAYS_AT_MOST = 7, 92


@needs("danger.acknowledge")
async def alarms(request: web.Request) -> web.StreamResponse:
    """GET /console/alarms: danger that nobody has acknowledged; stays on top until somebody does."""
    return fragment(request, "_alarms.html", await open_alarms(request))


@needs("calls.read")
async def panel(request: web.Request) -> web.StreamResponse:
    """GET /console/calls/{id}/danger: the panel of a call with danger; empty where there is none."""
    own, who = services(request), principal(request)
    shown_now = await shown_call(own, who, path_id(request))
    return fragment(request, "_danger.html", {**shown_now, **panel_context(own, who, shown_now)})


def panel_context(own: Services, who: Principal, call: dict[str, Any]) -> dict[str, Any]:
    """What the panel's template needs beside the call."""
    triage, told = call["triage"], call["danger_panel"]
    level = triage["danger"]["level"] if triage else 0
    kinds = {signal["kind"] for signal in triage["danger"]["signals"]} if triage else set()
    settings = own.published.danger
    leads = own.published.listener(who.user_id, who.role, datetime.now(UTC)).leads
    return {
        "questions": settings.questions,
        "script": settings.script,
        "self_harm": SELF_HARM in kinds,
        "leads": leads,
        "may_release": (leads or who.role in ("police", "manager")) and call["call"]["held_by"] != who.user_id,
        "panel_open": level > 0 or bool(told["answers"]) or call["alarm"] is not None,
    }


@needs("statistics.read")
async def load(request: web.Request) -> web.StreamResponse:
    """GET /alarms: alarms by shift and workplace. How much alarm there was, not who was how good."""
    own = services(request)
    days = whole(request, "days", LOAD_DAYS, low=1, high=LOAD_DAYS_AT_MOST)
    until = datetime.now(UTC)
    book = own.published.book
    async with own.pool.acquire() as connection:
        rows = await queries.load(connection, from_at=until - timedelta(days=days), to_at=until)
        queue = own.published.policy.queue_for("operators").name
        shifts = alarm_load(rows, book.rosters.get(queue), until)
        for shift in shifts:
            led = book.people(SHIFT_LEADERS, shift["start"] + (shift["end"] - shift["start"]) / 2)
            shift["leaders"] = [row["display_name"] for row in await queries.names(connection, ids=list(led))]
    context = {
        "shifts": shifts,
        "days": days,
        "begin": until - timedelta(days=days),
        "until": until,
        "stage_labels": STAGE_LABELS,
        "rules": own.published.danger.escalation,
        "total": len(rows),
    }
    return await page(request, "alarms.html", context)


@needs("statistics.read")
async def load_calls(request: web.Request) -> web.StreamResponse:
    """GET /alarms/calls?from=&to=&operator=&stage=&open=: the calls behind a figure of alarms.

    Without a period all open alarms, as the managers' page counts them; within one those that sound.
    """
    own = services(request)
    begin, until = moment(request, "from"), moment(request, "to")
    held_by = request.query.get("operator") or None
    operator_id = None if held_by in (None, "-") else whole(request, "operator", 0, low=1, high=999_999_999)
    stage = whole(request, "stage", 0, low=0, high=max(STAGE_LABELS)) if request.query.get("stage") else None
    is_open = request.query.get("open") == "yes"
    async with own.pool.acquire() as connection:
        rows = await queries.alarm_calls(
            connection,
            from_at=begin,
            to_at=until,
            stage=stage,
            operator_id=operator_id,
            nobody=held_by == "-",
            open=is_open,
            level=2 if begin else 0,
        )
        chips = [(say("计数"), say("危险警报"))]
        if begin and until:
            chips.append((say("时段"), f"{local(begin, '%Y-%m-%d %H:%M')} — {local(until, '%Y-%m-%d %H:%M')}"))
        if held_by is not None:
            names = [row["display_name"] for row in await queries.names(connection, ids=[operator_id or 0])]
            chips.append((say("席位"), "、".join(names) or say("无人接起")))
        if stage is not None:
            chips.append((say("报到哪一级才确认"), say(STAGE_LABELS[stage])))
        if is_open:
            chips.append((say("状态"), say("未确认")))
        return await show_calls(request, connection, [row["call_id"] for row in rows], chips)
