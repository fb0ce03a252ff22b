"""``/api/v1/retention``: how long what is kept, what is due, legal holds. ``retention.toml`` holds the rules."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import Field

from hotline.audit.reasons import read_reason
from hotline.audit.store import record, record_reasoned
from hotline.erasure.person import queries as erasure_queries
from hotline.intake.normalise import phone
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_response
from hotline.web.progress import Progress, answer_with_progress
from routing.erasure.parts import PART_LABELS, PARTS
from routing.erasure.periods import Periods, load_periods
from routing.erasure.service import count_rule, place_hold, release_hold
from routing.erasure.store import queries
from routing.errors import InvalidRequest

RUNS_LISTED = 40


async def retention_view(own: Services) -> dict[str, Any]:
    """Rules by part and line, holds with their reasons, what was erased so far."""
    periods = load_periods(own.published.files)
    async with own.pool.acquire() as connection:
        holds = [dict(row) for row in await queries.holds(connection)]
        runs = [dict(row) for row in await erasure_queries.retention_runs(connection, limit=RUNS_LISTED)]
    return {
        "version": periods.version,
        "locked": own.published.files.overlaid("retention.toml"),
        "rules": rules_by_part(periods),
        "lines": sorted({rule.line for rule in periods.rules if rule.line is not None}),
        "holds": [hold | {"reason": own.vault.open(hold["reason"], "legal_holds.reason")} for hold in holds],
        "runs": [
            {
                "at": run["at"],
                "version": run["subject"].partition(":")[2],
                "erased": [_named(name, count) for name, count in run["detail"].items()],
            }
            for run in runs
        ],
    }


def rules_by_part(periods: Periods) -> list[dict[str, Any]]:
    """One entry for each part: its days on lines without a rule of their own, and on each line that has one."""
    return [
        {
            "part": part,
            "label": PART_LABELS[part],
            "days": {rule.line or "*": rule.days for rule in periods.rules if rule.part == part},
        }
        for part in PARTS
    ]


def _named(name: str, count: int) -> dict[str, Any]:
    """``12348:words`` of the audit log in words."""
    line, _, part = name.partition(":")
    label = next((PART_LABELS[known] for known in PARTS if known == part), part)
    return {"line": line, "part": part, "label": label.partition("（")[0], "count": count}


@needs("retention.write")
async def show(request: web.Request) -> web.Response:
    """GET /retention."""
    return json_response(await retention_view(services(request)))


@needs("retention.write")
async def count(request: web.Request) -> web.StreamResponse:
    """POST /retention/count: what the next round would erase, rule by rule; nothing is changed."""
    own, who = services(request), principal(request)
    periods = load_periods(own.published.files)

    async def work(progress: Progress) -> dict[str, Any]:
        counted = []
        for number, rule in enumerate(periods.rules):
            progress.at(number, len(periods.rules))
            async with own.pool.acquire() as connection:
                due = await count_rule(connection, rule, periods)
            counted.append({"line": rule.line or "*", "part": rule.part, "due": due.due, "held": due.held})
        async with own.pool.acquire() as connection:
            await record(
                connection,
                actor=who,
                action="retention_counted",
                subject=f"retention:{periods.version}",
                detail={"due": sum(each["due"] for each in counted)},
            )
        return {"version": periods.version, "items": counted}

    return await answer_with_progress(request, work)


class HoldBody(Body):
    """POST /retention/holds: a call, or all calls of a number."""

    call_id: int | None = Field(None, ge=1, le=10**15)
    number: str | None = Field(None, max_length=40)
    reason: str = Field(max_length=500)


@needs("retention.write")
async def place(request: web.Request) -> web.Response:
    """POST /retention/holds: nothing of it is erased until the hold is released."""
    own, who = services(request), principal(request)
    body = await read_body(request, HoldBody)
    number = (body.number or "").strip()
    if (body.call_id is None) == (not number):
        raise InvalidRequest("call_id、number：请填来电编号或来电号码，二者其一。")
    read = phone(number).e164 if number else None
    if number and read is None:
        raise InvalidRequest("number：不是能识别的号码，请写成 13812345678 或带区号的固定电话。")
    number_hash = own.vault.number_hash(read)
    async with own.pool.acquire() as connection, connection.transaction():
        hold_id = await place_hold(
            connection,
            own.vault,
            reason=body.reason,
            call_id=body.call_id,
            number_hash=number_hash,
            placed_by=who.user_id,
        )
        await record(
            connection,
            actor=who,
            action="hold_placed",
            subject=f"hold:{hold_id}",
            detail={"call": body.call_id} if body.call_id is not None else {},
        )
    return json_response({"hold_id": hold_id}, status=201)


class ReleaseHoldBody(Body):
    """POST /retention/holds/{id}/release."""

    reason: str = Field(max_length=500)


@needs("retention.write")
async def release(request: web.Request) -> web.Response:
    """POST /retention/holds/{id}/release: the periods count again."""
    own, hold_id = services(request), path_id(request)
    body = await read_body(request, ReleaseHoldBody)
    reason = read_reason(body.reason)
    async with own.pool.acquire() as connection, connection.transaction():
        await release_hold(connection, hold_id)
        await record_reasoned(
            connection,
            own.vault,
            actor=principal(request),
            action="hold_released",
            subject=f"hold:{hold_id}",
            reason=reason,
        )
    return json_response({"hold_id": hold_id, "released": True})
