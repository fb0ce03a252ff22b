"""The demo's shifts: notices, promised call-backs, the handovers of the last days and the one of this moment."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from hotline.demo.store import queries
from routing.answers.service import record_choice
from routing.handover import service as handover
from routing.notices.service import Notice, write
from routing.policy.facts import LOCAL_ZONE
from routing.sealing import Vault

#: Shifts change at these local hours.
HOURS = (8, 20)
DAYS = 5
#: Matters of one past handover at most.
MATTERS = 6
NOTES = (
    "白天劳动仲裁咨询偏多，律师席一度排到七位，其余正常。",
    "夜间平稳。两通回拨约在明早，请盯一下时间。",
    "供水抢修影响东澜区三个小区，口径已在知识库更新。",
    "110 转来的非警务求助较多，承办单位签收偏慢，请催办。",
)
NOTE_ON_CALLBACK = "来电人下午要接孩子，请在约定时间内打。"
NOTE_NOW = "承办单位有两张工单还没签收，催过一次；另有来电人约了回拨，请按时间办。其余平稳。"


async def add_shifts(pool: Any, connection: Any, vault: Vault, ids: Mapping[str, int], now: datetime) -> None:
    """Everything about shifts, after the calls. ``operator2`` led the shift before, ``manager`` leads this one."""
    rng = random.Random(20)  # noqa: S311 - the same demo everywhere, no secret
    for call_id in [row["id"] for row in await queries.may_be_called_back(connection, limit=3)]:
        start = now + timedelta(minutes=rng.choice((-20, 40, 100)))
        await record_choice(
            pool,
            vault,
            call_id,
            ids["operator2"],
            choice="callback",
            expected_wait_s=None,
            window_start=start,
            window_end=start + timedelta(hours=1),
            message=None,
        )
    await _notices(connection, vault, ids["manager"], now)
    leaders = (ids["operator2"], ids["manager"])
    for number, at in enumerate(_changes(now)):
        outgoing, incoming = leaders[number % 2], leaders[(number + 1) % 2]
        note = vault.seal(NOTES[number % len(NOTES)], "handovers.note")
        await queries.past_handover(
            connection, outgoing=outgoing, incoming=incoming, at=at, note=note, matters=rng.randint(2, MATTERS)
        )
    async with pool.acquire() as own, own.transaction():
        handover_id = await handover.prepare(own, vault, ids["operator2"], NOTE_NOW)
        writer = handover.Writer(ids["operator2"], oversees=False)
        for matter in await handover.matters(own):
            if matter["kind"] == "callback":
                await handover.write_item_note(
                    own,
                    vault,
                    handover_id,
                    kind="callback",
                    ref=matter["ref"],
                    note=NOTE_ON_CALLBACK,
                    by=writer,
                )
                break


def _changes(now: datetime) -> list[datetime]:
    """Changes of shift in the last days, oldest first; not the one that goes on now."""
    today = now.astimezone(LOCAL_ZONE).date()
    moments = [
        datetime.combine(today - timedelta(days=back), time(hour), LOCAL_ZONE)
        for back in range(DAYS, -1, -1)
        for hour in HOURS
    ]
    return [at for at in moments if at < now - timedelta(hours=2)]


async def _notices(connection: Any, vault: Vault, manager: int, now: datetime) -> None:
    for body, roles, queue, begins_h, ends_h in (
        ("东澜区今晚计划停水，口径见知识库“停水了什么时候恢复”。", ("operator",), None, -3, 9),
        (
            "本周起直接答复须引用知识库条目；没有适用条目的写明理由，管理者每天补录。",
            ("operator", "department"),
            None,
            -30,
            90,
        ),
        ("值班律师今天少两位，咨询类来电请先登记约定回拨。", (), "operators", -2, 6),
    ):
        notice = Notice(body, roles, queue, now + timedelta(hours=begins_h), now + timedelta(hours=ends_h))
        await write(connection, vault, notice, manager)
