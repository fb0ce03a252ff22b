"""The lawyer's desk 律师席: what it has beside the shared parts of a desk.

The next call with its other side before anybody picks it up, promised call-backs, the queue by one's own fields, and
one's own figures of today, which nobody else is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from hotline.accounts.store import Principal
from hotline.console.desk_view import Desk
from hotline.web.contact_rules import listed_rules
from hotline.web.keys import Services
from nlp.masking import mask_text
from routing.policy.facts import LOCAL_ZONE
from routing.policy.workdays import Workdays
from routing.promises.service import queries as promise_queries
from routing.recusals.service import counterparties
from routing.recusals.service import queries as recusal_queries
from routing.sql import load_queries

queries = load_queries(__file__, "lawyer.sql")

#: Where lawyers hand on, in this order; the first is one key away without a reason to type.
ONWARD = ("mediators", "police", "departments", "operators")
HANDED_ON = "律师接谈后认为宜调解"


async def _side(own: Services, who: Principal, shown: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    waiting = [item | {"mine": part["fits"]} for part in shown["lists"] for item in part["items"]]
    ids = [item["call_id"] for item in waiting]
    if shown["ringing"]:
        ids.append(shown["ringing"]["call_id"])
    midnight = datetime.now(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    async with own.pool.acquire() as connection:
        fields = await queries.own_skills(connection, user_id=who.user_id)
        recused = {
            row["call_id"] for row in await recusal_queries.recused_from(connection, user_id=who.user_id, call_ids=ids)
        }
        promised = [
            dict(row) | {"contact_rules": listed_rules(own.vault, row)}
            for row in await promise_queries.own_promises(connection, user_id=who.user_id)
        ]
        opposed = await counterparties(connection, own.vault, [*ids, *(row["call_id"] for row in promised)])
        day = await queries.own_day(connection, user_id=who.user_id, since=midnight)
    for item in waiting:
        item["recused"] = item["call_id"] in recused
    # calls have their other side by id; its words are masked like all that lists show
    named = {
        call_id: {"names": [mask_text(name) for name in found.names], "asked": found.asked, "told_by": found.told_by}
        for call_id, found in opposed.items()
    }
    return {
        "counterparties": named,
        "promised": promised,
        "next_item": _next(waiting, promised),
        "fitting": [item for item in waiting if item["mine"]],
        "others": [item for item in waiting if not item["mine"]],
        "more": {fits: any(part["more"] for part in shown["lists"] if part["fits"] is fits) for fits in (True, False)},
        "skills": sorted(fields["skills"]) if fields else [],
        "day": own_figures(
            [dict(row) | {"disposition": own.vault.open(row["disposition"], "assignments.disposition")} for row in day],
            now,
        ),
    }


def _next(waiting: Sequence[dict[str, Any]], promised: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What the next claim takes, as far as can be known: a call-back that is due, else the first that fits."""
    due = {row["call_id"] for row in promised if row["due"]}
    free = [item for item in waiting if item["mine"] and item["state"] == "waiting"]
    return next((item for item in free if item["call_id"] in due), free[0] if free else None)


def own_figures(rows: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """One's own day: calls taken and ended, seconds in talk and on the work, outcomes with the most frequent first."""
    ended = [row for row in rows if row["outcome"] in ("completed", "promised", "forwarded")]
    spent = sum(((row["ended_at"] or now) - row["claimed_at"]).total_seconds() for row in rows)
    outcomes = Counter("转出" if row["outcome"] == "forwarded" else row["disposition"] or "已办结" for row in ended)
    return {
        "taken": len(rows),
        "ended": len(ended),
        "spent_s": spent,
        "mean_s": spent / len(rows) if rows else None,
        "outcomes": outcomes.most_common(),
    }


async def _work(own: Services, _who: Principal, shown: dict[str, Any]) -> dict[str, Any]:
    states = {state["destination"]: state for state in shown["onward"]}
    calendar = own.published.policy.calendar
    return {
        "onward": [states[name] for name in ONWARD if name in states],
        "handed_on_reason": HANDED_ON,
        "callback_times": callback_times(datetime.now(LOCAL_ZONE), calendar),
    }


def callback_times(now: datetime, calendar: Workdays) -> list[tuple[str, str]]:
    """Times that are promised most often, as (label, local time as a field takes it): soon, later today, next workday.

    ``now`` is local time.
    """
    soon = now + timedelta(minutes=30)
    soon = soon.replace(minute=soon.minute // 5 * 5, second=0, microsecond=0)
    times = [("半小时后", soon)]
    afternoon = datetime.combine(now.date(), time(15), now.tzinfo)
    if afternoon > now + timedelta(minutes=45):
        times.append(("今天 15:00", afternoon))
    day = now.date() + timedelta(days=1)
    while not calendar.kind(day).workday:
        day += timedelta(days=1)
    label = "明天 9:30" if day == now.date() + timedelta(days=1) else "下个工作日 9:30"
    times.append((label, datetime.combine(day, time(9, 30), now.tzinfo)))
    return [(name, at.strftime("%Y-%m-%dT%H:%M")) for name, at in times]


LAWYER = Desk(
    page="desk_lawyer.html",
    side="_lawyer_side.html",
    work="_lawyer_work.html",
    by_fit=True,
    side_extra=_side,
    work_extra=_work,
)
