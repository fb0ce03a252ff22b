"""The demo: filled by the real services, whole, in order of time, done once, and written by ourselves."""

from __future__ import annotations

import asyncio
import json
import secrets
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from config.files import ConfigFiles
from config.settings import Settings, load_settings
from hotline.accounts.errors import LoginRefused
from hotline.accounts.login import log_in
from hotline.accounts.sessions import by_session
from hotline.accounts.store import add_user
from hotline.database import open_pool
from hotline.demo.drawing import PREFIX, texts
from hotline.demo.fill import DemoLogin, fill_demo
from hotline.demo.people import add_people
from hotline.demo.places import load_city
from hotline.demo.store import queries
from hotline.embedded.servers import ServerUrls
from routing.policy.facts import LOCAL_ZONE
from routing.policy.loading import read_policy
from routing.rosters.store import load_duty_book
from routing.statistics.indicators import load_indicators
from routing.statistics.store import indicator_figures, routing_statistics
from tests.databases import drop_database
from tests.service_fixtures import some_vault, with_database

ROUTES = {"police_incident", "legal_consultation", "dispute", "non_police_help", "invalid"}
LASTING_STATES = {"proposed", "queued", "claimed", "completed", "closed"}
VAULT = some_vault()
FILES = ("12345", "110", "12348", "now")
#: Every key a text may have; ``plain`` and ``traditional`` only say what it is an example of.
KNOWN = {
    *("line", "route", "topic", "danger", "title", "text", "turns", "kind", "confidential", "once", "talk_time_s"),
    *("plain", "traditional", "to", "minutes", "live", "held", "alarm", "region", "caller", "number"),
}


@dataclass(frozen=True)
class Filled:
    """A database with the demo in it."""

    url: str
    settings: Settings
    logins: list[DemoLogin]


@pytest.fixture(scope="module")
def filled(postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """The demo, filled once for the tests that only look."""
    name = f"demo_{secrets.token_hex(4)}"
    url = with_database(postgres_url, name)
    state = tmp_path_factory.mktemp("demo") / "state"
    settings = replace(load_settings({"HOTLINE_STATE_DIR": str(state)}), port=0)

    async def make() -> list[DemoLogin]:
        admin = await asyncpg.connect(postgres_url)
        await admin.execute(f"create database {name} template {template_database}")
        await admin.close()
        return await fill_demo(settings, ServerUrls(url, ""), VAULT)

    yield Filled(url, settings, asyncio.run(make()))

    async def drop() -> None:
        admin = await asyncpg.connect(postgres_url)
        await drop_database(admin, name)
        await admin.close()

    asyncio.run(drop())


@pytest.fixture
async def demo(filled: Filled) -> AsyncIterator[Any]:
    """A connection to the filled database."""
    opened = await open_pool(filled.url, 1)
    async with opened.acquire() as connection:
        yield connection
    await opened.close()


async def counts(connection: Any, sql: str) -> dict[Any, int]:
    """A count by one column."""
    return {row[0]: row[1] for row in await connection.fetch(sql)}


async def check_whole(connection: Any) -> None:
    """Everything read, states and items agree, and every time lies in order and in the past."""
    assert await connection.fetchval("select count(*) from triage_jobs") == 0
    assert await connection.fetchval("select count(*) from events") == 0
    states = set(await counts(connection, "select state, count(*) from calls group by 1"))
    # what was completed a day before the real present is closed, whatever moment the demo ends at
    assert LASTING_STATES - {"completed"} <= states <= LASTING_STATES
    disagreeing = await connection.fetch(
        """
        select c.id, c.state, i.state as item from calls c left join queue_items i
            on i.call_id = c.id and i.role = 'lead' and i.state in ('waiting', 'offered', 'claimed')
        where case c.state when 'queued' then i.state is distinct from 'waiting'
                           when 'claimed' then i.state is distinct from 'claimed'
                           else i.state is not null end
        """
    )
    assert disagreeing == []
    assert (
        await connection.fetchval(
            """
        select count(*) from queue_items i where (i.state = 'claimed') is distinct from
            (exists (select from assignments s where s.queue_item_id = i.id and s.ended_at is null)
             or exists (select from undertakings k where k.queue_item_id = i.id
                        and k.state in ('handling', 'objected') and k.appraised_at is null))
        """
        )
        == 0
    )
    out_of_order = await connection.fetch(
        """
        select id, 'call' as what from calls where stored_at < received_at or state_changed_at < stored_at
                                                or state_changed_at > now()
        union all select id, 'item' from queue_items
            where claimed_at < enqueued_at or ended_at < claimed_at or entered_at > now() or entered_at < enqueued_at
        union all select id, 'assignment' from assignments where ended_at < claimed_at or claimed_at > now()
        union all select id, 'transfer' from transfers
            where ended_at < created_at or receipt_at < created_at or receipt_due_at < receipt_at
        union all select id, 'log' from (select id, at, lag(at) over (partition by call_id order by id) as before
                                         from call_log) l where at < before or at > now()
        """
    )
    assert out_of_order == []
    after_the_end = await connection.fetch(
        """
        select c.id, x.what from calls c join (
            select call_id, 'log' as what, at from call_log where state is not null
            union all select call_id, 'triage', created_at from triages
            union all select call_id, 'decision', created_at from decisions
            union all select call_id, 'superseded', superseded_at from decisions
            union all select call_id, 'item', coalesce(ended_at, claimed_at, entered_at) from queue_items
                where role = 'lead'
            union all select call_id, 'transfer', coalesce(ended_at, created_at) from transfers
            union all select call_id, 'answer', at from direct_answers
            union all select call_id, 'version', stored_at from call_versions
            union all select call_id, 'alarm', raised_at from danger_alarms
            union all select call_id, 'asked', answered_at from danger_answers
            union all select call_id, 'check', created_at from danger_checks
            union all select call_id, 'sample', created_at from quality_samples
        ) x on x.call_id = c.id
        where c.state in ('completed', 'closed') and x.at > c.state_changed_at
        """
    )
    assert after_the_end == []
    claimed_otherwise = await connection.fetch(
        """
        select i.id from queue_items i where i.claimed_at is not null
            and i.claimed_at is distinct from (select max(s.claimed_at) from assignments s where s.queue_item_id = i.id)
        """
    )
    assert claimed_otherwise == []


async def test_calls_of_every_line_class_and_state_are_whole(demo: Any) -> None:
    await check_whole(demo)
    assert await demo.fetchval("select count(*) from calls where state = 'completed'") > 0
    lines = await counts(demo, "select line, count(*) from calls group by 1")
    assert set(lines) == {"12345", "110", "12348"}
    assert min(lines.values()) > 100
    assert set(await counts(demo, "select route, count(*) from triages group by 1")) == ROUTES
    assert set(await counts(demo, "select intake, count(*) from calls group by 1")) == {"live", "backlog", "history"}
    assert await demo.fetchval("select count(*) from calls where confidential") > 0
    assert await demo.fetchval("select count(*) from calls where caller_hash is null") > 0
    rang = await demo.fetchrow(
        """
        select count(*) filter (where after = 'claimed') as answered,
               count(*) filter (where after <> 'claimed') as other, count(distinct user_id) as people
        from (select action, user_id, lead(action) over (partition by call_id order by id) as after from call_log) l
        where action = 'offered'
        """
    )
    assert (rang["answered"] > 20, rang["other"], rang["people"] > 3) == (True, 0, True), "live calls ring first"
    several_lines = (
        "select caller_hash from calls group by 1 having count(distinct line) > 1 and caller_hash is not null"
    )
    assert await demo.fetch(several_lines)


async def test_the_present_has_something_to_do_at_every_desk(demo: Any) -> None:
    waiting = await counts(demo, "select queue, count(*) from queue_items where state = 'waiting' group by 1")
    assert len(waiting) >= 3
    assert sum(waiting.values()) >= 10
    live = await demo.fetch(
        "select u.name from calls c left join users u on u.id = c.held_by where c.live and c.state = 'proposed'"
    )
    assert Counter(row["name"] for row in live) == {"operator": 5, "operator2": 1, None: 2}
    alarms = await demo.fetch(
        "select c.live from danger_alarms a join calls c on c.id = a.call_id where a.acknowledged_at is null"
    )
    assert [row["live"] for row in alarms] == [True]
    in_hand = "select lease_expires_at > now() + interval '1 hour' from assignments where ended_at is null"
    assert [row[0] for row in await demo.fetch(in_hand)].count(True) >= 4


async def test_the_past_gives_waits_and_an_overruled_share(demo: Any) -> None:
    now = datetime.now(UTC)
    (bucket,) = await routing_statistics(demo, now - timedelta(days=40), now, [])
    assert bucket["count"] == await demo.fetchval("select count(*) from calls where connected is distinct from false")
    assert bucket["wait_p50_s"] > 0
    assert bucket["wait_p90_s"] > bucket["wait_p50_s"]
    assert 0 < bucket["overruled_share"] < 0.5
    assert 0 < bucket["service_level"] < 1
    days = await routing_statistics(demo, now - timedelta(days=40), now, ["day"])
    assert len(days) >= 25
    hours = {
        b["keys"]["hour"]: b["count"]
        for b in await routing_statistics(demo, now - timedelta(days=40), now - timedelta(hours=2), ["hour", "line"])
        if b["keys"]["line"] == "12345"
    }
    assert sum(hours.get(hour, 0) for hour in (9, 10, 14, 15)) > 3 * sum(hours.get(hour, 0) for hour in range(6))
    outcomes = await counts(demo, "select outcome, count(*) from assignments where ended_at is not null group by 1")
    assert set(outcomes) == {"completed", "released", "forwarded", "accepted", "promised"}
    cases = await counts(demo, "select state, count(*) from undertakings group by 1")
    assert set(cases) == {"handling", "objected", "fed_back", "appraised", "handed_on"}, "cases in every state"
    assert await demo.fetchval("select count(*) from direct_answers") > 10
    assert {"taken", "cancelled", "returned"} <= set(
        await counts(demo, "select state, count(*) from transfers group by 1")
    )


async def test_two_lines_tell_how_calls_rang(demo: Any) -> None:
    now = datetime.now(UTC)
    for indicator, found in await indicator_figures(demo, load_indicators(), now - timedelta(days=40), now, ("line",)):
        if indicator.code.startswith("connection_rate"):
            told = {figure.keys["line"]: figure.value for figure in found}
            assert told.pop("110") is None
            assert set(told) == {"12345", "12348"}
            assert all(0.7 < value < 1 for value in told.values() if value is not None), told
            assert None not in told.values()


async def test_people_serve_every_queue_and_two_lawyers_stay_at_night(demo: Any) -> None:
    policy = read_policy(ConfigFiles())
    book = await load_duty_book(demo)
    today = datetime.now(LOCAL_ZONE).replace(minute=0, second=0, microsecond=0)
    tuesday = today - timedelta(days=today.weekday() - 1)
    tiers = await demo.fetch("select queue, level from tiers")
    for queue in policy.queues:
        assert [row for row in tiers if row["queue"] == queue]
        assert book.people(queue, tuesday.replace(hour=10)), queue
    assert {row["level"] for row in tiers if row["queue"] == "lawyers"} == {1, 2}
    assert len(book.people("lawyers", tuesday.replace(hour=2))) == 2
    shares = await counts(
        demo, "select u.role, count(distinct s.user_id) from assignments s join users u on u.id = s.user_id group by 1"
    )
    assert shares["lawyer"] >= 5
    assert shares["mediator"] == 4


async def test_the_printed_log_ins_open_a_session_and_colleagues_have_none(filled: Filled) -> None:
    roles = {"operator", "lawyer", "mediator", "police", "department", "manager", "admin", "security", "auditor"}
    assert roles <= {login.name for login in filled.logins}
    opened = await open_pool(filled.url, 2)
    try:
        login = filled.logins[0]
        principal = await by_session(opened, (await log_in(opened, login.name, login.password, "::1")).cookie)
        assert principal is not None
        assert (principal.role, principal.due) == ("operator", None), "a demo log-in opens everything at once"
        with pytest.raises(LoginRefused):
            await log_in(opened, "operator3", login.password, "::1")
    finally:
        await opened.close()


async def test_filling_again_changes_nothing(filled: Filled, demo: Any) -> None:
    sql = "select (select count(*) from users), (select count(*) from calls), (select max(id) from call_log)"
    before = await demo.fetchrow(sql)
    assert await fill_demo(filled.settings, ServerUrls(filled.url, ""), VAULT) == []
    assert await demo.fetchrow(sql) == before


async def test_a_filling_cut_short_at_night_is_cleared_and_done_again(
    pool: Any, owner_url: str, settings: Settings
) -> None:
    async with pool.acquire() as connection:
        await queries.mark(connection, action="demo_begun")
    ids, _ = await add_people(pool, load_city())
    async with pool.acquire() as connection:
        await connection.execute("update users set display_name = 'left over' where id = $1", ids["operator"])
    night = datetime.now(LOCAL_ZONE).replace(hour=3, minute=10) - timedelta(days=1)
    logins = await fill_demo(settings, ServerUrls(owner_url, ""), VAULT, now=night.astimezone(UTC))
    assert logins
    async with pool.acquire() as connection:
        await check_whole(connection)
        waiting = await counts(connection, "select queue, count(*) from queue_items where state = 'waiting' group by 1")
        assert len(waiting) >= 3
        assert sum(waiting.values()) >= 10
        assert await connection.fetchval("select count(*) from users where display_name = 'left over'") == 0
        assert await connection.fetchval("select count(*) from users") == len(ids)


async def test_a_filling_cut_short_beside_work_of_others_is_left_alone(
    pool: Any, owner_url: str, settings: Settings
) -> None:
    async with pool.acquire() as connection:
        await queries.mark(connection, action="demo_begun")
    await add_user(pool, "zhang", "admin", password="a long password")
    assert await fill_demo(settings, ServerUrls(owner_url, ""), VAULT) == []
    async with pool.acquire() as connection:
        assert [row["name"] for row in await connection.fetch("select name from users")] == ["zhang"]
        assert await connection.fetchval("select count(*) from calls") == 0


async def test_a_database_with_users_is_left_alone(pool: Any, owner_url: str, settings: Settings) -> None:
    await add_user(pool, "zhang", "admin", password="a long password")
    assert await fill_demo(settings, ServerUrls(owner_url, ""), VAULT) == []
    async with pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from users") == 1


def spoken(row: dict[str, Any]) -> list[str]:
    """Every stretch of text of one row of the demo's files."""
    return [row.get("title", ""), row.get("text", ""), *(said for _, said in row.get("turns", []))]


def test_the_texts_cover_every_topic_and_class() -> None:
    rows = [row for name in FILES for row in texts(name)]
    assert len({"".join(spoken(row)) for row in rows}) >= 140
    assert {row["route"] for row in rows} == ROUTES
    assert {row["topic"] for row in rows} == set(tomllib.loads(ConfigFiles().read("taxonomy.toml"))["topics"])
    assert sum(row.get("danger", 0) == 2 for row in rows) >= 3
    assert all(set(row) <= KNOWN for row in rows)


@pytest.mark.shared
def test_no_text_comes_from_the_shared_labels(shared_dir: Path) -> None:
    run = 24
    labelled = "\n".join(
        json.loads(line).get("text", "")
        for file in sorted((shared_dir / "labels").glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
        if line
    )
    known = {labelled[i : i + run] for i in range(len(labelled) - run + 1)}
    assert known
    for name in FILES:
        for row in texts(name):
            for said in spoken(row):
                shared = [said[i : i + run] for i in range(len(said) - run + 1) if said[i : i + run] in known]
                assert shared == []


async def test_every_demo_call_can_be_told_by_its_number(demo: Any) -> None:
    assert await demo.fetchval("select count(*) from calls where not starts_with(external_id, $1)", PREFIX) == 0
