"""The lawyers of the demo: what they have written down, call-backs they promised, conflicts of interest."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hotline.demo.store import queries
from hotline.demo.working import Work
from routing.policy.facts import LOCAL_ZONE
from routing.promises.service import promise
from routing.queues.eligibility import matches
from routing.queues.service import claim
from routing.queues.store import item_view
from routing.recusals.service import counterparties, name_counterparty, recuse
from routing.sealing import Vault
from routing.snippets.service import SnippetDraft, add

QUEUE = "lawyers"
#: Who promised to call back, and when from now. A time in the past is due and waits to be taken; it comes last, or the
#: next claim would take it.
PROMISES: tuple[tuple[str, timedelta], ...] = (
    ("lawyer", timedelta(hours=2)),
    ("lawyer", timedelta(hours=20)),
    ("lawyer", timedelta(minutes=-4)),
)
#: So many calls have to wait before one of them is promised for later.
LEFT_WAITING = 4
#: Who steps back from a call that waits.
RECUSED = "lawyer2"


def load_words() -> dict[str, Any]:
    """``lawyers.toml``: snippets and notes."""
    return tomllib.loads((Path(__file__).parent / "lawyers.toml").read_text("utf-8"))


async def add_snippets(connection: Any, vault: Vault, ids: Mapping[str, int]) -> None:
    """What lawyers keep at hand, their own and shared."""
    for row in load_words()["snippets"]:
        draft = SnippetDraft(row["title"], row["body"], row.get("citation"), row.get("shared", False))
        await add(connection, vault, ids[row["owner"]], draft)


async def lawyers_now(work: Work, now: datetime) -> None:
    """The lawyers' desk as it stands: names of the other side asked, a conflict, call-backs promised."""
    waiting = await queries.waiting(work.connection, queue=QUEUE)
    await _ask_names(work, [row["call_id"] for row in waiting])
    await _step_back(work, waiting)
    notes = load_words()["notes"]["promised"]
    for (name, later), words in zip(PROMISES, notes, strict=True):
        await _promise(work, name, now + later, words, now)


async def _ask_names(work: Work, call_ids: list[int]) -> None:
    """Where the machine heard no name the operators asked for it; the others are left to be asked."""
    heard = await counterparties(work.connection, work.vault, call_ids)
    known = [*work.city.slots["company"], *work.city.slots["shop"]]
    for call_id in call_ids:
        said = "".join(segment.text for segment in work.calls[call_id].record.segments)
        name = next((name for name in known if name in said), None)
        if name is not None and not heard[call_id].names:
            await name_counterparty(work.connection, work.vault, call_id, work.ids["operator"], name)


async def _step_back(work: Work, waiting: list[Any]) -> None:
    """A lawyer whose client the other side is does not take the last of those that wait."""
    agent = next(view for view in await work.agents(QUEUE) if view.user_id == work.ids[RECUSED])
    fitting = [row["call_id"] for row in waiting if matches(agent, item_view(row))]
    if fitting:
        async with work.pool.acquire() as connection, connection.transaction():
            await recuse(connection, work.vault, work.policy, fitting[-1], agent.user_id, queues=[QUEUE])


async def _promise(work: Work, name: str, at: datetime, words: str, now: datetime) -> None:
    """Taken a while ago and promised for ``at``, where that is to come: in the day and to five minutes."""
    user_id = work.ids[name]
    waiting = await queries.waiting(work.connection, queue=QUEUE)
    agent = next(view for view in await work.agents(QUEUE) if view.user_id == user_id)
    fitting = [row["call_id"] for row in waiting if row["not_before"] is None and matches(agent, item_view(row))]
    if len(fitting) < LEFT_WAITING:
        return
    began = min(work.clock.last(fitting[0]) + timedelta(seconds=45), work.until - timedelta(seconds=9))
    await work.clock.set(fitting[0], began)
    taken = await claim(work.pool, work.policy, QUEUE, user_id, on_roster=work.book.has)
    if taken is None:
        return
    await work.clock.set(taken.call_id, min(work.clock.last(taken.call_id) + timedelta(seconds=260), work.until))
    await promise(
        work.pool,
        work.vault,
        work.policy,
        taken.assignment_id,
        user_id,
        at=datetime.now(UTC) + timedelta(hours=1),
        until=None,
        disposition="约定回拨",
        notes=words,
    )
    await queries.set_promise(work.connection, call_id=taken.call_id, at=_by_day(at) if at > now else at)


def _by_day(at: datetime) -> datetime:
    """The next five minutes of ``at``, or the next morning: nobody promises a call in the night."""
    local = at.astimezone(LOCAL_ZONE).replace(second=0, microsecond=0)
    if 8 <= local.hour < 20:
        return local + timedelta(minutes=5 - local.minute % 5)
    return (local + timedelta(days=local.hour >= 20)).replace(hour=9, minute=30)
