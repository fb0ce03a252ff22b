"""Skills, rosters and the policy."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from aiohttp import web

from hotline.accounts.permissions import ROLES
from hotline.console.calls import queries
from hotline.console.render import page
from hotline.web.keys import needs, services
from routing.errors import InvalidRequest
from routing.policy.facts import LOCAL_ZONE
from routing.rosters.duty import week
from routing.rosters.store import queries as roster_queries
from routing.triage.store import queries as triage_queries

WEEKDAYS = "一二三四五六日"


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


@needs("rosters.read")
async def rosters(request: web.Request) -> web.StreamResponse:
    """GET /rosters?week=: a week of every queue, Monday first."""
    own = services(request)
    await own.published.refresh(own.pool)
    monday = _monday(request.query.get("week"))
    days = [monday + timedelta(days=n) for n in range(7)]
    now = datetime.now(UTC)
    async with own.pool.acquire() as connection:
        people = {row["id"]: row["display_name"] for row in await roster_queries.user_ids(connection)}
    rows = []
    for name, settings in own.published.policy.queues.items():
        roster = own.published.book.rosters.get(name)
        spans = week(roster, monday) if roster else ()
        rows.append(
            {
                "queue": settings,
                "rostered": roster is not None,
                "on_duty": [people.get(user, "?") for user in own.published.book.people(name, now)],
                "days": [_shifts_of_day(spans, day, people) for day in days],
            }
        )
    shown = {
        "rows": rows,
        "days": [(day, f"周{WEEKDAYS[day.weekday()]}", day == now.astimezone(LOCAL_ZONE).date()) for day in days],
        "earlier": (monday - timedelta(days=7)).isoformat(),
        "later": (monday + timedelta(days=7)).isoformat(),
        "people": sorted(people.items(), key=lambda item: item[1]),
    }
    return await page(request, "rosters.html", shown)


def _monday(text: str | None) -> date:
    try:
        day = date.fromisoformat(text) if text else datetime.now(LOCAL_ZONE).date()
    except ValueError as error:
        raise InvalidRequest("week：应为日期，如 2026-11-16。") from error
    return day - timedelta(days=day.weekday())


def _shifts_of_day(spans: Any, day: date, people: dict[int, str]) -> list[dict[str, str]]:
    """The stretches of duty that touch a local day, cut to it."""
    begin = datetime.combine(day, datetime.min.time(), LOCAL_ZONE)
    end = begin + timedelta(days=1)
    shown = []
    for span in spans:
        first, last = max(span.start, begin), min(span.end, end)
        if first >= last or not span.user_ids:
            continue
        until = "24:00" if last == end else f"{last.astimezone(LOCAL_ZONE):%H:%M}"
        names = "、".join(people.get(user, "?") for user in span.user_ids)
        shown.append({"time": f"{first.astimezone(LOCAL_ZONE):%H:%M}–{until}", "people": names})
    return shown
