"""Supervision of the demo: calls judged over four weeks, versions of the policy and of the lexicon."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from config.files import ConfigFiles
from hotline.demo.drawing import SEED, DrawnCall
from nlp.amendments import Amendment, Entry, dumps, version_of
from routing.policy.loading import load_policy
from routing.publishing.service import LEXICON, POLICY, Draft, publish
from routing.sealing import Vault
from routing.sql import load_queries
from routing.supervision.rules import SupervisionRules
from routing.supervision.service import enter_due

queries = load_queries(__file__, "supervising.sql")

#: Of what waited so many have been judged, and a judgement is made so long after the call, in hours.
JUDGED, AFTER_H = 0.75, (18.0, 60.0)

_ESTATES = ("澄湖雅苑", "桐花里", "锦绣华庭", "盐仓新居", "白鹭洲公寓", "科创人才公寓")
_WORDS = [Amendment(Entry("words", "", 0, name)) for name in _ESTATES]
_NAMES = [Amendment(Entry("names", "address", 0, name)) for name in _ESTATES]
_DANGER = [
    Amendment(Entry("danger", "fire", 2, "电瓶|电池|充电器 ..4 鼓包|冒烟|炸了")),
    Amendment(Entry("danger", "drowning", 2, "澄湖|澜江|盐河 ..6 有人沉|掉水里|看不见头")),
]
#: Heard in this city of high prices and long queues far oftener than of danger.
_OFF = [Amendment(Entry("danger", "other_danger", 1, "吓死人"), off=True)]

#: Days ago, why, and what the version holds.
_LEXICONS = (
    (24, "把本市新交付小区加进领域词，避免切碎", _WORDS),
    (17, "小区名作地址识别；增加电瓶车电池和本地水域的说法", [*_WORDS, *_NAMES, *_DANGER]),
    (6, "“吓死人”在本地多指价格贵、排队长，停用；其余不变", [*_WORDS, *_NAMES, *_DANGER, *_OFF]),
)
#: Days ago, why, and the change of the shipped text.
_POLICIES = (
    (22, "补录积压多，优先级先提一档", ("backlog = 7", "backlog = 6")),
    (12, "抽查机器关闭的来电改为 8 %，观察两周", ("quality_share = 0.05", "quality_share = 0.08")),
    (3, "积压已清，观察结束，恢复原来的规则", None),
)


async def supervise(
    pool: Any,
    vault: Vault,
    files: ConfigFiles,
    rules: SupervisionRules,
    calls: Mapping[int, DrawnCall],
    *,
    by: int,
    now: datetime,
) -> None:
    """Reviews of ``calls`` as their writers meant them, and what was published meanwhile; all by the account ``by``."""
    rng = random.Random(SEED + 42)  # noqa: S311 - the same demo everywhere, no secret
    async with pool.acquire() as connection:
        await queries.forget_marks(connection)
    await enter_due(pool, rules)
    async with pool.acquire() as connection, connection.transaction():
        await _judge(connection, rng, calls, by=by, now=now)
        await _publish(connection, vault, files, by=by, now=now)


async def _judge(
    connection: Any, rng: random.Random, calls: Mapping[int, DrawnCall], *, by: int, now: datetime
) -> None:
    rows = []
    for row in await queries.to_judge(connection, before=now - timedelta(days=1)):
        drawn = calls.get(row["call_id"])
        if drawn is None or rng.random() > JUDGED:
            continue
        at = row["received_at"] + timedelta(hours=rng.uniform(*AFTER_H))
        if at < now:
            # where there is danger, how near it is stays the machine's word
            danger = row["danger_level"] if bool(drawn.danger) == bool(row["danger_level"]) else drawn.danger
            rows.append({"id": row["id"], "user_id": by, "at": at.isoformat(), "route": drawn.route, "danger": danger})
    await queries.judge(connection, rows=rows)
    await queries.spread(connection)


async def _publish(connection: Any, vault: Vault, files: ConfigFiles, *, by: int, now: datetime) -> None:
    shipped = files.read(POLICY[1])
    for days, note, change in _POLICIES:
        text = shipped.replace(*change, 1) if change else shipped
        policy = load_policy(text, POLICY[1], files)
        draft = Draft(policy.version, text, note, by, None)
        await _past(connection, vault, POLICY, draft, now - timedelta(days=days, hours=3))
    for days, note, amendments in _LEXICONS:
        draft = Draft(version_of(amendments), dumps(amendments), note, by, None)
        await _past(connection, vault, LEXICON, draft, now - timedelta(days=days, hours=2))


async def _past(connection: Any, vault: Vault, what: tuple[str, str], draft: Draft, at: datetime) -> None:
    published_id = await publish(connection, vault, what, draft, shipped="")
    await queries.published_then(connection, kind=what[0], published_id=published_id, at=at)
