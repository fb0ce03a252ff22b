"""A call's states: the database refuses what cannot follow, whatever is tried in whatever order."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hotline.database import open_pool
from routing.calls.states import STATES, TRANSITIONS, may_follow
from routing.calls.store import change_state

MAKE = """
insert into calls (line, external_id, intake, contact, received_at, transcript, segments, excerpt, content_hash)
values ('110', md5(random()::text), 'live', 'callback', now(), '', '', '', '') returning id
"""
READ = """
insert into triages (call_id, revision, model, route, confidence, review, danger_level, topics, reading)
values ($1, 1, 'test', 'dispute', 0.5, false, 0, '{}', '') returning id
"""


async def test_code_and_database_know_the_same_transitions(pool: Any) -> None:
    async with pool.acquire() as connection:
        rows = await connection.fetch("select from_state, to_state from call_state_transitions")
    assert {(row["from_state"], row["to_state"]) for row in rows} == {
        (before, after) for before, following in TRANSITIONS.items() for after in following
    }


async def test_every_state_can_be_reached_and_left_for_closed() -> None:
    reached, todo = {"received"}, ["received"]
    while todo:
        for following in TRANSITIONS[todo.pop()]:  # type: ignore[index]
            if following not in reached:
                reached.add(following)
                todo.append(following)
    assert reached == set(STATES)
    assert not TRANSITIONS["closed"]


async def test_a_call_begins_received_and_only_the_machine_moves_it(database_url: str) -> None:
    pool = await open_pool(database_url, 1)
    loop = asyncio.get_running_loop()

    async def walk(wanted: list[str]) -> None:
        async with pool.acquire() as connection:
            call_id = await connection.fetchval(MAKE)
            present = "received"
            for state in wanted:
                if state == present or may_follow(present, state):  # type: ignore[arg-type]
                    await change_state(connection, call_id, state, action="test")
                    present = state
                else:
                    with pytest.raises(asyncpg.PostgresError) as refused:
                        await change_state(connection, call_id, state, action="test")
                    assert refused.value.sqlstate == "HL001"
                assert await connection.fetchval("select state from calls where id = $1", call_id) == present

    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.lists(st.sampled_from(sorted(STATES)), max_size=12))
    def machine(wanted: list[str]) -> None:
        asyncio.run_coroutine_threadsafe(walk(wanted), loop).result(30)

    await asyncio.to_thread(machine)
    await pool.close()


@pytest.mark.parametrize(
    ("state", "read", "fits"), [("queued", True, True), ("queued", False, False), ("claimed", True, False)]
)
async def test_only_a_first_reading_brings_what_follows_triaged_in_one_update(
    pool: Any, state: str, read: bool, fits: bool
) -> None:
    async with pool.acquire() as connection:
        call_id = await connection.fetchval(MAKE)
        triage_id = await connection.fetchval(READ, call_id) if read else None
        changing = connection.execute(
            "update calls set state = $2, triage_id = $3 where id = $1", call_id, state, triage_id
        )
        if fits:
            await changing
        else:
            with pytest.raises(asyncpg.PostgresError) as refused:
                await changing
            assert refused.value.sqlstate == "HL001"
        found = await connection.fetchval("select state from calls where id = $1", call_id)
        assert found == (state if fits else "received")


async def test_what_the_line_says_is_never_a_state(owner_url: str) -> None:
    connection = await asyncpg.connect(owner_url)
    call_id = await connection.fetchval(MAKE)
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("alter table calls disable trigger call_state; update calls set state = 'lost'")
    assert await connection.fetchval("select state from calls where id = $1", call_id) == "received"
    await connection.close()
