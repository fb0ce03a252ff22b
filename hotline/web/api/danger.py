"""Danger while a call goes on: acknowledging alarms, the panel's answers, the shift leader, closing self-harm calls."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web
from pydantic import Field

from hotline.access.service import check_concern
from hotline.audit.store import record, record_look
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import Services, needs, principal, services
from hotline.web.problems import json_response
from hotline.web.views import panel_view
from routing.danger.escalation import Listener
from routing.danger.service import (
    MAX_ANSWER,
    answer_question,
    ask_leader,
    join_leader,
    panel,
    queries,
    release_closing,
)
from routing.errors import IllegalTransition, NoShiftLeader

#: Beside the shift leader these may say that a self-harm call is over: they act on it themselves.
_RELEASE_ROLES = frozenset({"police", "manager"})


def listener(request: web.Request) -> Listener:
    """Who makes the request, as an alarm sees them."""
    who = principal(request)
    return services(request).published.listener(who.user_id, who.role, datetime.now(UTC))


@needs("danger.acknowledge")
async def acknowledge(request: web.Request) -> web.Response:
    """POST /calls/{id}/acknowledge: a person has seen the danger; the noise stops for everybody."""
    own, who, call_id = services(request), principal(request), path_id(request)
    async with own.pool.acquire() as connection, connection.transaction():
        if await queries.acknowledge(connection, call_id=call_id, user_id=who.user_id) is None:
            raise IllegalTransition("这通来电没有待确认的危险警报，可能已由他人确认。")
        await record(connection, actor=who, action="danger_acknowledged", subject=f"call:{call_id}")
    await own.signals.ring()
    return json_response({"call_id": call_id, "acknowledged": True})


@needs("danger.acknowledge")
async def show(request: web.Request) -> web.Response:
    """GET /calls/{id}/danger: the panel's answers, the shift leader, whether a self-harm call may be closed."""
    own, who, call_id = services(request), principal(request), path_id(request)
    async with own.pool.acquire() as connection:
        await check_concern(connection, who, call_id)
        alarm = await queries.alarm(connection, call_id=call_id)
        told = await panel(connection, own.vault, call_id)
        await record_look(connection, actor=who, action="call_viewed", subject=f"call:{call_id}")
    return json_response({"call_id": call_id, "alarm": dict(alarm) if alarm else None, **panel_view(told)})


class AnswerBody(Body):
    """PUT /calls/{id}/danger/{question}."""

    answer: str = Field(max_length=MAX_ANSWER)
    seen: int = Field(0, ge=0)


@needs("danger.acknowledge")
async def put_answer(request: web.Request) -> web.Response:
    """PUT /calls/{id}/danger/{question}: one answer as typed so far."""
    own, who, call_id = services(request), principal(request), path_id(request)
    body = await read_body(request, AnswerBody)
    await _check(own, request, call_id)
    version = await answer_question(
        own.pool,
        own.vault,
        own.published.danger,
        call_id,
        who.user_id,
        question=request.match_info["question"],
        answer=body.answer,
        seen=body.seen,
    )
    await own.signals.ring()
    return json_response({"call_id": call_id, "version": version})


@needs("calls.forward")
async def want_leader(request: web.Request) -> web.Response:
    """POST /calls/{id}/leader: ask the shift leader to join."""
    own, call_id = services(request), path_id(request)
    await _check(own, request, call_id)
    await ask_leader(own.pool, call_id, principal(request).user_id)
    await own.signals.ring()
    return json_response({"call_id": call_id, "asked": True})


@needs("danger.acknowledge")
async def join(request: web.Request) -> web.Response:
    """POST /calls/{id}/join: the shift leader joins (three-way)."""
    own, who, call_id = services(request), principal(request), path_id(request)
    await _check(own, request, call_id)
    if not listener(request).leads:
        raise NoShiftLeader("只有当班班长可以加入；请在值班表里核对今天的班长。")
    await join_leader(own.pool, call_id, who.user_id)
    await own.signals.ring()
    return json_response({"call_id": call_id, "joined_by": who.user_id})


class ReleaseBody(Body):
    """POST /calls/{id}/release."""

    reason: str = Field(max_length=500)


@needs("danger.acknowledge")
async def release(request: web.Request) -> web.Response:
    """POST /calls/{id}/release: a second person says why a self-harm call may be closed."""
    own, who, call_id = services(request), principal(request), path_id(request)
    body = await read_body(request, ReleaseBody)
    await _check(own, request, call_id)
    if not listener(request).leads and who.role not in _RELEASE_ROLES:
        raise NoShiftLeader("要由班长或警务台确认安全后解除锁定。")
    async with own.pool.acquire() as connection, connection.transaction():
        await release_closing(connection, own.vault, call_id, who.user_id, reason=body.reason)
        await record(connection, actor=who, action="closing_released", subject=f"call:{call_id}")
    await own.signals.ring()
    return json_response({"call_id": call_id, "released": True})


async def _check(own: Services, request: web.Request, call_id: int) -> None:
    async with own.pool.acquire() as connection:
        await check_concern(connection, principal(request), call_id)
