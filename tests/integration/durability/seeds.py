"""Rows for every table that a version of the schema knows, and what stands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

#: Made and kept by triggers, or what a version itself brings; counted anew by the way.
MADE_BY_ITSELF = re.compile(
    r"alembic_version|call_figures|statistics_(?!views).*|(call_state|undertaking)_transitions|review_marks|audit_chain"
    r"|sealing_state|queue_limits"
)


@dataclass(frozen=True)
class Seeded:
    """Ids of what the other rows are about, and when."""

    operator: int
    lawyer: int
    done: int
    """A call in the lawyers' hands."""
    live: int
    """A live call, proposed."""
    item: int
    assignment: int
    triage: int
    at: datetime


async def columns_of(connection: Any, table: str) -> dict[str, str]:
    found = await connection.fetch(
        "select column_name, udt_name from information_schema.columns "
        "where table_name = $1 and table_schema = 'public'",
        table,
    )
    return {row["column_name"]: row["udt_name"] for row in found}


async def insert(connection: Any, table: str, **fields: Any) -> Any:
    """One row, as far as the version knows its table and columns; None where it does not.

    Text for a column that is sealed by now goes in marked as clear, as 0002 leaves it.
    """
    types = await columns_of(connection, table)
    if not types:
        return None
    known = {name: value for name, value in fields.items() if name in types}
    values = {
        name: b"\x01\x00\x00" + str(value).encode() if types[name] == "bytea" and isinstance(value, str) else value
        for name, value in known.items()
    }
    places = ", ".join(
        f"${n}::text::{types[name]}" if types[name] == "jsonb" else f"${n}" for n, name in enumerate(values, start=1)
    )
    back = " returning id" if "id" in types else ""
    return await connection.fetchval(
        f"insert into {table} ({', '.join(values)}) values ({places}){back}",  # noqa: S608 - names of our own tables
        *values.values(),
    )


async def fill(connection: Any) -> Seeded:
    """Rows of every kind that the version knows."""
    operator = await insert(connection, "users", name="old-operator", display_name="话务甲", role="operator")
    lawyer = await insert(connection, "users", name="old-lawyer", display_name="律师乙", role="lawyer")
    await connection.execute("insert into agents (user_id, presence) values ($1, 'on_call')", lawyer)
    call_ids = {}
    for number, (state, live) in enumerate((("received", False), ("received", True), ("received", False))):
        call_ids[number] = await insert(
            connection,
            "calls",
            line="12345",
            external_id=f"old-{number}",
            intake="live",
            contact="callback",
            live=live,
            state=state,
            received_at=await connection.fetchval("select now() - interval '1 day'"),
            transcript=f"旧版本里的第{number}通来电",
            excerpt=f"旧版本里的第{number}通来电",
            segments="[]",
            content_hash=bytes([number]) * 32,
        )
        await insert(
            connection,
            "call_versions",
            call_id=call_ids[number],
            version=1,
            content_hash=bytes([number]) * 32,
            payload="{}",
        )
        await connection.execute(
            "insert into call_log (call_id, state, action) values ($1, $2, $2)", call_ids[number], state
        )
        await connection.execute("insert into events (kind, call_id) values ('call_received', $1)", call_ids[number])
    done, live_call, poison = call_ids.values()
    readings = []
    for call_id in (done, live_call):
        triage = await insert(
            connection,
            "triages",
            call_id=call_id,
            revision=1,
            model="old",
            route="dispute",
            confidence=0.9,
            review=False,
            danger_level=0,
            topics=["labour"],
            reading="{}",
        )
        readings.append(triage)
        decision = await insert(
            connection,
            "decisions",
            call_id=call_id,
            triage_id=triage,
            destination="lawyers",
            queue="lawyers",
            target_queue="lawyers",
            mode="propose",
            priority=3,
            rule="old",
            policy_version="old",
            outcome="route",
            body='{"outcome": "route"}',
        )
        await connection.execute(
            "update calls set state = 'triaged', triage_id = $2, decision_id = $3 where id = $1",
            call_id,
            triage,
            decision,
        )
    await connection.execute("update calls set state = 'proposed', held_by = $2 where id = $1", live_call, operator)
    for state in ("queued", "claimed"):
        await connection.execute("update calls set state = $2 where id = $1", done, state)
    item = await insert(connection, "queue_items", call_id=done, queue="lawyers", state="claimed", priority=3)
    now = await connection.fetchval("select now()")
    assignment = await insert(
        connection,
        "assignments",
        queue_item_id=item,
        call_id=done,
        user_id=lawyer,
        queue="lawyers",
        role="lead",
        enqueued_at=now,
        entered_at=now,
        counted=True,
        lease_expires_at=now,
        notes="已说明办理步骤",
    )
    await insert(
        connection,
        "transfers",
        call_id=done,
        by_user=operator,
        destination="lawyers",
        queue="lawyers",
        mode="one_key",
        requested_mode="one_key",
        reason="来电人要求",
    )
    await insert(connection, "triage_jobs", call_id=poison, revision=1, lane=0, attempts=3, set_aside_at=now)
    await connection.execute("insert into danger_alarms (call_id, level) values ($1, 2)", live_call)
    await connection.execute("insert into workers (name, model) values ('old', 'old')")
    # what later versions change as well
    await insert(connection, "direct_answers", call_id=done, user_id=operator, answer="窗口周末不办公")
    await insert(connection, "caller_choices", call_id=done, choice="message", message="晚上再说")
    await insert(connection, "published", kind="policy", name="policy", version="old", body="[queues]")
    await insert(connection, "grids", code="甲", name="甲区", level="district")
    if await columns_of(connection, "audit_alerts"):
        await insert(connection, "audit_alerts", kind="searches", user_id=lawyer, counted=9, allowed=5)
    seeded = Seeded(operator, lawyer, done, live_call, item, assignment, readings[0], now)
    await duty_and_administration(connection, seeded)
    await work_of_desks(connection, seeded)
    await handed_over_and_looked_at(connection, seeded)
    return seeded


async def duty_and_administration(connection: Any, seeded: Seeded) -> None:
    """Rosters, danger, accounts, what was published, promoted and exported."""
    now, later, operator, done = seeded.at, seeded.at + timedelta(hours=8), seeded.operator, seeded.done
    shift = {"queue": "lawyers", "user_id": seeded.lawyer, "starts_at": now, "ends_at": later}
    await insert(connection, "rotations", queue="lawyers", name="旧轮值", body="{}")
    await insert(connection, "shifts", **shift)
    await insert(connection, "shift_overrides", kind="remove", **shift)
    await insert(connection, "calendar_days", day=now.date(), workday=False, note="台风停工")
    await insert(connection, "tiers", queue="lawyers", user_id=seeded.lawyer, level=2)
    await insert(connection, "roster_weeks", monday=now.date(), changed_by=operator)
    await insert(connection, "danger_checks", call_id=done, checked_by=operator, checked_at=now, outcome="已核实")
    await insert(connection, "quality_samples", call_id=seeded.done, reason="closed_by_machine")
    await insert(
        connection, "danger_answers", call_id=seeded.live, question="where", answer="桥下", answered_by=operator
    )
    await insert(connection, "leader_joins", call_id=seeded.live, asked_by=operator, asked_at=now)
    await insert(connection, "closing_releases", call_id=seeded.live, released_by=operator, reason="家人已到场")
    await insert(connection, "api_tokens", user_id=operator, role="operator", token_hash=b"t" * 32)
    await insert(connection, "second_factors", user_id=operator, secret="旧密钥", confirmed_at=now)
    await insert(connection, "recovery_codes", user_id=operator, code_hash=b"r" * 32)
    await insert(connection, "login_failures", subject="name:old-operator")
    await insert(connection, "lock_outs", subject="name:nobody", locked_until=later)
    answer = {"principal": "user:1", "route": "POST /api/v1/calls", "key": "old", "body_hash": b"b" * 32, "status": 202}
    await insert(connection, "idempotency_keys", response="{}", **answer)
    await insert(
        connection,
        "provider_logins",
        state_hash=b"s" * 32,
        browser_hash=b"c" * 32,
        nonce="n",
        verifier="v",
        target="/",
        expires_at=later,
    )
    await insert(connection, "journal", action="roster_changed", subject="shift:1", detail='{"n": 1}')
    await insert(connection, "call_tokens", call_id=done, received_at=now, tokens=[1, 2])
    await insert(connection, "call_concerns", call_id=done, org_id=1)
    await insert(connection, "audit_shipping", receiver="udp:archive", seq=0)
    await insert(connection, "old_passwords", user_id=operator, password_hash="$argon2id$old")
    await insert(connection, "audit_entries", action="call_viewed", subject=f"call:{seeded.done}", user_id=operator)
    await insert(connection, "audit_notes", entry_id=1, note="核对身份")
    await insert(connection, "legal_holds", call_id=seeded.done, reason="法院调卷")
    await insert(connection, "models", name="old-model")
    await insert(
        connection, "trials", kind="policy", started_by=operator, wanted=100, state="done", body="旧草稿", result="[]"
    )
    await insert(connection, "export_jobs", what="calls", form="csv", asked="{}", state="asked", asked_by=operator)
    await insert(connection, "statistics_views", user_id=operator, name="我的筛选", address="line=110")
    await insert(connection, "wall_displays", name="大厅", token_hash=b"w" * 32, created_by=operator, expires_at=later)
    await insert(
        connection,
        "import_runs",
        profile="12345",
        version="1",
        line="12345",
        intake="history",
        file_bytes=9,
        accepted=3,
    )
    await insert(connection, "audit_filters", user_id=operator, name="查看", query="{}")


async def work_of_desks(connection: Any, seeded: Seeded) -> None:
    """Cases with steps and an objection, calls the police sent back, what lawyers and operators note."""
    now, later, call_id = seeded.at, seeded.at + timedelta(days=5), seeded.done
    case = await insert(connection, "cases", call_id=call_id, code="AJ-旧-1")
    undertaking = await insert(
        connection,
        "undertakings",
        case_id=case,
        call_id=call_id,
        queue_item_id=seeded.item,
        assignment_id=seeded.assignment,
        queue="departments",
        desk="departments",
        role="lead",
        state="objected",
        holder=seeded.operator,
        dispatched_at=now,
        due_at=later,
        extension_reason="等配件",
        reply="已约上门",
    )
    await insert(
        connection,
        "case_steps",
        case_id=case,
        undertaking_id=undertaking,
        kind="session",
        due_at=later,
        note="社区活动室见面",
        created_by=seeded.operator,
        result="双方到场",
    )
    await insert(
        connection, "objections", undertaking_id=undertaking, by_user=seeded.operator, reason="not_ours", words="属市政"
    )
    await insert(
        connection,
        "police_returns",
        call_id=call_id,
        by_user=seeded.operator,
        reason="civil",
        words="借贷纠纷",
        danger_level=0,
    )
    await insert(connection, "counterparties", call_id=call_id, name="对方甲", told_by=seeded.operator)
    await insert(connection, "recusals", call_id=call_id, user_id=seeded.lawyer)
    await insert(
        connection, "law_snippets", owner_id=seeded.lawyer, title="欠薪", body="先去监察", changed_by=seeded.lawyer
    )
    await insert(
        connection,
        "wrap_ups",
        call_id=call_id,
        route="dispute",
        disposition="已转律师",
        summary="借款未还",
        saved_by=seeded.operator,
    )


async def handed_over_and_looked_at(connection: Any, seeded: Seeded) -> None:
    """The knowledge base with a draft, a notice, an open handover with its matters, a call under review."""
    now, later, operator = seeded.at, seeded.at + timedelta(days=90), seeded.operator
    article = await insert(connection, "articles", version=None)
    text = {
        "title": "怎么办居住证",
        "answer": "带身份证去派出所",
        "body": "# 依据",
        "topic": "other",
        "org_id": 1,
        "expires_on": later.date(),
        "change_note": "首次发布",
    }
    await insert(connection, "article_versions", article_id=article, version=1, published_by=operator, **text)
    await insert(connection, "article_drafts", article_id=article, base_version=1, saved_by=operator, **text)
    await insert(connection, "article_words", word="居住证", article_id=article, weight=2.0)
    if article is not None:
        await connection.execute("update articles set version = 1 where id = $1", article)
    await insert(connection, "shift_notices", body="今晚停电检修", written_by=operator, starts_at=now, ends_at=later)
    handover = await insert(connection, "handovers", prepared_by=operator, note="留意河堤来电")
    await insert(
        connection,
        "handover_items",
        handover_id=handover,
        kind="duty",
        ref=seeded.done,
        call_id=seeded.done,
        note="等他回电",
    )
    await insert(connection, "desk_duties", call_id=seeded.done, queue="lawyers", handover_id=handover)
    await insert(connection, "reviews", call_id=seeded.done, triage_id=seeded.triage, reasons=["uncertain"])
    await insert(connection, "second_readings", triage_id=seeded.triage, taken_by="worker-1")


async def contents(connection: Any) -> dict[str, dict[str, list[Any]]]:
    """The values of each column of each table that people and lines fill, in an order of their own.

    Marked as clear, a text counts as what it says: 0002 marks those of before.
    """
    tables = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    found: dict[str, dict[str, list[Any]]] = {}
    for (table,) in tables:
        if MADE_BY_ITSELF.fullmatch(table):
            continue
        rows = await connection.fetch(f"select * from {table}")  # noqa: S608 - names of our own tables
        names = await columns_of(connection, table)
        found[table] = {name: sorted(repr(clear(row[name])) for row in rows) for name in names}
    return found


def clear(value: Any) -> Any:
    """A value without the mark that says it is in clear."""
    return value[3:].decode() if isinstance(value, bytes) and value.startswith(b"\x01\x00\x00") else value
