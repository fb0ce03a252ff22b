"""Reads ``[[rules]]`` and ``[[adjustments]]`` of a policy text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from nlp.taxonomy import Taxonomy
from routing.policy.conditions import Condition, read_condition
from routing.policy.decision import DESTINATIONS, MODES, Mode
from routing.policy.reasons import template_problem
from routing.policy.sections import Section
from routing.policy.settings import Adjustment, Rule, TimeLimit

#: Transfer modes a policy may forbid (CONTRACT.md).
FORBIDDABLE = ("blind", "attended", "conference")


@dataclass(frozen=True, slots=True)
class Names:
    """The names that rules may use."""

    queues: frozenset[str]
    agencies: frozenset[str]
    taxonomy: Taxonomy


def read_rules(root: Section, names: Names) -> list[Rule]:
    """All rules in the order of the file; problems are noted."""
    rules = []
    for table in root.tables("rules"):
        when, unless = _conditions(table, names)
        close = table.text("close") or None
        if close is not None:
            _check_template(table, "close", close)
            if when.classes != {"invalid"}:
                table.problem("close", '只有无效来电可以关闭；请加 when.class = "invalid"')
        rules.append(
            Rule(
                name=_name(table),
                when=when,
                unless=unless,
                queue=table.choice("queue", names.queues, "") or None,
                joint=_joint(table, names),
                priority=table.whole("priority", 5, low=1, high=9) if "priority" in table else None,
                deadline=_limit(table),
                mode=cast(Mode, table.choice("mode", MODES, "auto")),
                reasons=_reasons(table),
                close=close,
            )
        )
        if close is not None and "queue" in table:
            table.problem("queue", "关闭来电的规则没有队列；两项只留一项")
        table.finish()
    _unique(root, "rules", [rule.name for rule in rules])
    return rules


def read_adjustments(root: Section, names: Names) -> list[Adjustment]:
    """All adjustments in the order of the file; problems are noted."""
    adjustments = []
    for table in root.tables("adjustments"):
        when, unless = _conditions(table, names)
        adjustments.append(
            Adjustment(
                name=_name(table),
                when=when,
                unless=unless,
                raise_to=table.whole("raise_to", 5, low=1, high=9) if "raise_to" in table else None,
                joint=_joint(table, names),
                deadline=_limit(table),
                forbid=table.words("forbid", FORBIDDABLE),
                reasons=_reasons(table),
            )
        )
        table.finish()
    _unique(root, "adjustments", [item.name for item in adjustments])
    return adjustments


def _name(table: Section) -> str:
    return table.text("name", required=True)


def _conditions(table: Section, names: Names) -> tuple[Condition, Condition | None]:
    when = read_condition(table.section("when"), names.taxonomy)
    unless = read_condition(table.section("unless"), names.taxonomy) if "unless" in table else None
    if unless == Condition():
        table.problem("unless", "没有任何条件，规则永远不会适用；请写条件或去掉这一项")
    return when, unless


def _joint(table: Section, names: Names) -> tuple[str, ...]:
    return table.words("joint", {*DESTINATIONS, *names.agencies, "own"})


def _limit(table: Section) -> TimeLimit | None:
    if "deadline" not in table:
        return None
    section = table.section("deadline")
    units = {"minutes": (1, 100_000), "hours": (60, 10_000), "days": (1440, 1000)}
    parts = [unit for unit in (*units, "workdays") if unit in section]
    if len(parts) != 1:
        section.problem("", "minutes、hours、days、workdays 须恰好写一项")
        limit = None
    elif parts[0] == "workdays":
        limit = TimeLimit(workdays=section.whole("workdays", 1, low=1, high=250))
    else:
        factor, most = units[parts[0]]
        limit = TimeLimit(minutes=factor * section.whole(parts[0], 1, low=1, high=most))
    section.finish()
    return limit


def _reasons(table: Section) -> tuple[str, ...]:
    templates = table.words("reasons")
    for template in templates:
        _check_template(table, "reasons", template)
    return templates


def _check_template(table: Section, key: str, template: str) -> None:
    wrong = template_problem(template)
    if wrong:
        table.problem(key, f"{template!r}：{wrong}")


def _unique(root: Section, key: str, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        if name and name in names[:number]:
            root.origin.problem((key, number, "name"), f"{name!r} 用了两次；每条规则要有自己的名称")
