"""Every table that belongs to a call is followed by itself, whoever writes it: no other change helps."""

from __future__ import annotations

from typing import Any

import pytest

from routing.statistics.store import verify
from tests.integration.test_claims import add_agents

CALL = """
insert into calls (line, external_id, intake, contact, received_at, transcript, segments, excerpt, content_hash)
values ('110', 'A', 'live', 'callback', now(), '', '', '', '') returning id
"""
#: Each alone in its transaction; $1 is the call, $2 a person. Every one of them changes what the call counts as.
STEPS = (
    "update calls set region = '东城区' where id = $1 and $2 > 0",
    "update calls set satisfaction = 5 where id = $1 and $2 > 0",
    "update calls set received_at = received_at - interval '1 day' where id = $1 and $2 > 0",
    "with r as (insert into triages"
    " (call_id, revision, model, route, confidence, review, danger_level, topics, reading) values ($1, 1, 'm',"
    " 'dispute', 0.9, false, 0, '{debt}', '') returning id)"
    " update calls set triage_id = (select id from r) where id = $1 and $2 > 0",
    "update triages set topics = '{labour}' where call_id = $1 and $2 > 0",
    "update triages set danger_level = 2 where call_id = $1 and $2 > 0",
    "with d as (insert into decisions (call_id, destination, queue, target_queue, mode, priority, rule, policy_version,"
    " body, outcome) values ($1, 'police', 'police', 'police', 'auto', 5, 'r', 'v', '', 'route') returning id)"
    " update calls set decision_id = (select id from d) where id = $1 and $2 > 0",
    "update decisions set destination = 'lawyers' where call_id = $1 and $2 > 0",
    "insert into queue_items (call_id, queue, priority, deadline, state, ended_at)"
    " select $1, 'lawyers', 5, now() + interval '1 h', 'done', now() where $2 > 0",
    "update queue_items set ended_at = now() + interval '2 h' where call_id = $1 and $2 > 0",
    "insert into assignments (queue_item_id, call_id, user_id, queue, role, enqueued_at, entered_at, counted,"
    " claimed_at, lease_expires_at) select id, call_id, $2, queue, role, now(), now(), true, now(), now() from"
    " queue_items"
    " where call_id = $1",
    "update assignments set claimed_at = claimed_at + interval '100 s' where call_id = $1 and $2 > 0",
    "update assignments set limit_s = 500 where call_id = $1 and $2 > 0",
    "update assignments set outcome = 'completed' where call_id = $1 and $2 > 0",
    "insert into transfers (call_id, by_user, destination, queue, mode, requested_mode)"
    " values ($1, $2, 'lawyers', 'lawyers', 'manual', 'manual')",
    "update transfers set overruled = true where call_id = $1 and $2 > 0",
    "update transfers set state = 'returned' where call_id = $1 and $2 > 0",
    "update transfers set state = 'cancelled' where call_id = $1 and $2 > 0",
    "update queue_items set live = true, state = 'waiting', entered_at = now() where call_id = $1 and $2 > 0",
    "update queue_items set live = false where call_id = $1 and $2 > 0",
    "with e as (insert into cases (call_id, code) values ($1, 'C1') returning id)"
    " insert into undertakings (case_id, call_id, queue_item_id, assignment_id, queue, desk, role, state,"
    " dispatched_at, due_at, appraisal, appraised_at) select e.id, $1, i.id, s.id, i.queue, 'departments', 'lead',"
    " 'appraised', now(), now(), 'satisfied', now() from e, queue_items i join assignments s on s.queue_item_id = i.id"
    " where i.call_id = $1 and $2 > 0",
    "update undertakings set appraisal = 'unsatisfied' where call_id = $1 and $2 > 0",
    "update undertakings set appraisal = 'unreached' where call_id = $1 and $2 > 0",
    "update undertakings set appraisal = 'satisfied' where call_id = $1 and $2 > 0",
    "delete from undertakings where call_id = $1 and $2 > 0",
    "delete from assignments where call_id = $1 and $2 > 0",
    "insert into direct_answers (call_id, user_id, answer) values ($1, $2, '')",
    "delete from direct_answers where call_id = $1 and $2 > 0",
    "delete from queue_items where call_id = $1 and $2 > 0",
    "insert into queue_items (call_id, queue, priority) select $1, 'mediators', 5 where $2 > 0",
    "update queue_items set queue = 'police' where state = 'waiting' and call_id = $1 and $2 > 0",
    "update queue_items set state = 'cancelled' where queue = 'police' and call_id = $1 and $2 > 0",
    "insert into danger_alarms (call_id, level) select $1, 2 where $2 > 0",
    "update danger_alarms set acknowledged_at = raised_at + interval '30 s' where call_id = $1 and $2 > 0",
    "delete from danger_alarms where call_id = $1 and $2 > 0",
    "update queue_items set state = 'waiting' where queue = 'police' and call_id = $1 and $2 > 0",
    "delete from queue_items where queue = 'police' and call_id = $1 and $2 > 0",
    "delete from decisions where call_id = $1 and $2 > 0",
    "delete from triages where call_id = $1 and $2 > 0",
)
LAST = (
    "delete from cases where call_id = $1 and $2 > 0",
    "delete from transfers where call_id = $1 and $2 > 0",
    "delete from calls where id = $1 and $2 > 0",
)


async def test_every_table_is_followed_by_itself(pool: Any) -> None:
    async with pool.acquire() as connection:
        (user_id,) = await add_agents(connection, 1)
        call_id = await connection.fetchval(CALL)
        for step in STEPS:
            before = await connection.fetchval("select coalesce(max(id), 0) from statistics_deltas")
            await connection.execute(step, call_id, user_id)
            assert await connection.fetchval("select max(id) from statistics_deltas") > before, step
            assert await verify(connection) == [], step
        for step in LAST:
            await connection.execute(step, call_id, user_id)
            assert await verify(connection) == [], step
        assert await connection.fetchval("select sum(n) from statistics_deltas") == 0
        assert await connection.fetchval("select count(*) from call_figures") == 0


@pytest.mark.parametrize("kept", [True, False])
async def test_figures_go_with_their_transaction(pool: Any, kept: bool) -> None:
    async with pool.acquire() as connection:
        change = connection.transaction()
        await change.start()
        await connection.execute(CALL)
        await (change.commit() if kept else change.rollback())
        assert await connection.fetchval("select coalesce(sum(n), 0) from statistics_deltas") == int(kept)
        assert await connection.fetchval("select count(*) from statistics_touched") == 0
