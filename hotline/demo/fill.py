"""Fills a new database with users, rosters and calls to try the service with.

Everything goes through the service's own code; only the times are moved into
the past afterwards (``clock``). A filling that was cut short (``demo_begun``
without ``demo_filled`` in the journal) is cleared and done again at the next
start, as long as nothing but the demo's own users and calls stands there;
where somebody has added anything meanwhile, all is left as it is.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import structlog

from config.files import ConfigFiles
from config.settings import Settings
from hotline.database import open_pool
from hotline.demo.clock import PastClock
from hotline.demo.drawing import PREFIX, SEED, DrawnCall, calls_of_now, past_calls
from hotline.demo.people import add_duties, add_people
from hotline.demo.places import City, load_city
from hotline.demo.store import queries
from hotline.demo.working import Work
from hotline.embedded.servers import ServerUrls
from hotline.intake.api_record import profiles_by_line
from hotline.intake.profile import load_profiles
from hotline.intake.store import store_batch
from hotline.published import Published
from hotline.secrets import lookup_key, read_secret_key
from nlp import load_reader
from routing.offers.service import CLOSE_AFTER_H
from routing.policy.facts import LOCAL_ZONE
from routing.queues.store import queries as queue_queries
from routing.rosters.store import DutyBook
from routing.triage.service import TriageContext, triage_round

log = structlog.get_logger(__name__)

#: A line sends its record so long after the call began, and reading takes so long.
SENT_S, READ_S = (2.0, 9.0), 1.2
#: Exports of the day before are imported at this local hour.
IMPORT_HOUR = 9


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """One demo account."""

    name: str
    password: str
    label: str


async def fill_demo(settings: Settings, urls: ServerUrls) -> list[DemoLogin]:
    """Demo accounts and calls on a database without users; nothing on any other. The log-ins made now."""
    pool = await open_pool(urls.database_url, 3)
    try:
        async with pool.acquire() as connection:
            await queries.lock(connection)
            try:
                city = load_city()
                if not await _is_new(connection, city):
                    return []
                return await _fill(settings, pool, connection, city)
            finally:
                await queries.unlock(connection)
    finally:
        await pool.close()


async def _is_new(connection: Any, city: City) -> bool:
    """Whether to fill; what a filling that was cut short has left is cleared."""
    state = await queries.state(connection, names=[person.name for person in city.people], prefix=PREFIX)
    if state["begun"] and not state["filled"]:
        if state["others"]:
            log.warning("demo_left_unfinished", why="the database holds other users or calls beside the demo's")
            return False
        await queries.clear(connection)
        return True
    return not state["users"]


async def _fill(settings: Settings, pool: Any, connection: Any, city: City) -> list[DemoLogin]:
    await queries.mark(connection, action="demo_begun")
    files = ConfigFiles(settings.config_dir)
    published = Published(files)
    now = datetime.now(UTC)
    ids, passwords = await add_people(pool, city)
    await add_duties(pool, published.policy, city, ids, now)
    await published.refresh(pool, force=True)
    filling = _Filling(settings, files, pool, connection, city, ids, published, now)
    await filling.run()
    await queries.mark(connection, action="demo_filled")
    return [
        DemoLogin(person.name, passwords[person.name], person.printed) for person in city.people if person.printed
    ]


class _Filling:
    """The calls: stored, read, worked on, moved into the past."""

    def __init__(
        self,
        settings: Settings,
        files: ConfigFiles,
        pool: Any,
        connection: Any,
        city: City,
        ids: dict[str, int],
        published: Published,
        now: datetime,
    ) -> None:
        self._pool, self._connection = pool, connection
        self._city, self._ids, self._published, self._now = city, ids, published, now
        self._key = lookup_key(read_secret_key(settings))
        self._profiles = profiles_by_line(load_profiles(files))
        self._reader = load_reader(None, files)
        self._clock = PastClock(connection)
        self._rng = random.Random(SEED + 2)  # noqa: S311 - the same demo everywhere, no secret

    async def run(self) -> None:
        """Four weeks of calls and their work, then the calls of this moment."""
        await self._clock.open()
        # rosters of today say nothing about the past: those calls came when somebody was on duty
        past = await self._take(past_calls(self._city, self._profiles, self._now), lambda queue, at: 1)
        work = self._work(past, self._published.book)
        await work.answer_live([call_id for call_id, drawn in past.items() if drawn.record.live])
        await self._clock.shift()
        await work.serve_all()
        await work.acknowledge(list(past), "police")
        await self._clock.shift()
        await self._close()
        drawn_now = calls_of_now(self._city, self._profiles, self._now)
        present = await self._take(drawn_now, self._published.duty)
        work = self._work(present, self._published.book)
        for call_id, drawn in present.items():
            if drawn.claimed:
                await work.claim_now(call_id, drawn.claimed)
        await self._clock.shift()
        await queries.hang_up(self._connection, still_there=list(present))
        await self._settle_agents()
        await queries.forget_events(self._connection)

    def _work(self, calls: dict[int, DrawnCall], book: DutyBook) -> Work:
        return Work(
            self._pool,
            self._connection,
            self._clock,
            self._published.policy,
            book,
            self._city,
            self._ids,
            calls,
            self._now - timedelta(seconds=30),
            self._rng,
        )

    async def _take(self, drawn: Sequence[DrawnCall], duty: Any) -> dict[int, DrawnCall]:
        """Store and read calls; by call id."""
        mark = await self._clock.mark()
        taken: dict[int, DrawnCall] = {}
        for intake in ("live", "backlog", "history"):
            part = [each for each in drawn if each.intake == intake]
            outcomes = await store_batch(
                self._pool,
                [each.record for each in part],
                intake=intake,
                key=self._key,
                held_by=[self._holder(each) for each in part],
            )
            taken |= {outcome.call_id: each for outcome, each in zip(outcomes, part, strict=True)}
        self._clock.note(mark, ((call_id, self._stored_at(each)) for call_id, each in taken.items()))
        mark = await self._clock.mark()
        seconds = timedelta(seconds=READ_S)
        self._clock.note(mark, ((call_id, self._clock.last(call_id) + seconds) for call_id in taken))
        context = TriageContext(self._reader, self._published.policy, duty, "demo")
        while await triage_round(self._pool, context):
            pass
        await self._clock.shift()
        return taken

    def _holder(self, drawn: DrawnCall) -> int | None:
        """Who holds a live call: the one it names, else in the past one of those who were on duty."""
        if not drawn.record.live:
            return None
        if drawn.holder is not None:
            return self._ids[drawn.holder]
        if drawn.record.received_at > self._now - timedelta(hours=1):
            return None
        queue = self._published.policy.queue_for("operators").name
        people = self._published.book.people(queue, drawn.record.received_at)
        return self._rng.choice(people or [self._ids["operator"]])

    def _stored_at(self, drawn: DrawnCall) -> datetime:
        received = drawn.record.received_at
        if drawn.intake == "live":
            return received + timedelta(seconds=self._rng.uniform(*SENT_S))
        day = received.astimezone(LOCAL_ZONE).date() + timedelta(days=1)
        return datetime.combine(day, time(IMPORT_HOUR), LOCAL_ZONE).astimezone(UTC)

    async def _close(self) -> None:
        """What was completed long enough ago is closed, as the worker's round does it."""
        while True:
            mark = await self._clock.mark()
            async with self._pool.acquire() as connection:
                closed = [row["call_id"] for row in await queue_queries.close_completed(connection, hours=CLOSE_AFTER_H)]
            if not closed:
                break
            later = timedelta(hours=CLOSE_AFTER_H)
            self._clock.note(mark, ((call_id, self._clock.last(call_id) + later) for call_id in closed))
        await self._clock.shift()

    async def _settle_agents(self) -> None:
        """Who is on duty is free, but for the people that are logged in by hand."""
        printed = {self._ids[person.name] for person in self._city.people if person.printed}
        book = self._published.book
        on_duty = {user_id for queue in book.rosters for user_id in book.people(queue, self._now)}
        await queries.settle_agents(self._connection, free=sorted(on_duty - printed))
