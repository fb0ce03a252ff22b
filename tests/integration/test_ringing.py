"""What rings at one person: sent on, taken back, refused, and offered by nobody else meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from routing.errors import HeldByOther, TransferTaken
from routing.offers.service import end_unanswered_offers, offer_live_calls, refuse_offer
from routing.policy.loading import read_policy
from routing.policy.settings import Policy
from routing.queues.service import claim, set_presence
from routing.transfers.service import ForwardOrder, cancel, forward, send_back
from tests.integration.test_review import VAULT, items, person, send, take, value, work


@pytest.fixture(scope="module")
def policy() -> Policy:
    return read_policy()


async def ringing(pool: Any, policy: Policy, user_id: int) -> tuple[int, int]:
    """A live call forwarded to the lawyers that rings at one of them; call and transfer."""
    anna = await person(pool, "anna", "operator")
    call_id = (await send(pool, "legal_consultation", live=True, held_by=anna)).call_id
    await work(pool, policy)
    transfer = await forward(pool, VAULT, policy, call_id, anna, order=ForwardOrder("one_key"))
    await set_presence(pool, user_id, "available")
    assert await offer_live_calls(pool, policy, policy.queue("lawyers")) == 1
    return call_id, transfer["id"]


async def test_who_forwards_what_rings_is_free_again(pool: Any, policy: Policy) -> None:
    lea = await person(pool, "lea", "lawyer")
    call_id, _ = await ringing(pool, policy, lea)
    await forward(pool, VAULT, policy, call_id, lea, order=ForwardOrder("one_key", "mediators", "双方愿意调解"))
    assert await value(pool, "select presence from agents where user_id = $1", lea) == "available"


async def test_a_forward_is_taken_back_while_it_rings(pool: Any, policy: Policy) -> None:
    lea = await person(pool, "lea", "lawyer")
    call_id, transfer_id = await ringing(pool, policy, lea)
    anna = await value(pool, "select id from users where name = 'anna'")
    made = await cancel(pool, VAULT, transfer_id, anna)
    assert made["state"] == "cancelled"
    assert await value(pool, "select state from calls where id = $1", call_id) == "proposed"
    assert await value(pool, "select presence from agents where user_id = $1", lea) == "available"
    left = await claim(pool, policy, "lawyers", lea, on_roster=lambda *_: True)
    assert left is None, "nothing of it stays in the queue"


async def test_a_forward_that_was_claimed_is_not_taken_back(pool: Any, policy: Policy) -> None:
    lea = await person(pool, "lea", "lawyer")
    call_id, transfer_id = await ringing(pool, policy, lea)
    anna = await value(pool, "select id from users where name = 'anna'")
    assert (await take(pool, policy, "lawyers", lea)).call_id == call_id
    with pytest.raises(TransferTaken):
        await cancel(pool, VAULT, transfer_id, anna)


async def test_what_rings_at_one_person_is_not_returned_by_another(pool: Any, policy: Policy) -> None:
    lea, max_ = await person(pool, "lea", "lawyer"), await person(pool, "max", "lawyer")
    call_id, transfer_id = await ringing(pool, policy, lea)
    with pytest.raises(HeldByOther):
        await send_back(pool, VAULT, policy, transfer_id, max_, reason="不是法律问题")
    await send_back(pool, VAULT, policy, transfer_id, lea, reason="不是法律问题")
    assert await items(pool, call_id) == {"operators": ("lead", "waiting")}
    assert await value(pool, "select presence from agents where user_id = $1", lea) == "available"


async def test_a_refusal_ends_the_row_of_missed_rings(pool: Any, policy: Policy) -> None:
    lea = await person(pool, "lea", "lawyer")
    await ringing(pool, policy, lea)
    await value(pool, "update agents set no_answers = 2 where user_id = $1", lea)
    assert await refuse_offer(pool, policy, "lawyers", lea)
    assert await value(pool, "select no_answers from agents where user_id = $1", lea) == 0


async def test_a_round_that_offers_nothing_hides_no_call_from_a_claim(pool: Any, policy: Policy) -> None:
    lea = await person(pool, "lea", "lawyer")
    call_id, _ = await ringing(pool, policy, lea)
    await set_presence(pool, lea, "offline")
    await value(pool, "update queue_items set offer_expires_at = now() - interval '1 second'")
    await end_unanswered_offers(pool, policy)
    async with pool.acquire() as connection, connection.transaction():
        # the round of another worker stands still in the middle of its transaction
        await offer_live_calls(_One(connection), policy, policy.queue("lawyers"))
        assert (await take(pool, policy, "lawyers", lea)).call_id == call_id


class _One:
    """A pool of one connection, whose transaction stays open."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def acquire(self) -> _One:
        return self

    async def __aenter__(self) -> Any:
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        return None
