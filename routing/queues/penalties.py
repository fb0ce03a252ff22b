"""What answering, refusing, missing and completing do to an agent (Asterisk penalties, wrapuptime, autopause)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from routing.queues.agents import AgentView


def after_no_answer(agent: AgentView, now: datetime, *, penalty_s: int, pause_after: int) -> AgentView:
    """An offer rang out: no offers for ``penalty_s``; paused from the ``pause_after``-th in a row on (0: never)."""
    missed = agent.no_answers + 1
    paused = pause_after > 0 and missed >= pause_after
    return replace(
        agent,
        presence="paused" if paused else "available",
        since=now,
        no_answers=missed,
        penalty_until=now + timedelta(seconds=penalty_s),
    )


def after_refusal(agent: AgentView, now: datetime, *, penalty_s: int) -> AgentView:
    """The agent refused: no offers for ``penalty_s``. Somebody was there, so missed offers are forgotten."""
    return replace(
        agent,
        presence="available",
        since=now,
        no_answers=0,
        penalty_until=now + timedelta(seconds=penalty_s),
    )


def after_answer(agent: AgentView, now: datetime) -> AgentView:
    """The agent took the call."""
    return replace(
        agent,
        presence="on_call",
        since=now,
        no_answers=0,
        penalty_until=None,
        wrap_up_until=None,
        open_calls=agent.open_calls + 1,
        calls_taken_today=agent.calls_taken_today + 1,
    )


def after_completion(agent: AgentView, now: datetime, *, wrap_up_s: int) -> AgentView:
    """The call is done: wrap-up begins, unless the agent has another call open or the queue has no wrap-up.

    Who paused or logged off during the call stays so.
    """
    still_open = max(0, agent.open_calls - 1)
    done = replace(agent, since=now, open_calls=still_open, last_completed_at=now, wrap_up_until=None)
    if agent.presence in ("paused", "offline"):
        return done
    if still_open:
        return replace(done, presence="on_call")
    if wrap_up_s <= 0:
        return replace(done, presence="available")
    return replace(done, presence="wrap_up", wrap_up_until=now + timedelta(seconds=wrap_up_s))


def after_wrap_up(agent: AgentView, now: datetime) -> AgentView:
    """Available again once the wrap-up is over; unchanged before, and in any other presence."""
    if agent.presence != "wrap_up" or agent.wrap_up_until is None or agent.wrap_up_until > now:
        return agent
    return replace(agent, presence="available", since=agent.wrap_up_until, wrap_up_until=None)
