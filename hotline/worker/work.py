"""The worker's loops. Everything they do is taken from PostgreSQL; signals only wake them earlier."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import structlog

from hotline.accounts.store import queries as account_queries
from hotline.ending import end_tasks
from hotline.erasure.rounds import retention_round
from hotline.exports.rounds import export_round
from hotline.lexicon.store import FOLDER, edited_lexicon
from hotline.models.store import unpacked
from hotline.published import Published
from hotline.signals import Signals
from hotline.worker import metrics
from hotline.worker.guarded import GuardedReader, ReaderUnusable
from hotline.worker.trials import TrialRunner
from nlp.classification import Reader
from nlp.deep.model import ask_below
from nlp.errors import ModelError
from nlp.model import DEFAULT_FOLDER
from routing.calls.service import end_silent_calls
from routing.danger.service import escalate
from routing.erasure.service import periods_in_force
from routing.events.store import KEPT_H
from routing.events.store import queries as event_queries
from routing.journey import Journey
from routing.leavers.service import hand_over_again
from routing.offers.service import close_completed, queue_round
from routing.sealing import Vault
from routing.statistics.store import FOLD_STEP, enough_to_fold, fold
from routing.triage.service import LEASE_S, TriageContext, drop_leases, suspect_round, triage_round
from routing.triage.sharpening.service import Sharpener
from routing.triage.store import queries as triage_queries
from routing.trials.store import queries as trial_queries

log = structlog.get_logger(__name__)

#: Calls read and settled in one transaction: long enough to be cheap, short enough not to hold up the outbox.
BATCH = 100
#: Without a signal the database is asked this often.
POLL_S = 1.0
QUEUE_ROUND_S = 0.5
#: A promoted model is taken up within this time.
MODEL_S = 5.0
#: Trials of drafts are looked for this often.
TRIALS_S = 0.5
#: New live proposals are looked for this often where nobody tells of them: another worker may have made them.
SHARPEN_S = 0.2
ALIVE_S = 3.0
#: A worker not seen for this long is gone; its jobs are due again.
GONE_S = 15.0
TIDY_S = 600.0
#: What is past its period is erased within the hour, in steps that leave the database to the callers.
RETENTION_S = 3600.0
RETENTION_BATCHES = 50
#: Deltas of statistics wait so long for the roll-ups, or until there are enough for one step: calls that move on
#: meanwhile cancel out. Every answer counts the waiting ones in.
FOLD_S = 20.0
FOLD_LOOK_S = 2.0
#: Exports that were asked for are begun within this time.
EXPORT_S = 0.5
#: Alarms that nobody acknowledges are looked at this often.
DANGER_ROUND_S = 0.5
#: A live call of which nothing was heard for so long is over, whether its line said so or not.
LIVE_SILENCE_S = 7200.0
SILENCE_ROUND_S = 30.0
ERROR_PAUSE_S = 1.0


def worker_name() -> str:
    """A name no other worker has, also after a restart with the same process id."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(2)}"


async def _for_ever(name: str, every_s: float, step: Callable[[], Awaitable[object]]) -> None:
    """Repeat ``step``; the database may be restarting, so an error is logged and tried again."""
    while True:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - nothing was half done: every step is a transaction
            metrics.STEPS_FAILED.labels(name).inc()
            log.warning("step_failed", step=name, error=type(error).__name__)
            await asyncio.sleep(ERROR_PAUSE_S)
        await asyncio.sleep(every_s)


async def _either(*waiting: Coroutine[Any, Any, object]) -> None:
    """Return as soon as one of ``waiting`` has; the others are cancelled."""
    tasks = [asyncio.ensure_future(one) for one in waiting]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end_tasks(tasks)
    for task in done:
        task.result()


class Worker:
    """One worker process.

    Two lanes read beside each other: fresh calls in batches, and suspect ones
    alone (see :mod:`routing.triage.service`), so that a text that ends or
    stalls its reader holds up nobody.
    """

    def __init__(
        self,
        pool: Any,
        signals: Signals,
        published: Published,
        vault: Vault,
        reader: Reader,
        *,
        apart: Reader | None = None,
        lease_s: float = LEASE_S,
        live_silence_s: float = LIVE_SILENCE_S,
        journey: Journey | None = None,
        models: Path | None = None,
        rejects: Path | None = None,
        second: Reader | None = None,
        second_queued_s: float = 0.0,
    ) -> None:
        """``apart`` reads suspect calls (None: the same reader, one after the other).

        ``models`` is where promoted models are unpacked; None: the readers keep the model they have. In
        ``rejects`` old files of rejected rows are deleted. ``second`` reads live calls more deeply after their first
        proposal stands; None: nobody does. With ``second_queued_s`` it reads unsure recorded calls queued within so
        many seconds too, one at a time, while nothing else is to be read.
        """
        self._pool = pool
        self._signals = signals
        self._published = published
        self._vault = vault
        self._reader = reader
        self._apart = apart
        self._one_reader = asyncio.Lock()
        self._lease_s = lease_s
        self._live_silence_s = live_silence_s
        self._journey = journey
        self._models = models
        self._rejects = rejects
        self._unusable: tuple[Path | None, Path | None] | None = None
        self._second = second
        self._second_queued_s = second_queued_s
        self._unsure_below = 0.0
        """Confidence below which the second reader is asked; of the model it reads with."""
        self._sharpener = Sharpener()
        self._proposed = asyncio.Event()
        self._connection: Any = None
        self._folded_at = time.monotonic()
        self.name = worker_name()
        self._trials = TrialRunner(pool, vault, published, self.name, models)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; a batch begun is finished."""
        await self._take_bar(None)
        await self._model()
        # the model's name is known when the reader has started
        model = await asyncio.to_thread(lambda: self._reader.model)
        await self._alive()
        await self._published.refresh(self._pool, force=True)
        log.info("worker_started", worker=self.name, model=model)
        reading = [
            asyncio.create_task(self._read_until(stop, self.name, self._fresh)),
            asyncio.create_task(self._read_until(stop, f"{self.name}+suspect", self._suspect)),
        ]
        tasks = [
            asyncio.create_task(_for_ever("queues", QUEUE_ROUND_S, self._queues)),
            asyncio.create_task(_for_ever("alive", ALIVE_S, self._alive)),
            asyncio.create_task(_for_ever("model", MODEL_S, self._model)),
            *([asyncio.create_task(_for_ever("sharpen", 0.0, self._sharpen))] if self._second else []),
            asyncio.create_task(_for_ever("danger", DANGER_ROUND_S, self._danger)),
            asyncio.create_task(_for_ever("silence", SILENCE_ROUND_S, self._silence)),
            asyncio.create_task(_for_ever("trials", TRIALS_S, self._trials.round)),
            asyncio.create_task(_for_ever("tidy", TIDY_S, self._tidy)),
            asyncio.create_task(_for_ever("fold", FOLD_LOOK_S, self._fold)),
            asyncio.create_task(_for_ever("exports", EXPORT_S, self._export)),
            asyncio.create_task(_for_ever("retention", RETENTION_S, self._retain)),
        ]
        await stop.wait()
        await asyncio.wait(reading, timeout=2.0)
        await end_tasks([*tasks, *reading])
        await self._leave()

    async def _read_until(
        self, stop: asyncio.Event, lane: str, step: Callable[[TriageContext], Awaitable[int]]
    ) -> None:
        lost = False
        kind = "fresh" if step == self._fresh else "suspect"
        while not stop.is_set():
            started = time.perf_counter()
            try:
                if lost:
                    await drop_leases(self._pool, lane)
                    lost = False
                await self._published.refresh(self._pool)
                reader = self._reader if step == self._fresh else self._apart or self._reader
                done = await step(
                    TriageContext(
                        reader,
                        self._published.policy,
                        self._published.duty,
                        self._vault,
                        lane,
                        self._lease_s,
                        self._journey,
                    )
                )
                if done:
                    metrics.ROUNDS.labels(kind).observe(time.perf_counter() - started)
                    metrics.READ.labels(kind).inc(done)
                    self._proposed.set()
                    await self._signals.ring()
            except Exception as error:  # noqa: BLE001 - what was taken is given back as soon as the database answers
                metrics.ROUNDS_FAILED.labels(kind).inc()
                log.warning("triage_round_failed", lane=lane, error=type(error).__name__)
                lost = True
                await asyncio.sleep(ERROR_PAUSE_S)
                continue
            if done or stop.is_set():
                continue
            # suspect calls are not woken by signals: each wakes one reader only, meant for who reads fresh calls
            work = self._signals.wait_for_work(lane, POLL_S) if kind == "fresh" else asyncio.sleep(POLL_S)
            await _either(work, stop.wait())

    async def _fresh(self, context: TriageContext) -> int:
        async with self._one_reader:
            return await triage_round(self._pool, context, limit=BATCH)

    async def _suspect(self, context: TriageContext) -> int:
        if self._apart is not None:
            return await suspect_round(self._pool, context)
        async with self._one_reader:
            return await suspect_round(self._pool, context)

    async def _queues(self) -> None:
        changed = await queue_round(self._pool, self._published.policy)
        if changed + await hand_over_again(self._pool):
            await self._signals.ring()

    async def _alive(self) -> None:
        """Say that this worker lives, by a connection that ends with the process; free what the dead have held."""
        if self._connection is None:
            self._connection = await self._pool.acquire()
        try:
            await triage_queries.worker_seen(self._connection, name=self.name, model=self._reader.model)
            await triage_queries.release_dead(self._connection, seconds=GONE_S)
        except BaseException:
            broken, self._connection = self._connection, None
            await self._pool.release(broken)
            raise

    async def _leave(self) -> None:
        if self._connection is None:
            return
        leaving, self._connection = self._connection, None
        try:
            await triage_queries.worker_gone(leaving, name=self.name)
        finally:
            await self._pool.release(leaving)

    async def _model(self) -> None:
        """Take up a model or a lexicon that was published; calls wait for the seconds that loading takes."""
        if self._models is None:
            return
        async with self._pool.acquire() as connection:
            folder = await unpacked(connection, self._models)
            lexicon = await edited_lexicon(connection, self._published.files, self._models.parent / FOLDER)
        if (folder, lexicon) == self._unusable:
            return
        try:
            for reader in (self._reader, self._apart):
                if isinstance(reader, GuardedReader) and await asyncio.to_thread(reader.use, folder, lexicon):
                    log.info("model_changed", worker=self.name, model=reader.model)
        except ReaderUnusable as error:
            # tried once: each try costs the reader that works a restart
            self._unusable = folder, lexicon
            log.error("promoted_model_unusable", error=str(error))
            return
        await self._second_follows(folder, lexicon)

    async def _second_follows(self, folder: Path | None, lexicon: Path | None) -> None:
        """The second reader reads with the same model, or not at all: it was joined with that very first reader."""
        second = self._second
        if not isinstance(second, GuardedReader):
            return
        try:
            if await asyncio.to_thread(second.use, folder, lexicon):
                await self._take_bar(folder)
        except ReaderUnusable as error:
            self._give_up_second(error)

    async def _take_bar(self, folder: Path | None) -> None:
        """Below which confidence the second reader of the model in ``folder`` is asked; stored with that model."""
        if self._second is None:
            return
        try:
            self._unsure_below = await asyncio.to_thread(ask_below, folder or DEFAULT_FOLDER)
        except ModelError as error:
            self._give_up_second(error)

    def _give_up_second(self, error: Exception) -> None:
        self._second = None
        log.warning("second_reader_unusable", error=str(error))

    async def _sharpen(self) -> None:
        """Let the second reader say what it thinks of live proposals; a reader that cannot start is given up."""
        second = self._second
        if second is None:
            await asyncio.sleep(SHARPEN_S)
            return
        published = self._published
        context = TriageContext(
            second, published.policy, published.duty, self._vault, f"{self.name}+second", self._lease_s, self._journey
        )
        # begun as soon as there is a proposal: the caller talks on
        await _either(self._proposed.wait(), asyncio.sleep(SHARPEN_S))
        self._proposed.clear()
        try:
            took = await self._sharpener.round(self._pool, context)
            moved = (
                not took
                and self._second_queued_s > 0
                and await self._sharpener.queued_round(
                    self._pool, context, recent_s=self._second_queued_s, unsure_below=self._unsure_below
                )
            )
        except ReaderUnusable as error:
            self._give_up_second(error)
            return
        for waited_s in took:
            metrics.SHARPENED.observe(waited_s)
        if took or moved:
            await self._signals.ring()

    async def _danger(self) -> None:
        if await escalate(self._pool, self._published.danger.escalation):
            await self._signals.ring()

    async def _silence(self) -> None:
        if await end_silent_calls(self._pool, self._live_silence_s):
            await self._signals.work_added([0])

    async def _fold(self) -> None:
        if time.monotonic() - self._folded_at < FOLD_S and not await enough_to_fold(self._pool):
            return
        while await fold(self._pool) == FOLD_STEP:
            pass
        self._folded_at = time.monotonic()

    async def _export(self) -> None:
        while await export_round(self._pool, self._vault, self._published):
            await self._signals.ring()

    async def _retain(self) -> None:
        async with self._pool.acquire() as connection:
            periods = await periods_in_force(connection, self._published.files)
        erased = await retention_round(
            self._pool, self._vault, periods, rejects=self._rejects, batches=RETENTION_BATCHES
        )
        if erased:
            log.info("retention_erased", version=periods.version, **erased)

    async def _tidy(self) -> None:
        async with self._pool.acquire() as connection:
            await account_queries.delete_expired(connection)
            await event_queries.prune(connection, hours=KEPT_H)
            await triage_queries.forget_dead(connection)
            await triage_queries.forget_second_readings(connection)
            await trial_queries.forget_trials(connection)
        if await close_completed(self._pool):
            await self._signals.ring()
