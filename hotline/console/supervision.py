"""质检: the queue of calls looked at again, one call in hand, and the page of agreement."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hotline.audit.store import record_look
from hotline.console.behind import show_calls
from hotline.console.language import say
from hotline.console.marks import spans_of, utterances
from hotline.console.render import fragment, page, span
from hotline.console.words import DESTINATIONS
from hotline.web.api.supervision import chosen, compared
from hotline.web.bodies import path_id
from hotline.web.keys import Services, needs, principal, services
from hotline.web.views import call_view, spoken_names, triage_view
from nlp.masking import mask_text
from routing.calls.store import opened_call
from routing.calls.store import queries as call_queries
from routing.errors import LeaseLost
from routing.supervision.figures import BEHIND, calls_behind
from routing.supervision.reasons import REASONS
from routing.supervision.service import enter_due
from routing.supervision.store import queries
from routing.transfers.store import opened_transfer
from routing.transfers.store import queries as transfer_queries
from routing.triage.store import queries as triage_queries

#: Reason -> (name of the pile, why a call lies there).
WHY: dict[str, tuple[str, str]] = {
    "overruled": ("人工改派", "人工改变了建议去向"),
    "uncertain": ("把握小", "研判把握小，或要求人工判断"),
    "closed_by_machine": ("机器关闭", "机器判为无效并关闭，按规定抽查"),
    "sample": ("随机抽样", "当日随机抽中"),
}
#: So many days of draws are shown.
DAYS = 14


@needs("reviews.write")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /supervision: the console of the review queue."""
    own = services(request)
    shown = {"piles": [(name, WHY[name][0]) for name in REASONS], "rules": own.supervision}
    return await page(request, "supervision.html", {**shown, "live": True})


@needs("reviews.write")
async def review(request: web.Request) -> web.StreamResponse:
    """GET /supervision/reviews/{id}: the call in hand, masked; that it was opened is recorded."""
    own, who = services(request), principal(request)
    async with own.pool.acquire() as connection, connection.transaction():
        row = await queries.review_for_update(connection, review_id=path_id(request), undo_s=own.supervision.undo_s)
        if row is None or row["decided_at"] is not None or not row["leased"] or row["leased_by"] != who.user_id:
            raise LeaseLost(say("这通来电不在您手上；请接下一通。"))
        await record_look(connection, actor=who, action="review_opened", subject=f"call:{row['call_id']}")
        call = opened_call(own.vault, await call_queries.call(connection, call_id=row["call_id"]))
        read = await triage_queries.triage(connection, call_id=row["call_id"])
        triage = triage_view(read, own.vault, spoken_names(call)) or {}
        path = await _path(connection, own, row["call_id"])
    taxonomy = own.published.policy.taxonomy
    names = {"danger_kinds": taxonomy.danger_kinds, "cues": taxonomy.cues, "entities": taxonomy.entities}
    view = call_view(call, who)
    shown = {
        "review": row,
        "why": [WHY[reason] for reason in row["reasons"]],
        "call": view,
        "triage": triage,
        "utterances": utterances(view["segments"], spans_of(triage, names)),
        "path": path,
        "topics": _topics(taxonomy.topics, [code for code, _ in triage["topic"]]),
    }
    return fragment(request, "_review.html", shown)


async def _path(connection: Any, own: Services, call_id: int) -> list[dict[str, Any]]:
    """Where the machine wanted the call and where people sent it; whoever did it is not told."""
    steps = [
        {
            "by_machine": row["by_user"] is None,
            "destination": row["destination"],
            "at": row["created_at"],
            "reason": None,
            "rule": row["rule"],
        }
        for row in await queries.decisions_of_call(connection, call_id=call_id)
    ]
    for row in await transfer_queries.transfers_of_call(connection, call_id=call_id):
        transfer = opened_transfer(own.vault, row)
        if transfer["reason"]:
            steps.append(
                {
                    "by_machine": False,
                    "destination": transfer["destination"],
                    "at": transfer["created_at"],
                    "reason": mask_text(transfer["reason"]),
                    "rule": None,
                }
            )
    return sorted(steps, key=lambda step: step["at"])


def _topics(topics: Any, read: list[str]) -> list[tuple[str, str]]:
    """All topics, those the machine found first."""
    return [(code, say(topics[code])) for code in read if code in topics] + [
        (code, say(name)) for code, name in topics.items() if code not in read
    ]


@needs("reviews.write")
async def agreement(request: web.Request) -> web.StreamResponse:
    """GET /supervision/agreement: the shell, whose script draws what the API counts; the draws of the last days."""
    own = services(request)
    await enter_due(own.pool, own.supervision)
    async with own.pool.acquire() as connection:
        days = [dict(row) for row in await queries.sample_days(connection, days=DAYS)]
    names = {
        "routes": {code: say(name) for code, name in own.published.policy.taxonomy.routes.items()},
        "destinations": {code: say(name) for code, (name, _) in DESTINATIONS.items()},
    }
    return await page(request, "agreement.html", {"days": days, "rules": own.supervision, "names": names})


#: What a figure of agreement counts, in words.
BEHIND_WORDS = {
    "pairs": "可以比较的",
    "agreed": "一致的",
    "missed": "漏掉的危险",
    "false": "误报的危险",
    "topic_agreed": "主题一致的",
    "pair": "可以比较的",
}


@needs("reviews.write")
async def agreement_calls(request: web.Request) -> web.StreamResponse:
    """GET /supervision/agreement/calls?against=&of=&from=&to=&which=&machine=&person=: the calls behind a figure."""
    own = services(request)
    rows, against, begin, until = await compared(request)
    which = chosen(request, "which", BEHIND if against == "supervisors" else ("pairs", "agreed", "pair"))
    machine, person = request.query.get("machine") or None, request.query.get("person") or None
    ids = calls_behind(rows, against, which, machine, person)
    words = {**own.published.policy.taxonomy.routes, **{code: name for code, (name, _) in DESTINATIONS.items()}}
    chips = [
        (say("时段"), span(begin, until)),
        (say("计数"), say(BEHIND_WORDS[which])),
    ]
    for title, code in (("机器", machine), ("人工", person)):
        if code:
            chips.append((say(title), say(words.get(code, code))))
    async with own.pool.acquire() as connection:
        return await show_calls(request, connection, ids, chips)
