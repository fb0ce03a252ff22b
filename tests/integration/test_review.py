"""What must hold where two things meet: a forward and a reading, a ring and a return, an undo and a hang-up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from config.files import ConfigFiles
from hotline.accounts.store import add_user
from hotline.intake.api_record import record_from_api
from hotline.intake.store import store_batch
from nlp.classification import ROUTES, Classification, Cue, Danger, DangerSignal
from routing.calls.record import CallRecord
from routing.calls.store import Outcome
from routing.errors import IllegalTransition, ProposalChanged
from routing.policy.loading import read_policy
from routing.policy.settings import Policy
from routing.queues.service import Claim, claim, complete, set_presence
from routing.transfers.service import ForwardOrder, cancel, forward, forward_in, receive, send_back
from routing.triage.service import TriageContext, triage_round
from tests.service_fixtures import eventually, some_vault

VAULT = some_vault()


class Scripted:
    """Reads what a test wrote: ``route [danger level] [cue]``, so that a test says what changes."""

    model = "scripted"

    def read(self, text: str, *, line: str | None = None) -> Classification:
        words = text.split()
        route = words[0]
        assert route in ROUTES
        level = next((int(word) for word in words if word.isdigit()), 0)
        cues = tuple(Cue(word, word, 0, 1) for word in words[1:] if word == "violence_or_control")
        signals = (DangerSignal("fire", "fire", 0, 1, level),) if level else ()
        return Classification(
            route=route,
            confidence=0.2 if "unsure" in words else 0.95,
            review=False,
            ranking=((route, 0.95),),
            topic=(("labour", 0.8),),
            danger=Danger(level, signals),
            evidence=(),
            entities=(),
            cues=cues,
            model=self.model,
        )

    def read_batch(self, items: Sequence[tuple[str, str | None]]) -> list[Classification]:
        return [self.read(text, line=line) for text, line in items]


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The shipped policy."""
    return read_policy(ConfigFiles())


async def work(pool: Any, policy: Policy) -> None:
    """Read everything that waits to be read."""
    context = TriageContext(Scripted(), policy, lambda queue, at: 1, VAULT, "test")
    while await triage_round(pool, context):
        pass


async def send(pool: Any, text: str, *, intake: str = "live", held_by: int | None = None, **fields: Any) -> Outcome:
    """One record, as the line sends it; the same ``external_id`` makes a new version."""
    record = record_from_api(
        {
            "line": "12345",
            "external_id": "R1",
            "received_at": "2026-10-12T08:00:00+08:00",
            "caller_number": "13800001111",
            "transcript": text,
            **fields,
        },
        profiles={},
    )
    assert isinstance(record, CallRecord), record
    (outcome,) = await store_batch(pool, [record], intake=intake, vault=VAULT, held_by=[held_by])
    return outcome


async def person(pool: Any, name: str, role: str) -> int:
    return (await add_user(pool, name, role, password="a long password"))[0]


async def take(pool: Any, policy: Policy, queue: str, user_id: int) -> Claim:
    taken = await claim(pool, policy, queue, user_id, on_roster=lambda *_: True)
    assert taken is not None
    return taken


async def items(pool: Any, call_id: int) -> dict[str, tuple[str, str]]:
    """Queue -> (role, state) of what is open, or done."""
    async with pool.acquire() as connection:
        rows = await connection.fetch(
            "select queue, role, state from queue_items where call_id = $1 and state <> 'cancelled' order by id",
            call_id,
        )
    return {row["queue"]: (row["role"], row["state"]) for row in rows}


async def value(pool: Any, query: str, *arguments: Any) -> Any:
    async with pool.acquire() as connection:
        return await connection.fetchval(query, *arguments)


async def somebody_waits_for_a_lock(pool: Any) -> None:
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    await eventually(lambda: value(pool, query))


async def test_a_forward_that_waited_for_a_new_proposal_is_told_so(pool: Any, policy: Policy) -> None:
    anna = await person(pool, "anna", "operator")
    call_id = (await send(pool, "dispute", live=True, held_by=anna)).call_id
    await work(pool, policy)
    seen = await value(pool, "select decision_id from calls where id = $1", call_id)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select from calls where id = $1 for update", call_id)
        order = ForwardOrder("one_key", decision_id=seen)
        asked = asyncio.create_task(forward(pool, VAULT, policy, call_id, anna, order=order))
        await somebody_waits_for_a_lock(pool)
        await connection.execute(
            "with new as (insert into decisions (call_id, destination, queue, target_queue, mode, priority, rule, "
            "policy_version, outcome, body) select call_id, destination, queue, target_queue, mode, priority, rule, "
            "policy_version, outcome, body from decisions where id = $1 returning id) "
            "update calls set decision_id = new.id from new where calls.id = $2",
            seen,
            call_id,
        )
    with pytest.raises(ProposalChanged):
        await asked


async def test_a_reading_that_waited_for_a_forward_is_a_notice(pool: Any, policy: Policy) -> None:
    anna = await person(pool, "anna", "operator")
    call_id = (await send(pool, "dispute", live=True, held_by=anna)).call_id
    await work(pool, policy)
    await send(pool, "legal_consultation", live=True)
    async with pool.acquire() as connection, connection.transaction():
        await forward_in(
            connection,
            VAULT,
            policy,
            call_id,
            anna,
            order=ForwardOrder("one_key", "departments", "承办单位的事"),
            offered=frozenset(),
        )
        reading = asyncio.create_task(work(pool, policy))
        await somebody_waits_for_a_lock(pool)
    await reading
    assert await items(pool, call_id) == {"departments": ("lead", "waiting")}
    assert await value(pool, "select rule from decisions d join calls c on c.decision_id = d.id") == "person"


async def test_a_returned_call_is_not_sent_there_again_by_machine(pool: Any, policy: Policy) -> None:
    dora = await person(pool, "dora", "department")
    call_id = (await send(pool, "non_police_help")).call_id
    await work(pool, policy)
    transfer = await forward(pool, VAULT, policy, call_id, dora, order=ForwardOrder("one_key"))
    await send_back(pool, VAULT, policy, transfer["id"], dora, reason="不属于本单位职责")
    await send(pool, "non_police_help and more")
    await work(pool, policy)
    assert await items(pool, call_id) == {"operators": ("lead", "waiting")}


async def test_who_pauses_during_a_call_stays_paused_after_it(pool: Any, policy: Policy) -> None:
    lea = await person(pool, "lea", "lawyer")
    await send(pool, "legal_consultation")
    await work(pool, policy)
    taken = await take(pool, policy, "lawyers", lea)
    await set_presence(pool, lea, "paused")
    await complete(pool, VAULT, policy, taken.assignment_id, lea, disposition="已解答")
    assert await value(pool, "select presence from agents where user_id = $1", lea) == "paused"


async def test_a_receipt_does_not_reopen_a_transfer_that_was_taken(pool: Any, policy: Policy) -> None:
    dora = await person(pool, "dora", "department")
    call_id = (await send(pool, "non_police_help")).call_id
    await work(pool, policy)
    transfer = await forward(pool, VAULT, policy, call_id, dora, order=ForwardOrder("ticket"))
    await take(pool, policy, "departments", dora)
    assert (await receive(pool, VAULT, transfer["id"], dora, "CG-1"))["state"] == "taken"


async def test_only_the_forward_that_counts_is_returned(pool: Any, policy: Policy) -> None:
    lea = await person(pool, "lea", "lawyer")
    call_id = (await send(pool, "dispute")).call_id
    await work(pool, policy)
    first = await forward(pool, VAULT, policy, call_id, lea, order=ForwardOrder("one_key", "lawyers", "问法律责任"))
    await take(pool, policy, "lawyers", lea)
    await forward(pool, VAULT, policy, call_id, lea, order=ForwardOrder("one_key", "mediators", "双方愿意调解"))
    with pytest.raises(IllegalTransition):
        await send_back(pool, VAULT, policy, first["id"], lea, reason="太迟了")
    assert await items(pool, call_id) == {"mediators": ("lead", "waiting")}


async def test_an_unsure_call_forwarded_as_proposed_brings_in_the_joint_ones(pool: Any, policy: Policy) -> None:
    anna = await person(pool, "anna", "operator")
    call_id = (await send(pool, "dispute unsure violence_or_control")).call_id
    await work(pool, policy)
    assert await items(pool, call_id) == {"operators": ("lead", "waiting")}
    transfer = await forward(pool, VAULT, policy, call_id, anna, order=ForwardOrder("one_key"))
    joined = {"police_nonemergency": ("lead", "waiting"), "lawyers": ("joint", "waiting")}
    assert await items(pool, call_id) == joined
    await cancel(pool, VAULT, transfer["id"], anna)
    assert await items(pool, call_id) == {"operators": ("lead", "waiting")}
    await forward(pool, VAULT, policy, call_id, anna, order=ForwardOrder("one_key"))
    assert await items(pool, call_id) == joined


async def test_an_undo_leaves_the_alert_of_the_police(pool: Any, policy: Policy) -> None:
    anna = await person(pool, "anna", "operator")
    call_id = (await send(pool, "legal_consultation", live=True, held_by=anna)).call_id
    await work(pool, policy)
    transfer = await forward(pool, VAULT, policy, call_id, anna, order=ForwardOrder("one_key"))
    await send(pool, "legal_consultation 1", live=True)
    await work(pool, policy)
    await cancel(pool, VAULT, transfer["id"], anna)
    assert await items(pool, call_id) == {"police": ("joint", "waiting")}
    assert await value(pool, "select state from calls where id = $1", call_id) == "proposed"


async def test_an_undo_after_the_caller_hung_up_puts_the_call_before_the_operators(pool: Any, policy: Policy) -> None:
    anna = await person(pool, "anna", "operator")
    call_id = (await send(pool, "legal_consultation", live=True, held_by=anna)).call_id
    await work(pool, policy)
    transfer = await forward(pool, VAULT, policy, call_id, anna, order=ForwardOrder("one_key"))
    await send(pool, "legal_consultation", live=False, talk_time_s=30)
    await work(pool, policy)
    await cancel(pool, VAULT, transfer["id"], anna)
    assert await items(pool, call_id) == {"operators": ("lead", "waiting")}
    assert await value(pool, "select state from calls where id = $1", call_id) == "queued"
    assert await value(pool, "select topics from queue_items where call_id = $1", call_id) == []


async def test_a_hang_up_that_changes_nothing_else_is_heard(pool: Any, policy: Policy) -> None:
    anna = await person(pool, "anna", "operator")
    call_id = (await send(pool, "legal_consultation", live=True, held_by=anna)).call_id
    await work(pool, policy)
    assert (await send(pool, "legal_consultation", live=False)).kind == "updated"
    assert (await send(pool, "legal_consultation", live=False)).kind == "duplicate"
    await work(pool, policy)
    assert await items(pool, call_id) == {"lawyers": ("lead", "waiting")}
    async with pool.acquire() as connection:
        row = await connection.fetchrow("select live, held_by, contact, version from calls where id = $1", call_id)
    assert tuple(row) == (False, None, "callback", 1)


async def test_a_reading_that_leads_to_where_a_joint_one_works_moves_nothing(pool: Any, policy: Policy) -> None:
    lea = await person(pool, "lea", "lawyer")
    call_id = (await send(pool, "dispute violence_or_control")).call_id
    await work(pool, policy)
    await take(pool, policy, "lawyers", lea)
    await send(pool, "legal_consultation")
    await work(pool, policy)
    assert await items(pool, call_id) == {"police_nonemergency": ("lead", "waiting"), "lawyers": ("joint", "claimed")}
    assert await value(pool, "select count(*) from triage_jobs") == 0


async def test_danger_in_a_later_version_of_a_record_becomes_a_check(pool: Any, policy: Policy) -> None:
    call_id = (await send(pool, "dispute", intake="backlog")).call_id
    await work(pool, policy)
    await send(pool, "dispute 2", intake="backlog")
    await work(pool, policy)
    assert await value(pool, "select call_id from danger_checks") == call_id
    assert await value(pool, "select count(*) from danger_alarms") == 0
    assert await value(pool, "select count(*) from events where kind = 'danger'") == 0


async def test_the_same_danger_read_again_is_told_once(pool: Any, policy: Policy) -> None:
    await send(pool, "dispute 2", live=True)
    await work(pool, policy)
    await send(pool, "dispute 2 and more", live=True)
    await work(pool, policy)
    assert await value(pool, "select count(*) from events where kind = 'danger'") == 1


async def test_rising_danger_moves_forward_what_waits_at_the_police(pool: Any, policy: Policy) -> None:
    anna = await person(pool, "anna", "operator")
    call_id = (await send(pool, "police_incident", live=True, held_by=anna)).call_id
    await work(pool, policy)
    await forward(pool, VAULT, policy, call_id, anna, order=ForwardOrder("one_key"))
    await send(pool, "police_incident 2", live=True)
    await work(pool, policy)
    assert await items(pool, call_id) == {"police": ("lead", "waiting")}
    assert await value(pool, "select priority from queue_items where call_id = $1", call_id) == 1


async def test_a_call_closed_by_machine_is_heard_when_more_comes(pool: Any, policy: Policy) -> None:
    call_id = (await send(pool, "invalid")).call_id
    await work(pool, policy)
    assert await value(pool, "select state from calls where id = $1", call_id) == "closed"
    await send(pool, "invalid again")
    await work(pool, policy)
    assert await items(pool, call_id) == {}
    await send(pool, "legal_consultation")
    await work(pool, policy)
    assert await items(pool, call_id) == {"lawyers": ("joint", "waiting")}
    await send(pool, "legal_consultation 1")
    await work(pool, policy)
    assert set(await items(pool, call_id)) == {"lawyers", "police"}
    lea = await person(pool, "lea", "lawyer")
    taken = await take(pool, policy, "lawyers", lea)
    await complete(pool, VAULT, policy, taken.assignment_id, lea, disposition="已解答")
    assert (await items(pool, call_id))["lawyers"] == ("joint", "done")


async def test_calls_that_could_not_be_stored_are_due_again_before_their_lease_ends(
    pool: Any, owner_url: str, policy: Policy
) -> None:
    await send(pool, "dispute")
    context = TriageContext(Scripted(), policy, lambda queue, at: 1, VAULT, "test")
    owner = await asyncpg.connect(owner_url)
    await owner.execute("alter table triages add constraint broken check (model <> 'scripted')")
    await owner.close()
    with pytest.raises(Exception, match="broken"):
        await triage_round(pool, context)
    due = await value(pool, "select leased_until from triage_jobs")
    assert (due - datetime.now(UTC)).total_seconds() < 10
