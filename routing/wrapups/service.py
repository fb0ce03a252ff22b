"""Saving what an operator notes after a call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nlp.classification import ROUTES
from nlp.taxonomy import Taxonomy
from routing.calls import store as calls
from routing.calls.contact_rules import callback_window
from routing.errors import AnswerChanged, CallNotFound, HeldByOther, InvalidRequest
from routing.sealing import Vault, opened
from routing.sql import load_queries

queries = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class WrapUp:
    """The form after a call; None leaves a field open."""

    route: str | None
    """The class the call turned out to be."""
    topic: str | None
    region: str | None
    disposition: str
    summary: str
    callback_at: datetime | None = None
    """When the caller was promised to be called back; aware."""


async def wrap_up_of(connection: Any, vault: Vault, call_id: int) -> dict[str, Any] | None:
    """What was noted of a call, opened; None: nothing yet."""
    row = await queries.wrap_up(connection, call_id=call_id)
    return None if row is None else opened(vault, row, "wrap_ups", ("disposition", "summary"))


async def save_wrap_up(
    pool: Any, vault: Vault, call_id: int, user_id: int, form: WrapUp, *, taxonomy: Taxonomy, seen: int
) -> int:
    """Save the form with its call; its new version. Only who handled the call writes it.

    Raises CallNotFound, HeldByOther, AnswerChanged where somebody saved another version meanwhile, InvalidRequest,
    OutsideSafeHours for a call-back at a time the caller cannot speak at.
    """
    if form.route is not None and form.route not in ROUTES:
        raise InvalidRequest("route：没有这个类别。")
    if form.topic is not None and form.topic not in taxonomy.topics:
        raise InvalidRequest("topic：没有这个主题。")
    if not form.disposition.strip():
        raise InvalidRequest("disposition：请选处理结果。")
    async with pool.acquire() as connection, connection.transaction():
        if await queries.lock_call(connection, call_id=call_id) is None:
            raise CallNotFound(f"没有编号为 {call_id} 的来电。")
        if not await queries.worked_on(connection, call_id=call_id, user_id=user_id):
            raise HeldByOther("整理由经办人填写；您没有经办这通来电。")
        before = await queries.wrap_up(connection, call_id=call_id)
        if before is not None and before["version"] != seen:
            raise AnswerChanged(f"{before['by']}刚保存过这通来电的整理，请看过再改；您填写的内容还在。")
        if form.callback_at is not None:
            if form.callback_at <= await calls.queries.clock(connection):
                raise InvalidRequest("callback_at：回拨时间已经过去，请改为以后的时间。")
            rules = await calls.contact_rules_of(connection, vault, call_id)
            at, until = callback_window(rules, form.callback_at)
            await queries.promise(connection, call_id=call_id, at=at, until=until, user_id=user_id)
        saved = await queries.save(
            connection,
            call_id=call_id,
            route=form.route,
            topic=form.topic,
            region=form.region or None,
            disposition=vault.seal(form.disposition.strip(), "wrap_ups.disposition"),
            summary=vault.seal(form.summary.strip() or None, "wrap_ups.summary"),
            user_id=user_id,
        )
    return int(saved)
