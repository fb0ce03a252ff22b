"""Cases of the demo in every state, from acceptance to appraisal, and what the police desk sends back."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotline.demo.store import queries
from routing.cases.objections.service import Ruling, decide
from routing.cases.service import accept, appraise, feed_back, note, take_on
from routing.cases.steps.service import queries as step_queries
from routing.cases.store import queries as case_queries
from routing.police_returns.service import send_back_as_no_police_matter
from routing.police_returns.terms import CLASSES
from routing.queues.agents import AgentView

if TYPE_CHECKING:
    from hotline.demo.working import Work

#: Of what comes to these desks, so much is carried as a case; more of what came lately, so that the desks look full.
CARRIED, CARRIED_LATELY, LATELY = 0.2, 0.7, timedelta(days=9)
OBJECTED, UPHELD, UNDECIDED = 0.14, 0.5, timedelta(days=4)
#: Of those that wait for a ruling there are some at whatever hour the demo is made.
OBJECTED_LATELY = 0.34
#: Days until a desk feeds back: from, to. A department has five working days, a mediator a month.
DEPARTMENT_DAYS, MEDIATION_DAYS = (0.6, 9.0), (2.5, 22.0)
APPRAISED_AFTER = timedelta(hours=30)
SATISFIED, REACHED = 0.86, 0.9
NO_POLICE = 0.06

_FILE = Path(__file__).with_name("cases.toml")


@dataclass(frozen=True, slots=True)
class _Carried:
    """A case in somebody's hands."""

    call_id: int
    undertaking_id: int
    user_id: int


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


async def carry(work: Work, queue: str, call_id: int, agent: AgentView, at: datetime) -> bool:
    """The desk takes a waiting call on as a case at ``at`` and works on it until now; False: not this one."""
    destination = work.policy.queue(queue).destination
    if destination not in ("mediators", "departments") or work.calls[call_id].danger:
        return False
    lately = work.until - at < LATELY
    if not work.turn(f"carried {destination} {lately}", CARRIED_LATELY if lately else CARRIED):
        return False
    item_id = await queries.waiting_item(work.connection, call_id=call_id, queue=queue)
    if item_id is None:
        return False
    await work.clock.set(call_id, at)

    def on_roster(name: str, user_id: int, _: datetime) -> bool:
        return work.book.has(name, user_id, at)

    waits_for_ruling = work.until - at < UNDECIDED
    share = OBJECTED_LATELY if waits_for_ruling else OBJECTED
    if destination == "departments" and work.turn(f"objected {waits_for_ruling}", share):
        reason = work.rng.choice(list(_words()["objections"]))
        async with work.pool.acquire() as connection, connection.transaction():
            taken = await take_on(
                connection,
                work.policy,
                item_id,
                agent.user_id,
                queues=[queue],
                on_roster=on_roster,
                state="objected",
            )
            # written straight: by the clock of now, the dispatch lies too far back to object to
            objection_id = await case_queries.insert_objection(
                connection,
                undertaking_id=taken["undertaking_id"],
                user_id=agent.user_id,
                reason=reason,
                words=work.vault.seal(_words()["objections"][reason], "objections.words"),
                suggested="mediators" if reason == "court" else None,
            )
            row = {"call_id": call_id, "queue": queue}
            await note(connection, row, agent.user_id, "objected")
        if not await _ruled(work, call_id, objection_id, at):
            return True
        undertaking_id = taken["undertaking_id"]
    else:
        taken = await accept(work.pool, work.policy, item_id, agent.user_id, queues=[queue], on_roster=on_roster)
        undertaking_id = taken["undertaking_id"]
    await _work_on(work, _Carried(call_id, undertaking_id, agent.user_id), destination)
    return True


async def _ruled(work: Work, call_id: int, objection_id: int, at: datetime) -> bool:
    """A manager decides within two days; True: the dispatch stands and the department goes on."""
    decided = at + timedelta(hours=work.rng.uniform(3, 44))
    # the newest wait for their decision, so that the page has some
    if work.until - at < UNDECIDED or decided > work.until:
        return False
    await work.clock.set(call_id, decided)
    upheld = work.turn("upheld", UPHELD)
    ruling = Ruling(True, "operators") if upheld else Ruling(False, words=_words()["rulings"]["rejected"])
    async with work.pool.acquire() as connection, connection.transaction():
        await decide(connection, work.vault, work.policy, objection_id, user_id=work.ids["manager"], ruling=ruling)
    return not upheld


async def _work_on(work: Work, case: _Carried, destination: str) -> None:
    call_id, undertaking_id, user_id = case.call_id, case.undertaking_id, case.user_id
    begun = work.clock.last(call_id)
    low, high = MEDIATION_DAYS if destination == "mediators" else DEPARTMENT_DAYS
    ends = begun + timedelta(days=work.rng.uniform(low, high))
    kinds = ["contact", "visit", "session"] if destination == "mediators" else ["contact_ticket", "site_work"]
    if destination == "mediators" and work.rng.random() < 0.4:
        kinds.insert(2, work.rng.choice(["material", "legal_advice"]))
    for number, kind in enumerate(kinds, 1):
        due = _office_hours(begun + (ends - begun) * number / (len(kinds) + 1))
        if not await _step(work, case, kind, due):
            return
    if ends > work.until:
        return
    await work.clock.set(call_id, ends)
    outcomes = {"mediators": ["agreed"] * 5 + ["settled", "not_agreed", "withdrawn"]}.get(
        destination, ["resolved"] * 6 + ["explained", "explained", "planned", "refused"]
    )
    outcome = work.rng.choice(outcomes)
    text = work.rng.choice(_words()["endings"][outcome])
    await feed_back(work.pool, work.vault, undertaking_id, user_id, outcome=outcome, text=text)
    await _appraise(work, case, ends + APPRAISED_AFTER * work.rng.uniform(0.4, 2))


async def _appraise(work: Work, case: _Carried, at: datetime) -> None:
    if at > work.until:
        return
    await work.clock.set(case.call_id, at)
    reached = work.rng.random() < REACHED
    satisfied = work.rng.random() < SATISFIED
    appraisal = "unreached" if not reached else "satisfied" if satisfied else "unsatisfied"
    again = appraisal == "unsatisfied" and work.turn("again", 0.5)
    # who is not satisfied mostly says why: it goes on. Some were not asked
    resolved = (
        None if not reached or work.turn("not_asked", 0.1) else satisfied or work.turn("settled_all_the_same", 0.3)
    )
    said = work.rng.choice(_words()["appraisals"].get(appraisal, [""]))
    await appraise(
        work.pool,
        work.vault,
        work.policy,
        case.undertaking_id,
        work.ids["operator"],
        appraisal=appraisal,
        words=said or None,
        again=again,
        resolved=resolved,
    )
    if again:
        due = _office_hours(at + timedelta(days=1))
        await _step(work, case, "contact_ticket", due)


async def _step(work: Work, case: _Carried, kind: str, due: datetime) -> bool:
    """A step is planned at the last moment of the call and done when it is due; False: it is still to be done."""
    note, result = work.rng.choice(_words()["steps"][kind])
    planned = work.clock.last(case.call_id) + timedelta(minutes=work.rng.randint(4, 40))
    if planned > work.until:
        return False
    await work.clock.set(case.call_id, planned)
    step_id = await step_queries.insert_step(
        work.connection,
        case_id=await queries.case_of(work.connection, undertaking_id=case.undertaking_id),
        undertaking_id=case.undertaking_id,
        kind=kind.partition("_ticket")[0],
        due_at=due,
        note=work.vault.seal(note, "case_steps.note"),
        user_id=case.user_id,
    )
    done = due + timedelta(minutes=work.rng.randint(10, 90))
    # one in nine is behind: the lists show what is overdue
    if done > work.until or (work.until - due < timedelta(days=3) and work.turn("behind", 1 / 9)):
        return False
    await work.clock.set(case.call_id, done)
    await step_queries.finish_step(
        work.connection, step_id=step_id, user_id=case.user_id, result=work.vault.seal(result, "case_steps.result")
    )
    return True


def _office_hours(at: datetime) -> datetime:
    """An hour of the same day at which people meet: nine to half past four in Shanghai, 01:00 to 08:30 UTC."""
    return at.replace(hour=1 + at.hour % 8, minute=at.minute // 30 * 30, second=0, microsecond=0)


async def send_back(work: Work, queue: str, call_id: int, agent: AgentView, at: datetime) -> bool:
    """Now and then the police desk finds a call to be no police matter; False: not this one."""
    if work.policy.queue(queue).destination != "police" or work.calls[call_id].danger:
        return False
    if not work.turn("no police matter", NO_POLICE):
        return False
    await work.clock.set(call_id, at)
    route = work.calls[call_id].route
    reason = next((code for code, taken_for in CLASSES.items() if taken_for == route), "other_body")
    async with work.pool.acquire() as connection, connection.transaction():
        await send_back_as_no_police_matter(
            connection,
            work.vault,
            work.policy,
            call_id,
            user_id=agent.user_id,
            queues=work.policy.queues_of_role("police"),
            duty=lambda name, moment: 1,
            reason=reason,
            words=_words()["police"][reason],
        )
    return True
