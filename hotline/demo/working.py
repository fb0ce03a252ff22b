"""The people of the demo at work: the real services, each step at a time in the past."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hotline.accounts.permissions import Role
from hotline.console.words import DISPOSITIONS, OVERRULE_REASONS, RELEASE_REASONS
from hotline.demo import danger
from hotline.demo.cases import carry
from hotline.demo.cases import send_back as no_police_matter
from hotline.demo.clock import PastClock
from hotline.demo.drawing import DrawnCall
from hotline.demo.places import City, Person
from hotline.demo.store import queries
from routing.answers.service import answer_directly
from routing.danger.service import queries as danger_queries
from routing.danger.settings import DangerSettings
from routing.errors import ConsentRequired
from routing.knowledge.service import Citation, suggest
from routing.policy.decision import Destination
from routing.policy.facts import LOCAL_ZONE
from routing.policy.settings import Policy
from routing.queues.agents import AgentView, ItemView
from routing.queues.eligibility import matches
from routing.queues.first.service import first_of_items
from routing.queues.picking.service import pick
from routing.queues.service import complete, release, roles_of_queue
from routing.queues.store import agent_view, item_view
from routing.queues.store import queries as queue_queries
from routing.rosters.duty import next_change
from routing.rosters.store import DutyBook
from routing.sealing import Vault
from routing.transfers.service import ForwardOrder, cancel, confirm, forward, receive, send_back
from routing.transfers.store import queries as transfer_queries

#: Median wait in a queue and median handling, in seconds.
WAIT_S: dict[Destination, float] = {"operators": 8, "police": 5, "lawyers": 38, "mediators": 140, "departments": 120}
HANDLING_S: dict[Destination, float] = {
    "operators": 150,
    "police": 130,
    "lawyers": 560,
    "mediators": 1500,
    "departments": 700,
}
#: Queues are longer then (local hours), and on Mondays.
PEAK_HOURS = frozenset({9, 10, 14, 15})
PEAK, MONDAY = 1.7, 1.3

#: A call rings so long before it is answered.
RINGS_S = (3, 4, 4, 5, 6, 8, 11)

#: Of calls about offices and papers, operators answer so many themselves.
ANSWERED = 0.4
#: Forwards in which a caller wants something else than was proposed, that are taken back, that come back.
WANTED_OTHERWISE, TAKEN_BACK, SENT_BACK, RELEASED = 0.04, 0.03, 0.05, 0.03
#: Of disputes and tickets that came to their desk within this time, so many wait there still.
INBOX, STILL_WAIT = timedelta(hours=30), 0.6
#: Callers who agree that others see what their lawyer wrote for them.
SUMMARY_APPROVED = 0.8
#: What is in hand at the end was taken within this time.
IN_HAND_SINCE = timedelta(minutes=20)
#: So often the first level is busy with what the demo does not show.
SECOND_LEVEL = 0.15

_MEANT: dict[str, Destination] = {
    "police_incident": "police",
    "legal_consultation": "lawyers",
    "dispute": "mediators",
    "non_police_help": "departments",
    "invalid": "operators",
}


@dataclass(slots=True)
class Work:
    """One run of the work; ``until`` is the last moment at which anything happens."""

    pool: Any
    vault: Vault
    connection: Any
    clock: PastClock
    policy: Policy
    book: DutyBook
    city: City
    ids: Mapping[str, int]
    calls: Mapping[int, DrawnCall]
    until: datetime
    rng: random.Random
    _returned: set[int] = field(default_factory=set)
    _times: defaultdict[int, list[tuple[datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))
    """From when to when each person had a call in hand."""
    _shares: defaultdict[str, float] = field(default_factory=lambda: defaultdict(lambda: 0.5))

    async def answer_live(self, live: Sequence[int]) -> None:
        """Operators answer the calls they hold, or forward them."""
        for row in await queries.proposals(self.connection, ids=list(live)):
            call_id, user_id = row["call_id"], row["held_by"]
            at = await self._step(call_id, self.rng.lognormvariate(4.2, 0.5))
            if self._answered_by_operator(call_id, row["destination"]):
                await self._answer(call_id, user_id)
                continue
            transfer = await self._forward(call_id, user_id, row["destination"], live=True)
            if self.turn("taken_back", TAKEN_BACK):
                await self.clock.set(call_id, at + timedelta(seconds=9))
                await cancel(self.pool, self.vault, transfer["id"], user_id)
                at = await self.clock.set(call_id, at + timedelta(seconds=31))
                transfer = await self._forward(call_id, user_id, row["destination"], live=True)
            if transfer["mode"] == "manual":
                await self.clock.set(call_id, at + timedelta(seconds=self.rng.randint(6, 25)))
                await confirm(self.pool, self.vault, transfer["id"], user_id)

    async def serve_all(self) -> None:
        """Every queue is worked off, the operators' first: what they forward stands in another queue then.

        Twice, for what came back to the operators.
        """
        for _ in range(2):
            for queue in self.policy.queues:
                await self._serve(queue)

    async def claim_now(self, name: str) -> bool:
        """A person of the demo took the next call a while ago and keeps it; False: nothing waited."""
        user_id = self.ids[name]
        for queue in self.policy.roles.get(self._person(user_id).role, ()):
            agent = next(view for view in await self.agents(queue) if view.user_id == user_id)
            waiting = [
                row for row in await queries.waiting(self.connection, queue=queue) if matches(agent, item_view(row))
            ]
            if not waiting:
                continue
            call_id = waiting[0]["call_id"]
            soon = self.clock.last(call_id) + timedelta(seconds=self._wait_s(queue, self.clock.last(call_id)))
            await self.clock.set(call_id, min(max(soon, self.until - IN_HAND_SINCE), self.until))
            await pick(self.pool, self.policy, call_id, user_id, queues=[queue], on_roster=self.book.has)
            return True
        return False

    async def _serve(self, queue: str) -> None:
        agents = await self.agents(queue)
        settings = self.policy.queue(queue)
        first = await first_of_items(self.connection, settings, roles_of_queue(self.policy, queue))
        for item in await queries.waiting(self.connection, queue=queue):
            if item["call_id"] not in self.calls:
                continue
            planned = self._claimed_at(queue, item["call_id"])
            if planned is None or self._still_waits(settings.destination, item["call_id"], planned):
                continue
            agent = self._agent(queue, agents, item_view(item, first.get(item["id"], frozenset())), planned)
            if agent is not None:
                await self._serve_item(queue, item["call_id"], agent, planned)

    async def agents(self, queue: str) -> list[AgentView]:
        """Who may serve a queue."""
        roles = roles_of_queue(self.policy, queue)
        return [agent_view(row) for row in await queue_queries.queue_agents(self.connection, queue=queue, roles=roles)]

    async def _serve_item(self, queue: str, call_id: int, agent: AgentView, planned: datetime) -> None:
        decided = await queries.decided(self.connection, call_id=call_id)
        if await self._sent_back(queue, call_id, agent, decided["transfer_id"]):
            return
        if await carry(self, queue, call_id, agent, planned) or await no_police_matter(
            self, queue, call_id, agent, planned
        ):
            return
        await self._ring(queue, call_id, agent, planned)
        at = await self.clock.set(call_id, planned)

        def on_roster(name: str, user_id: int, _: datetime) -> bool:
            return self.book.has(name, user_id, at)

        if await queries.open_item(self.connection, call_id=call_id, queue=queue) is None:
            return
        # by choice: some of what stands before it waits still when the demo begins
        taken = await pick(self.pool, self.policy, call_id, agent.user_id, queues=[queue], on_roster=on_roster)
        role = self._person(agent.user_id).role
        if role in ("lawyer", "mediator") and self.turn("released", RELEASED):
            at = await self._step(call_id, 40)
            # not the first: who steps back for a conflict of interest does not get the call again
            reason = self.rng.choice(RELEASE_REASONS[1:3])
            await release(self.pool, self.vault, self.policy, taken.assignment_id, agent.user_id, reason=reason)
            await self.clock.set(call_id, at + timedelta(seconds=self.rng.randint(20, 200)))
            taken = await pick(self.pool, self.policy, call_id, agent.user_id, queues=[queue], on_roster=on_roster)
        handled = self.clock.last(call_id) + timedelta(
            seconds=self.rng.lognormvariate(0, 0.5) * HANDLING_S[self._destination(queue)]
        )
        self._times[agent.user_id].append((at, handled))
        if handled > self.until:
            return
        await self.clock.set(call_id, handled)
        if role == "operator":
            proposed = decided["destination"]
            if self._answered_by_operator(call_id, proposed):
                await self._answer(call_id, agent.user_id)
            else:
                await self._forward(call_id, agent.user_id, proposed, live=False)
            return
        await complete(
            self.pool,
            self.vault,
            self.policy,
            taken.assignment_id,
            agent.user_id,
            disposition=self._disposition(role, call_id),
            notes=self.rng.choice(self.city.words[f"{role}s" if role != "police" else role]),
            summary=self.city.words["summary"] if role == "lawyer" else None,
            summary_approved=self.rng.random() < SUMMARY_APPROVED if role == "lawyer" else None,
        )

    async def _ring(self, queue: str, call_id: int, agent: AgentView, answered: datetime) -> None:
        """Where somebody is on the line, the call rings for a few seconds before it is answered."""
        item_id = await queries.ringing_item(self.connection, call_id=call_id, queue=queue)
        if item_id is None:
            return
        await queue_queries.ensure_agent(self.connection, user_id=agent.user_id)
        await self.clock.set(call_id, answered - timedelta(seconds=RINGS_S[call_id % len(RINGS_S)]))
        await queue_queries.offer(
            self.connection,
            item_id=item_id,
            user_id=agent.user_id,
            ring_timeout_s=self.policy.queue(queue).ring_timeout_s,
        )

    async def _sent_back(self, queue: str, call_id: int, agent: AgentView, transfer_id: int | None) -> bool:
        """A department confirms a ticket, or returns it with a reason."""
        if transfer_id is None or self._destination(queue) != "departments":
            return False
        await self._step(call_id, 30)
        if call_id not in self._returned and self.turn("sent_back", SENT_BACK):
            self._returned.add(call_id)
            reason = self.rng.choice(self.city.words["returned"])
            await send_back(self.pool, self.vault, self.policy, transfer_id, agent.user_id, reason=reason)
            return True
        row = await transfer_queries.transfer(self.connection, transfer_id=transfer_id)
        if row["our_ticket"] is not None:
            number = f"CB{self.clock.last(call_id):%Y%m%d}{call_id:06d}"
            await receive(self.pool, self.vault, transfer_id, agent.user_id, number)
        return False

    async def _forward(self, call_id: int, user_id: int, proposed: str, *, live: bool) -> dict[str, Any]:
        """As proposed, unless the operator heard something else, or the caller insists."""
        drawn = self.calls[call_id]
        meant = "police" if drawn.danger else drawn.to or _MEANT[drawn.route]
        reason = OVERRULE_REASONS[1]
        if proposed == meant and not drawn.danger and self.turn("wanted_otherwise", WANTED_OTHERWISE):
            meant, reason = ("lawyers" if meant != "lawyers" else "mediators"), OVERRULE_REASONS[0]
        elif drawn.danger:
            reason = OVERRULE_REASONS[2]
        overruled = meant not in ("operators", proposed)
        ticket = live and (meant if overruled else proposed) == "departments"
        order = ForwardOrder(
            "ticket" if ticket else "one_key",
            destination=meant if overruled else None,
            reason=reason if overruled else None,
        )
        try:
            return await self._send(call_id, user_id, order)
        except ConsentRequired:
            # violence was heard: mediators only with the victim's consent, which nobody here was asked for
            return await self._send(call_id, user_id, ForwardOrder("one_key"))

    async def _send(self, call_id: int, user_id: int, order: ForwardOrder) -> dict[str, Any]:
        return await forward(self.pool, self.vault, self.policy, call_id, user_id, order=order)

    async def _answer(self, call_id: int, user_id: int) -> None:
        """By the article that fits the call best, or in the operator's own words."""
        drawn = self.calls[call_id]
        invalid = drawn.route == "invalid"
        async with self.pool.acquire() as connection:
            found = [] if invalid else await suggest(connection, drawn.record.text, (), limit=1)
        own_words = self.rng.choice(self.city.words["invalid_answers" if invalid else "answers"])
        await answer_directly(
            self.pool,
            self.vault,
            call_id,
            user_id,
            found[0]["answer"] if found else own_words,
            citation=Citation(found[0]["id"], found[0]["version"]) if found else None,
            no_article_reason=None if found else "不是咨询，没有可引用的条目" if invalid else "知识库里还没有这一问",
        )

    def _answered_by_operator(self, call_id: int, proposed: str) -> bool:
        """A wrong number, or something an operator knows. Danger is always handed on."""
        drawn = self.calls[call_id]
        if drawn.danger or drawn.to:
            return False
        if drawn.route == "invalid" or proposed == "operators":
            return True
        return drawn.route == "non_police_help" and self.rng.random() < ANSWERED

    async def acknowledge(self, calls: Sequence[int], settings: DangerSettings) -> None:
        """The police desk sees the alarms of these calls and says so; done before anybody takes them.

        Now and then nobody does in time and the alarm goes on. Then the operator asks what the danger panel asks.
        """
        queue = self.policy.queue_for("police").name
        for row in await queries.alarmed(self.connection, ids=list(calls)):
            waits_s = await danger.go_on(self, row["call_id"], settings.escalation)
            at = await self._step(row["call_id"], waits_s)
            present = self.book.people(queue, at) or (self.ids["police"],)
            async with self.pool.acquire() as connection:
                await danger_queries.acknowledge(connection, call_id=row["call_id"], user_id=self.rng.choice(present))
            await danger.ask(self, row["call_id"], settings)

    def turn(self, what: str, share: float) -> bool:
        """True for this share of the times it is asked, evenly: rare things happen on every installation."""
        self._shares[what] += share
        if self._shares[what] < 1:
            return False
        self._shares[what] -= 1
        return True

    async def _step(self, call_id: int, seconds: float) -> datetime:
        return await self.clock.set(call_id, self.clock.last(call_id) + timedelta(seconds=seconds))

    def _person(self, user_id: int) -> Person:
        return next(person for person in self.city.people if self.ids[person.name] == user_id)

    def _destination(self, queue: str) -> Destination:
        return self.policy.queue(queue).destination

    def _disposition(self, role: Role, call_id: int) -> str:
        choices = DISPOSITIONS[role]
        if role == "police" and self.calls[call_id].danger:
            return choices[0]
        weights = [6, *([1] * (len(choices) - 1))]
        return self.rng.choices(choices, weights)[0]

    def _claimed_at(self, queue: str, call_id: int) -> datetime | None:
        """When somebody takes the call: after the wait of that hour, or when the next shift begins; None: not yet."""
        before = self.clock.last(call_id)
        wait_s = self._wait_s(queue, before)
        at = before + timedelta(seconds=wait_s)
        roster = self.book.rosters.get(queue)
        if roster is not None and not self.book.people(queue, at):
            begins = next_change(roster, at)
            if begins is None:
                return None
            at = begins + timedelta(seconds=60 + wait_s)
        return at if at <= self.until else None

    def _wait_s(self, queue: str, at: datetime) -> float:
        local = at.astimezone(LOCAL_ZONE)
        busy = (PEAK if local.hour in PEAK_HOURS else 1.0) * (MONDAY if local.weekday() == 0 else 1.0)
        return self.rng.lognormvariate(0, 0.7) * WAIT_S[self._destination(queue)] * busy

    def _still_waits(self, destination: Destination, call_id: int, at: datetime) -> bool:
        """Some disputes and tickets of the last hours nobody has looked at yet."""
        if destination not in ("mediators", "departments") or self.calls[call_id].danger or self.until - at > INBOX:
            return False
        return self.turn(f"waits {destination}", STILL_WAIT)

    def _agent(self, queue: str, agents: Sequence[AgentView], item: ItemView, at: datetime) -> AgentView | None:
        """Who takes it: of those whom it suits and who are on duty the first level first, whoever had the fewest calls.

        Others come where those are busy; off the roster where nobody suits.
        """
        suited = [agent for agent in agents if matches(agent, item)]
        near = [agent for agent in suited if agent.user_id in item.first]
        present = [agent for agent in near or suited if self.book.has(queue, agent.user_id, at)]
        chosen = present or near or suited
        if not chosen:
            return None
        return min(
            chosen,
            key=lambda agent: (
                self._busy(agent.user_id, at),
                agent.tier_level if self.rng.random() > SECOND_LEVEL else 0,
                len(self._times[agent.user_id]),
                agent.position,
            ),
        )

    def _busy(self, user_id: int, at: datetime) -> bool:
        return any(begin <= at < end for begin, end in self._times[user_id])
