"""``/api/v1/retention``: how long what is kept, changed after a dry run; what is due, legal holds."""

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
from routing.erasure.parts import ERASABLE, LABELS, PARTS, Part, Piece
from routing.erasure.periods import MAX_DAYS, MIN_DAYS, Period, Periods, load_periods, periods_text
from routing.erasure.service import count_rule, periods_in_force, place_hold, release_hold
from routing.erasure.store import queries
from routing.errors import InvalidRequest
from routing.publishing.service import RETENTION, Draft, versions
from routing.publishing.service import publish as publish_draft
from routing.publishing.store import queries as published_queries

RUNS_LISTED = 40
#: What a round erases beside the parts of calls.
BESIDE = {"shift_notes": "交接说明和通知", "rejects": "退回文件"}
#: Rules of one set: parts and fields of many lines.
MOST_RULES = 300


async def retention_view(own: Services) -> dict[str, Any]:
    """Rules by part and line, holds with their reasons, what was erased so far."""
    async with own.pool.acquire() as connection:
        periods = await periods_in_force(connection, own.published.files)
        published = await versions(connection, own.vault, RETENTION)
        holds = [dict(row) for row in await queries.holds(connection)]
        runs = [dict(row) for row in await erasure_queries.retention_runs(connection, limit=RUNS_LISTED)]
    return {
        "version": periods.version,
        "locked": own.published.files.overlaid("retention.toml"),
        "rules": rules_by_part(periods),
        "lines": sorted({rule.line for rule in periods.rules if rule.line is not None}),
        "known_lines": sorted({rule.line for rule in periods.rules if rule.line is not None} | {*own.profiles}),
        "rejects_days": periods.rejects_days,
        "least_days": MIN_DAYS,
        "most_days": MAX_DAYS,
        "versions": published,
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
    """One entry for each part and field: its days on lines without a rule of their own, and on each line that has one.

    A field without days goes with its part.
    """
    return [
        {
            "part": part,
            "label": LABELS[part],
            "whole": part in PARTS,
            "days": {rule.line or "*": rule.days for rule in periods.rules if rule.part == part},
        }
        for part in ERASABLE
    ]


def _named(name: str, count: int) -> dict[str, Any]:
    """``12348:words`` of the audit log in words."""
    line, _, part = name.partition(":")
    label = LABELS.get(part) or BESIDE.get(part, part)
    return {"line": line, "part": part, "label": label.partition("（")[0], "count": count}


@needs("retention.write")
async def show(request: web.Request) -> web.Response:
    """GET /retention."""
    return json_response(await retention_view(services(request)))


class PeriodBody(Body):
    """One rule: ``line`` null for all lines without one of their own."""

    line: str | None = Field(None, min_length=1, max_length=20, pattern=r"^[\w-]+$")
    part: Part | Piece
    days: int


class CountBody(Body):
    """POST /retention/count: periods to try; null: those in force."""

    periods: list[PeriodBody] | None = Field(None, max_length=MOST_RULES)


class PeriodsBody(Body):
    """POST /retention."""

    periods: list[PeriodBody] = Field(max_length=MOST_RULES)
    rejects_days: int | None = None
    """How long files of rejected rows are kept; null: as long as now."""
    note: str = Field(min_length=1, max_length=500)
    base_version: str = Field(max_length=80)
    """The version that was edited; another one in force meanwhile is refused."""


def checked(bodies: list[PeriodBody]) -> tuple[Period, ...]:
    """The rules of a request. Raises InvalidRequest naming what is out of bounds, written twice or missing."""
    rules: dict[tuple[str | None, Part | Piece], Period] = {}
    for body in bodies:
        where = f"{body.line or '其他线路'}，{LABELS[body.part].partition('（')[0]}"
        if not MIN_DAYS <= body.days <= MAX_DAYS:
            raise InvalidRequest(f"{where}：应为 {MIN_DAYS} 到 {MAX_DAYS} 的整数天。")
        if (body.line, body.part) in rules:
            raise InvalidRequest(f"{where}：写了两次，只留一处。")
        rules[body.line, body.part] = Period(body.line, body.part, body.days)
    for part in PARTS:
        if (None, part) not in rules:
            raise InvalidRequest(f"其他线路，{LABELS[part].partition('（')[0]}：请填写天数。")
    return tuple(rules.values())


@needs("retention.write")
async def publish(request: web.Request) -> web.Response:
    """POST /retention: other periods, in force for the worker's next round; what is past them is erased then."""
    own, who = services(request), principal(request)
    if own.published.files.overlaid(RETENTION[1]):
        raise InvalidRequest("保存期限由配置目录（HOTLINE_CONFIG_DIR）锁定，请改那里的 retention.toml。")
    body = await read_body(request, PeriodsBody)
    rules = checked(body.periods)
    if body.rejects_days is not None and not MIN_DAYS <= body.rejects_days <= MAX_DAYS:
        raise InvalidRequest(f"退回文件：应为 {MIN_DAYS} 到 {MAX_DAYS} 的整数天。")
    shipped = load_periods(own.published.files)
    async with own.pool.acquire() as connection, connection.transaction():
        rejects_days = body.rejects_days or (await periods_in_force(connection, own.published.files)).rejects_days
        kind, name = RETENTION
        number = await published_queries.published_times(connection, kind=kind, name=name) + 1
        draft = Draft(
            f"retention-{number}",
            periods_text(f"retention-{number}", rules, rejects_days),
            body.note,
            who.user_id,
            body.base_version,
        )
        published_id = await publish_draft(connection, own.vault, RETENTION, draft, shipped=shipped.version)
        await record(
            connection,
            actor=who,
            action="retention_published",
            subject=f"retention:{draft.version}",
            detail={f"{rule.line or '*'}:{rule.part}": rule.days for rule in rules}
            | {"rejects_days": rejects_days, "published_id": published_id},
        )
    return json_response({"version": draft.version, "id": published_id}, status=201)


@needs("retention.write")
async def count(request: web.Request) -> web.StreamResponse:
    """POST /retention/count: what the next round would erase, rule by rule; nothing is changed."""
    own, who = services(request), principal(request)
    body = await read_body(request, CountBody)
    if body.periods is not None:
        periods = Periods("draft", checked(body.periods))
    else:
        async with own.pool.acquire() as connection:
            periods = await periods_in_force(connection, own.published.files)

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
