"""Alerts of the audit log: a broken chain, somebody who looks up more than is usual."""

from __future__ import annotations

from dataclasses import replace

from hotline.accounts.store import add_user
from hotline.audit.linking import link_round
from hotline.audit.machine import at_the_machine
from hotline.audit.reasons import read_reason
from hotline.audit.rounds import verify_round
from hotline.audit.store import KnownActor, queries
from hotline.erasure.copying import export_person
from hotline.web.metrics import queries as metric_queries
from tests.audit_logs import CHANGE_ENTRY, CUT_OFF, LIMITS, Log
from tests.service_fixtures import CallMaker, RunningService


async def chain_alerts(log: Log) -> list[tuple[int, int | None]]:
    """Alerts of a broken chain that nobody has looked into: link, person."""
    async with log.pool.acquire() as connection:
        rows = await connection.fetch(
            "select seq, user_id from audit_alerts where kind = 'chain_broken' and acknowledged_at is null"
        )
    return [(row["seq"], row["user_id"]) for row in rows]


async def test_a_broken_chain_is_an_alert_until_somebody_has_looked(log: Log) -> None:
    day_s = 24 * 3600.0
    await log.write(10)
    await log.link()
    assert await verify_round(log.pool, log.key, log.vault, day_s, log.file) is None, "begun today: not due"
    whole = await verify_round(log.pool, log.key, log.vault, 0.0, log.file)
    assert whole is not None
    assert whole.broken is None
    assert await chain_alerts(log) == []
    await log.tamper(CHANGE_ENTRY)
    for _ in range(2):
        found = await verify_round(log.pool, log.key, log.vault, 0.0, log.file)
        assert found is not None
        assert found.broken is not None
        assert await chain_alerts(log) == [(4, None)], "one, however often the chain is walked"
    async with log.pool.acquire() as connection:
        shown = await queries.alerts(connection, limit=10)
        assert [(row["kind"], row["seq"], row["by"]) for row in shown] == [("chain_broken", 4, None)]
        told = await connection.fetchval("select data from events where kind = 'audit_alert'")
        assert told["alert"] == "chain_broken"
        state = await metric_queries.audit_chain(connection)
        assert state["broken"]
        user_id, _ = await add_user(log.pool, "auditor", "auditor", password="a long password")
        assert await queries.acknowledge_alert(connection, alert_id=shown[0]["id"], user_id=user_id)
        assert (await metric_queries.audit_chain(connection))["broken"], "looked into, and broken still"


async def test_an_end_that_is_cut_off_is_an_alert_of_the_linker(log: Log) -> None:
    await log.write(10)
    await log.link()
    await log.tamper(*CUT_OFF)
    await log.write(1)
    assert await log.link() == 1
    assert await chain_alerts(log) == [(9, None)]


async def test_a_bulk_look_up_raises_one_alert_a_window(log: Log) -> None:
    user_id, _ = await add_user(log.pool, "looker", "manager", password="a long password")
    looker = KnownActor(user_id, "manager")
    limits = replace(LIMITS, allowed={**LIMITS.allowed, "calls_viewed": 5})
    await log.write(5, actor=looker)
    assert await log.link(limits) == 0, "as many as are allowed"
    await log.write(5, actor=looker)
    assert await log.link(limits) == 0, "the same calls again"
    await log.write(9, actor=looker)
    assert await log.link(limits) == 1
    await log.write(12, actor=looker)
    assert await log.link(limits) == 0, "told already in this window"
    async with log.pool.acquire() as connection:
        alert = await connection.fetchrow("select id, kind, user_id, counted, allowed from audit_alerts")
        assert tuple(alert)[1:] == ("calls_viewed", user_id, 9, 5)
        told = await connection.fetchrow("select user_id, data from events where kind = 'audit_alert'")
        assert (told["user_id"], told["data"]) == (user_id, {"alert_id": alert["id"], "alert": "calls_viewed"})
        entry = await connection.fetchrow("select subject, detail from audit_entries where action = 'alert_raised'")
    assert entry["subject"] == f"alert:{alert['id']}"
    assert entry["detail"]["counted"] == 9


async def test_bulk_look_ups_by_commands_raise_alerts_by_who_sits_at_the_machine(log: Log) -> None:
    clerk, other = KnownActor(None, "cli:clerk"), KnownActor(None, "cli:other")
    await log.write(2, action="person_exported", actor=clerk)
    await log.write(3, action="person_exported", actor=other)
    await log.write(30, action="person_exported", actor=None)
    assert await log.link() == 0, "as many as are allowed each; the service itself looks nothing up"
    await log.write(4, action="person_exported", actor=clerk)
    await log.write(11, action="export_fetched", actor=clerk)
    assert await log.link() == 2
    await log.write(9, action="person_exported", actor=clerk)
    assert await log.link() == 0, "told already in this window"
    await log.write(5, action="person_exported", actor=other)
    assert await log.link() == 1, "somebody else is somebody else"
    async with log.pool.acquire() as connection:
        shown = {(row["kind"], row["role"], row["counted"]) for row in await queries.alerts(connection, limit=10)}
        entry = await connection.fetchval(
            "select detail from audit_entries where action = 'alert_raised' and detail->>'role' = 'cli:other'"
        )
    assert shown == {
        ("persons_exported", "cli:clerk", 4),
        ("exports_fetched", "cli:clerk", 11),
        ("persons_exported", "cli:other", 5),
    }
    assert (entry["kind"], entry["counted"], entry["allowed"]) == ("persons_exported", 5, 3)
    assert "user_id" not in entry


async def test_exporting_many_persons_by_command_raises_an_alert_that_the_page_shows(
    service: RunningService, call: CallMaker
) -> None:
    limits = replace(LIMITS, allowed={**LIMITS.allowed, "persons_exported": 2})
    numbers = [f"139000000{n:02}" for n in range(3)]
    await service.post_calls(
        *(call("请问社保卡丢了到哪里补办", caller_number=number) for number in (*numbers, numbers[0]))
    )

    async def export(*wanted: str) -> int:
        for number in wanted:
            async with service.pool.acquire() as connection, connection.transaction():
                await export_person(
                    connection, service.services.vault, number, read_reason("来函第九号"), actor=at_the_machine()
                )
        return (await link_round(service.pool, service.services.audit_key, limits)).alerts

    assert await export(numbers[0], numbers[1], numbers[0]) == 0, "the same person again is no other one"
    assert await export(numbers[2]) == 1
    headers = {"Authorization": f"Bearer {await service.token('auditor')}"}
    async with service.session.get(f"{service.address}/audit", headers=headers) as answer:
        page = await answer.text()
    assert "短时间内导出多人的个人资料" in page
    assert f"命令行 {at_the_machine().role[4:]}" in page
