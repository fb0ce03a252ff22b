"""Danger in the demo: how alarms went on, what operators asked, shift leaders who joined, forms after calls."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hotline.console.words import WRAP_UP_DISPOSITIONS
from hotline.demo.store import queries
from nlp.taxonomy import load_taxonomy
from routing.danger.escalation import Escalation
from routing.danger.service import answer_question, ask_leader, join_leader
from routing.danger.service import queries as danger_queries
from routing.danger.settings import DangerSettings
from routing.policy.rails import SELF_HARM
from routing.rosters.roster import SHIFT_LEADERS
from routing.wrapups.service import WrapUp, save_wrap_up

if TYPE_CHECKING:
    from hotline.demo.working import Work

#: Share of alarms that nobody acknowledges in time, and how long such a one may wait.
LATE, LATE_S = 0.2, (22.0, 75.0)
#: An alarm is acknowledged within this time else.
SOON_S = (3.0, 18.0)
#: Typing one answer takes about so long.
TYPED_S = 6.0

#: What was answered, by kind of danger; where it was stands in the call.
_ANSWERS: dict[str, dict[str, str]] = {
    "weapon": {
        "what": "有人持刀追人",
        "hurt": "有人受伤",
        "weapon": "有，菜刀",
        "still_there": "还在",
        "safe_to_talk": "安全",
    },
    "violence": {
        "what": "家中打人，仍在继续",
        "hurt": "有人受伤",
        "weapon": "没有",
        "still_there": "还在",
        "safe_to_talk": "不便说话",
    },
    "fire": {"what": "楼道冒烟，有明火", "hurt": "不清楚", "still_there": "有人在楼上没下来", "safe_to_talk": "安全"},
    "gas": {"what": "屋里煤气味很重", "hurt": "无人受伤", "safe_to_talk": "安全，已到楼下"},
    "medical": {"what": "老人倒地叫不醒", "hurt": "有人受伤", "safe_to_talk": "安全"},
    "self_harm": {
        "what": "独自在阳台边，情绪低落",
        "weapon": "没有",
        "still_there": "本人在家",
        "safe_to_talk": "安全",
    },
}
_OTHERWISE = {"what": "正在发生，来电人已避开", "hurt": "不清楚", "still_there": "不清楚", "safe_to_talk": "安全"}


async def go_on(work: Work, call_id: int, rules: Escalation) -> float:
    """Let an alarm wait: now and then it goes on to a stage or more. How long until somebody acknowledges it, in s."""
    if not work.turn("late", LATE):
        return work.rng.uniform(*SOON_S)
    waits_s, begins_at = work.rng.uniform(*LATE_S), work.clock.last(call_id)
    passed_s = 0.0
    for stage, after_s in enumerate(rules.after_s, 1):
        if after_s > waits_s:
            break
        await work.clock.set(call_id, begins_at + timedelta(seconds=after_s))
        await danger_queries.reach_stage(work.connection, call_id=call_id, stage=stage, stages=[stage])
        passed_s = after_s
    return waits_s - passed_s


async def ask(work: Work, call_id: int, settings: DangerSettings) -> None:
    """The operator asks what the panel holds, as far as the caller could say; in a self-harm call the leader joins."""
    alarm = await queries.alarm_of(work.connection, call_id=call_id)
    kind = next((kind for kind in alarm["kinds"] if kind in _ANSWERS), None)
    told = {"where": work.calls[call_id].record.address or ""} | (_ANSWERS[kind] if kind else _OTHERWISE)
    by = alarm["operator_id"] or work.ids["operator"]
    for question in settings.questions:
        if not told.get(question.key):
            continue
        await work.clock.set(call_id, work.clock.last(call_id) + timedelta(seconds=TYPED_S))
        await answer_question(
            work.pool, work.vault, settings, call_id, by, question=question.key, answer=told[question.key], seen=0
        )
    if SELF_HARM not in alarm["kinds"]:
        return
    await work.clock.set(call_id, work.clock.last(call_id) + timedelta(seconds=8))
    await ask_leader(work.pool, call_id, by)
    leaders = work.book.people(SHIFT_LEADERS, work.clock.last(call_id))
    if leaders:
        await work.clock.set(call_id, work.clock.last(call_id) + timedelta(seconds=25))
        await join_leader(work.pool, call_id, leaders[0])


async def wrap_up(work: Work) -> None:
    """Operators have filled in the form of what they forwarded or answered, but for the latest."""
    taxonomy = load_taxonomy()
    for row in await queries.handled_by_operators(work.connection, ids=list(work.calls)):
        call_id, drawn = row["call_id"], work.calls[row["call_id"]]
        if work.until - work.clock.last(call_id) < timedelta(hours=1):
            continue
        await work.clock.set(call_id, work.clock.last(call_id) + timedelta(seconds=work.rng.randint(20, 90)))
        answered = row["action"] == "answered_directly"
        form = WrapUp(
            route=drawn.route,
            topic=None,
            region=drawn.record.region or None,
            disposition=WRAP_UP_DISPOSITIONS[1 if answered else 0],
            summary="已按来电人所述核对要点并答复。" if answered else "要点已核对，随单转出，请接办单位联系来电人。",
        )
        await save_wrap_up(work.pool, work.vault, call_id, row["user_id"], form, taxonomy=taxonomy, seen=0)
