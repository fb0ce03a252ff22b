"""Fills a new database with users, rosters and calls to try the service with.

Everything goes through the service's own code; only the times are moved into
the past afterwards (``clock``). A filling that was cut short (``demo_begun``
without ``demo_filled`` in the audit log) is cleared and done again at the next
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
from hotline.database import close_pool, open_pool
from hotline.demo.administration import add_administration, add_imports_and_hold
from hotline.demo.clock import PastClock
from hotline.demo.danger import wrap_up
from hotline.demo.drawing import PREFIX, SEED, CallDrawer, DrawnCall
from hotline.demo.knowledge import add_knowledge
from hotline.demo.lawyers import add_snippets, lawyers_now
from hotline.demo.people import add_duties, add_people
from hotline.demo.places import City, load_city
from hotline.demo.reporting import add_groups, add_reports
from hotline.demo.shift import add_shifts
from hotline.demo.store import queries
from hotline.demo.supervising import supervise
from hotline.demo.working import Work
from hotline.embedded.servers import ServerUrls
from hotline.intake.api_record import profiles_by_line
from hotline.intake.profile import Profile, load_profiles
from hotline.intake.store import store_batch
from hotline.published import Published
from nlp import load_reader
from nlp.classification import Reader
from routing.offers.service import CLOSE_AFTER_H
from routing.policy.facts import LOCAL_ZONE
from routing.queues.store import queries as queue_queries
from routing.rosters.store import DutyBook
from routing.sealing import Vault
from routing.supervision.rules import load_supervision
from routing.triage.service import TriageContext, triage_round

log = structlog.get_logger(__name__)

#: A line sends its record so long after the call began, and reading takes so long.
SENT_S, READ_S = (2.0, 9.0), 1.2
#: Exports of the day before are imported at this local hour.
IMPORT_HOUR = 9
#: Who has a call in hand at the end.
IN_HAND = ("police2", "lawyer2", "lawyer3", "department2", "mediator4", "operator3")


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """One demo account."""

    name: str
    password: str
    label: str


async def fill_demo(
    settings: Settings, urls: ServerUrls, vault: Vault, *, now: datetime | None = None
) -> list[DemoLogin]:
    """Demo accounts and calls on a database without users; nothing on any other. The log-ins made now.

    The calls end at ``now`` (aware, not in the future; None: the present).
    """
    # as the owner of the tables: clearing a filling that was cut short truncates them
    pool = await open_pool(urls.owner_url or urls.database_url, 3)
    try:
        async with pool.acquire() as connection:
            await queries.lock(connection)
            try:
                city = load_city()
                if not await _is_new(connection, city):
                    return []
                return await _fill(settings, pool, connection, city, now or datetime.now(UTC), vault=vault)
            finally:
                await queries.unlock(connection)
    finally:
        await close_pool(pool)


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


async def _fill(
    settings: Settings, pool: Any, connection: Any, city: City, now: datetime, *, vault: Vault
) -> list[DemoLogin]:
    await queries.mark(connection, action="demo_begun")
    files = ConfigFiles(settings.config_dir)
    published = Published(files)
    ids, passwords = await add_people(pool, city)
    await add_duties(pool, published.policy, city, ids, now)
    await add_administration(pool, published.policy, ids, now)
    async with pool.acquire() as own, own.transaction():
        await add_knowledge(own, ids, now)
        await add_groups(own, ids)
        await add_reports(own, vault, ids, now)
    await published.refresh(pool, force=True)
    filling = _Filling(
        pool=pool,
        connection=connection,
        city=city,
        ids=ids,
        published=published,
        vault=vault,
        now=now,
        reader=load_reader(None, files),
        clock=PastClock(connection),
        profiles=profiles_by_line(load_profiles(files)),
        rng=random.Random(SEED + 2),  # noqa: S311 - the same demo everywhere, no secret
    )
    await filling.run()
    await add_imports_and_hold(pool, vault, ids, now)
    await queries.mark(connection, action="demo_filled")
    return [DemoLogin(person.name, passwords[person.name], person.printed) for person in city.people if person.printed]


@dataclass(frozen=True, slots=True)
class _Filling:
    """The calls: stored, read, worked on, moved into the past."""

    pool: Any
    connection: Any
    city: City
    ids: dict[str, int]
    published: Published
    vault: Vault
    now: datetime
    reader: Reader
    clock: PastClock
    profiles: dict[str, Profile]
    rng: random.Random

    async def run(self) -> None:
        """Four weeks of calls and their work, then the calls of this moment."""
        await self.clock.open()
        drawer = CallDrawer(self.city, self.profiles, self.now)
        # rosters of today say nothing about the past: those calls came when somebody was on duty
        past = await self._take(drawer.past_calls(), lambda queue, at: 1)
        work = self._work(past, self.published.book)
        await work.acknowledge(list(past), self.published.danger)
        await work.answer_live([call_id for call_id, drawn in past.items() if drawn.record.live])
        await work.serve_all()
        await wrap_up(work)
        await self.clock.shift()
        await self._close()
        await self._take(drawer.unanswered_calls(), lambda queue, at: 1)
        present = await self._take(drawer.calls_of_now(), self.published.duty)
        work = self._work(present, self.published.book)
        await work.acknowledge(
            [call_id for call_id, drawn in present.items() if not drawn.alarm], self.published.danger
        )
        for name in IN_HAND:
            await work.claim_now(name)
        await add_snippets(self.connection, self.vault, self.ids)
        await lawyers_now(work, self.now)
        await self.clock.shift()
        await queries.hang_up(
            self.connection, still_there=[call_id for call_id, each in present.items() if each.record.live]
        )
        await add_shifts(self.pool, self.connection, self.vault, self.ids, self.now)
        rules = load_supervision(self.published.files)
        manager = self.ids["manager"]
        await supervise(self.pool, self.vault, self.published.files, rules, past, by=manager, now=self.now)
        await self._settle_agents()
        await queries.forget_events(self.connection)

    def _work(self, calls: dict[int, DrawnCall], book: DutyBook) -> Work:
        return Work(
            self.pool,
            self.vault,
            self.connection,
            self.clock,
            self.published.policy,
            book,
            self.city,
            self.ids,
            calls,
            self.now - timedelta(seconds=30),
            self.rng,
        )

    async def _take(self, drawn: Sequence[DrawnCall], duty: Any) -> dict[int, DrawnCall]:
        """Store and read calls; by call id."""
        mark = await self.clock.mark()
        taken: dict[int, DrawnCall] = {}
        for intake in ("live", "backlog", "history"):
            part = [each for each in drawn if each.intake == intake]
            outcomes = await store_batch(
                self.pool,
                [each.record for each in part],
                intake=intake,
                vault=self.vault,
                held_by=[self._holder(each) for each in part],
            )
            taken |= {outcome.call_id: each for outcome, each in zip(outcomes, part, strict=True)}
        self.clock.note(mark, ((call_id, self._stored_at(each)) for call_id, each in taken.items()))
        mark = await self.clock.mark()
        seconds = timedelta(seconds=READ_S)
        self.clock.note(mark, ((call_id, self.clock.last(call_id) + seconds) for call_id in taken))
        context = TriageContext(self.reader, self.published.policy, duty, self.vault, "demo")
        while await triage_round(self.pool, context):
            pass
        await self.clock.shift()
        return taken

    def _holder(self, drawn: DrawnCall) -> int | None:
        """Who holds a live call: now whom it names, in the past one of those who were on duty."""
        if not drawn.record.live:
            return None
        if drawn.now:
            return self.ids[drawn.holder] if drawn.holder else None
        queue = self.published.policy.queue_for("operators").name
        people = self.published.book.people(queue, drawn.record.received_at)
        return self.rng.choice(people or [self.ids["operator"]])

    def _stored_at(self, drawn: DrawnCall) -> datetime:
        received = drawn.record.received_at
        if drawn.intake == "live":
            return received + timedelta(seconds=self.rng.uniform(*SENT_S))
        day = received.astimezone(LOCAL_ZONE).date() + timedelta(days=1)
        return datetime.combine(day, time(IMPORT_HOUR), LOCAL_ZONE).astimezone(UTC)

    async def _close(self) -> None:
        """What was completed long enough ago is closed, as the worker's round does it."""
        while True:
            mark = await self.clock.mark()
            async with self.pool.acquire() as connection:
                closed = [
                    row["call_id"] for row in await queue_queries.close_completed(connection, hours=CLOSE_AFTER_H)
                ]
            if not closed:
                break
            later = timedelta(hours=CLOSE_AFTER_H)
            # what the caller said of a case may have been noted since the call was completed
            self.clock.note(mark, ((call_id, min(self.clock.last(call_id) + later, self.now)) for call_id in closed))

    async def _settle_agents(self) -> None:
        """Who is on duty rests; the people that are logged in by hand say themselves when they are available."""
        printed = {self.ids[person.name] for person in self.city.people if person.printed}
        book = self.published.book
        on_duty = {user_id for queue in book.rosters for user_id in book.people(queue, self.now)}
        await queries.settle_agents(self.connection, resting=sorted(on_duty - printed))
