"""Trials: ordered by a person, worked out by a worker in steps, called off at any step; nothing is written to calls.

A step is short and every step says how far it is, so that a trial holds up nobody and whoever waits sees it move.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from nlp.classification import Classification
from routing.errors import InvalidRequest, SealBroken, TrialNotFound
from routing.policy.comparing import Comparison
from routing.policy.settings import Policy
from routing.sealing import Vault, opened
from routing.triage.service import facts_of
from routing.trials.store import queries

log = structlog.get_logger(__name__)

Kind = Literal["policy", "lexicon", "sentence"]
#: Calls of one step: some tens of milliseconds.
STEP = 100
#: A worker that says nothing for so long has left its trial.
LEASE_S = 30.0
#: One person's trials at a time: an old one is called off before another is ordered.
AT_ONCE = 4
MOST_CALLS = 100_000


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as a worker took it."""

    id: int
    kind: Kind
    wanted: int
    """So many of the last calls."""
    body: str
    """The draft, or the sentence."""
    worker: str


class CalledOff(Exception):
    """The trial was called off, or another worker has it."""


async def start_trial(connection: Any, vault: Vault, *, kind: Kind, user_id: int, wanted: int, body: str) -> int:
    """Order a trial, in the caller's transaction; its id. Raises InvalidRequest."""
    if await queries.waiting_trials(connection, user_id=user_id) >= AT_ONCE:
        raise InvalidRequest(f"您已有 {AT_ONCE} 次试算在进行，请等它们结束或先取消。")
    sealed = vault.seal(body, "trials.body")
    return int(
        await queries.start_trial(connection, kind=kind, user_id=user_id, wanted=min(wanted, MOST_CALLS), body=sealed)
    )


async def trial_state(connection: Any, vault: Vault, trial_id: int, user_id: int) -> dict[str, Any]:
    """How far a trial of this person is, and its result once it is done. Raises TrialNotFound."""
    row = await queries.trial(connection, trial_id=trial_id, user_id=user_id)
    if row is None:
        raise TrialNotFound(f"没有编号为 {trial_id} 的试算；试算结果保留一天。")
    return opened(vault, row, "trials", documents=("result",))


async def cancel_trial(pool: Any, trial_id: int, user_id: int) -> None:
    """Call a trial off; one that has ended stays as it is."""
    async with pool.acquire() as connection:
        await queries.cancel_trial(connection, trial_id=trial_id, user_id=user_id)


async def take_trial(pool: Any, vault: Vault, worker: str) -> Trial | None:
    """The oldest trial nobody works at; None when there is none."""
    async with pool.acquire() as connection:
        row = await queries.take_trial(connection, worker=worker, lease_s=LEASE_S)
    if row is None:
        return None
    return Trial(row["id"], row["kind"], row["wanted"], vault.open(row["body"], "trials.body") or "", worker)


async def tell_progress(pool: Any, trial: Trial, done: int, total: int) -> None:
    """Say how far it is. Raises CalledOff."""
    async with pool.acquire() as connection:
        mine = await queries.tell_progress(
            connection, trial_id=trial.id, worker=trial.worker, done=done, total=total, lease_s=LEASE_S
        )
    if mine is None:
        raise CalledOff


async def finish_trial(
    pool: Any, vault: Vault, trial: Trial, result: dict[str, Any] | None, *, error: str | None = None
) -> None:
    """Store what came out, or why nothing did (in Chinese, for the screen)."""
    async with pool.acquire() as connection:
        await queries.finish_trial(
            connection,
            trial_id=trial.id,
            worker=trial.worker,
            state="failed" if error else "done",
            result=vault.seal_json(result, "trials.result"),
            error=error,
        )


async def tried_calls(pool: Any, vault: Vault, trial: Trial) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """The trial's calls in steps, newest first, each with its stored ``reading``, telling the progress between them.

    A call that cannot be opened is left out. Raises CalledOff.
    """
    async with pool.acquire() as connection:
        ids = [row["id"] for row in await queries.newest_calls(connection, wanted=trial.wanted)]
    await tell_progress(pool, trial, 0, len(ids))
    for start in range(0, len(ids), STEP):
        async with pool.acquire() as connection:
            rows = await queries.calls_to_try(connection, ids=ids[start : start + STEP])
        yield await asyncio.to_thread(_opened, vault, rows)
        await tell_progress(pool, trial, min(start + STEP, len(ids)), len(ids))


def _opened(vault: Vault, rows: Sequence[Any]) -> list[dict[str, Any]]:
    calls, broken = [], 0
    for row in rows:
        try:
            call = opened(vault, row, "calls", ("transcript",))
            reading = Classification.from_row(vault.open_json(row["reading"], "triages.reading"))
        except SealBroken:
            broken += 1
            continue
        calls.append(call | {"reading": reading})
    if broken:
        log.warning("trial_left_out", calls=broken)
    return calls


async def try_policy(
    pool: Any, vault: Vault, trial: Trial, before: Policy, load: Callable[[str], Policy]
) -> dict[str, Any]:
    """Decide the last calls anew by ``before`` and by the draft, from stored readings.

    Raises PolicyError where the draft cannot be used, CalledOff.
    """
    comparison = Comparison(before, await asyncio.to_thread(load, trial.body))

    def add(calls: Sequence[dict[str, Any]]) -> None:
        for call in calls:
            comparison.add(call["id"], facts_of(call, call["reading"]))

    async for calls in tried_calls(pool, vault, trial):
        await asyncio.to_thread(add, calls)
    return comparison.to_dict()
