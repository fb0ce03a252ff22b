"""A policy as people read it: rules and adjustments in their order, what they ask, what follows, their lines."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from nlp.taxonomy import Taxonomy
from routing.policy.conditions import Condition
from routing.policy.lines import LineIndex
from routing.policy.settings import Adjustment, Policy, Rule, TimeLimit

_INTAKES = {"live": "实时", "backlog": "补录", "history": "历史"}
_MODES = {"auto": "自动", "propose": "建议", "review": "待人工"}
_WEEKDAYS = ("一", "二", "三", "四", "五", "六", "日")
_FORBID = {"blind": "直转", "attended": "咨询转", "conference": "三方通话"}


def outline(policy: Policy, text: str) -> dict[str, list[dict[str, Any]]]:
    """``{rules, adjustments}``, each ``{name, line, when, unless, then, reasons}`` in Chinese.

    ``text`` is what the policy was loaded from; what stands in its preset has no line (None).
    """
    index = LineIndex(text)
    at = {kind: _lines(text, index, kind) for kind in ("rules", "adjustments")}
    return {
        "rules": [_entry(rule, at["rules"], policy.taxonomy, _then_rule(rule, policy)) for rule in policy.rules],
        "adjustments": [
            _entry(one, at["adjustments"], policy.taxonomy, _then_adjustment(one, policy)) for one in policy.adjustments
        ],
    }


def _lines(text: str, index: LineIndex, kind: str) -> dict[str, int]:
    """Name -> line of ``[[kind]]``."""
    return {
        str(entry.get("name")): index.line((kind, number))
        for number, entry in enumerate(tomllib.loads(text).get(kind, []))
    }


def _entry(one: Rule | Adjustment, lines: Mapping[str, int], taxonomy: Taxonomy, then: list[str]) -> dict[str, Any]:
    return {
        "name": one.name,
        "line": lines.get(one.name),
        "when": said(one.when, taxonomy) or ["任何来电"],
        "unless": said(one.unless, taxonomy) if one.unless else [],
        "then": then,
        "reasons": list(one.reasons),
    }


def said(condition: Condition, taxonomy: Taxonomy) -> list[str]:
    """What a condition asks, one sentence for each field that is set."""
    found: list[str] = []

    def words(label: str, values: Iterable[str], names: Mapping[str, str] | None = None) -> None:
        shown = [names.get(value, value) if names else value for value in sorted(values)]
        if shown:
            found.append(f"{label}：{'、'.join(shown)}")

    def flag(value: bool | None, yes: str, no: str) -> None:
        if value is not None:
            found.append(yes if value else no)

    words("线路", condition.lines)
    words("接入", condition.intakes, _INTAKES)
    flag(condition.live, "来电人在线", "来电人不在线")
    words("类别", condition.classes, taxonomy.routes)
    found += _bounds("把握", condition.confidence_min, None, percent=True)
    if condition.confidence_below is not None:
        found.append(f"把握低于 {condition.confidence_below:.0%}")
    words("首要主题", condition.topics, taxonomy.topics)
    words("主题之一", condition.any_topics, taxonomy.topics)
    found += _bounds("危险级别", condition.danger_min, condition.danger_max)
    words("危险种类", condition.danger_kinds, taxonomy.danger_kinds)
    words("信号", condition.cues, taxonomy.cues)
    found += _bounds("涉及人数", condition.persons_min, condition.persons_max)
    words("区域", condition.regions)
    if condition.hours:
        found.append(f"时段：{_hours(condition.hours)}")
    if condition.weekdays:
        found.append(f"星期：{'、'.join(_WEEKDAYS[day - 1] for day in sorted(condition.weekdays))}")
    flag(condition.workday, "工作日", "非工作日")
    flag(condition.confidential, "保密", "不保密")
    flag(condition.has_number, "有来电号码", "没有来电号码")
    found += _bounds("通话秒数", condition.talk_time_min_s, None)
    return found


def _bounds(label: str, low: float | None, high: float | None, *, percent: bool = False) -> list[str]:
    def shown(value: float) -> str:
        return f"{value:.0%}" if percent else f"{value:g}"

    if low is not None and high is not None:
        return [f"{label} {shown(low)}–{shown(high)}"]
    if low is not None:
        return [f"{label} ≥ {shown(low)}"]
    return [] if high is None else [f"{label} ≤ {shown(high)}"]


def _hours(hours: frozenset[int]) -> str:
    """Stretches of hours; one over midnight is one stretch."""
    if len(hours) == 24:
        return "全天"
    starts = sorted(hour for hour in hours if (hour - 1) % 24 not in hours)
    parts = []
    for start in starts:
        end = start
        while end % 24 in hours:
            end += 1
        parts.append(f"{start}:00–{(end - 1) % 24 + 1}:00")
    return "、".join(parts)


def _limit(limit: TimeLimit | None) -> list[str]:
    if limit is None:
        return []
    if limit.workdays:
        return [f"时限 {limit.workdays} 个工作日"]
    for minutes, unit in ((1440, "天"), (60, "小时")):
        if limit.minutes % minutes == 0:
            return [f"时限 {limit.minutes // minutes} {unit}"]
    return [f"时限 {limit.minutes} 分钟"]


def _joint(joint: tuple[str, ...], policy: Policy) -> list[str]:
    names = ["本类去向" if name == "own" else policy.joint_label(name) for name in joint]
    return [f"联动 {'、'.join(names)}"] if names else []


def _then_rule(rule: Rule, policy: Policy) -> list[str]:
    target = f"→ {policy.queues[rule.queue].label}" if rule.queue else "→ 本类队列"
    then = ["关闭" if rule.close else target, _MODES[rule.mode]]
    if rule.priority is not None:
        then.append(f"优先级 {rule.priority}")
    return then + _limit(rule.deadline) + _joint(rule.joint, policy)


def _then_adjustment(one: Adjustment, policy: Policy) -> list[str]:
    then = [] if one.raise_to is None else [f"优先级至少 {one.raise_to}"]
    if one.forbid:
        then.append(f"不得{'、'.join(_FORBID[mode] for mode in one.forbid)}")
    return then + _limit(one.deadline) + _joint(one.joint, policy)
