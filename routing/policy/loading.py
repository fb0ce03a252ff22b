"""From policy.toml, with its preset, to a Policy; every problem is told at once, with its line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.classification import ROUTES, Route
from nlp.taxonomy import Taxonomy, load_taxonomy
from routing.policy.conditions import Condition
from routing.policy.decision import DESTINATIONS
from routing.policy.facts import INTAKES, Intake
from routing.policy.queue_tables import read_agencies, read_queues, read_roles
from routing.policy.rule_tables import Names, read_adjustments, read_rules
from routing.policy.sections import Problems, Section, one_of, parse
from routing.policy.settings import Adjustment, Bars, Policy, QueueSettings, Rule
from routing.policy.workdays import Workdays

T = TypeVar("T", Rule, Adjustment)

_FILE = "policy.toml"
_PRESETS = "presets"
_DEFAULT_PRIORITIES: Mapping[Intake, int] = {"live": 5, "backlog": 7, "history": 9}

#: Agencies that the safety rails call by key.
REQUIRED_AGENCIES = ("110", "12356")


def read_policy(files: ConfigFiles | None = None) -> Policy:
    """Load policy.toml as it is published (overlay first). Raises PolicyError or ConfigError."""
    files = files or ConfigFiles()
    return load_policy(files.read(_FILE), _FILE, files)


def load_policy(text: str, source_name: str, files: ConfigFiles | None = None) -> Policy:
    """Load a policy text; its preset and the taxonomy are looked up in ``files``.

    Raises PolicyInvalid (a PolicyError) whose message has one ``file:line: key: reason``
    per problem, all problems at once; ConfigError where the taxonomy cannot be read.
    """
    files = files or ConfigFiles()
    taxonomy = load_taxonomy(files)
    problems = Problems()
    base = parse(text, source_name, problems)
    preset = base.text("preset") or None
    overlay, preset_text = (None, "") if preset is None else _read_preset(base, preset, files, problems)
    digest = hashlib.sha256(f"{text}\x00{preset_text}".encode()).hexdigest()[:12]
    return _Loader(base, overlay, taxonomy, problems).load(source_name, digest, preset)


def _read_preset(base: Section, preset: str, files: ConfigFiles, problems: Problems) -> tuple[Section | None, str]:
    name = f"{_PRESETS}/{preset}.toml"
    known = [n.removeprefix(f"{_PRESETS}/").removesuffix(".toml") for n in files.names(_PRESETS, ".toml")]
    if preset not in known:
        base.problem("preset", f"没有预设 {preset!r}；{one_of(known)}，或去掉这一项")
        return None, ""
    try:
        text = files.read(name)
    except ConfigError as error:
        base.problem("preset", str(error))
        return None, ""
    return parse(text, name, problems), text


class _Loader:
    """Reads one policy; the preset's tables come on top of the base's, its rules before them."""

    def __init__(self, base: Section, overlay: Section | None, taxonomy: Taxonomy, problems: Problems) -> None:
        self._base = base
        self._layers = [base] if overlay is None else [base, overlay]
        self._taxonomy = taxonomy
        self._problems = problems

    def load(self, source: str, digest: str, preset: str | None) -> Policy:
        name = self._base.text("name")
        queues = read_queues([layer.section("queues") for layer in self._layers])
        agencies = read_agencies([layer.section("agencies") for layer in self._layers])
        self._need_basics(queues, agencies)
        names = Names(frozenset(queues), frozenset(agencies), self._taxonomy)
        rules = self._rules(names)
        adjustments = self._adjustments(names)
        bars = self._bars()
        priorities = self._priorities()
        class_queues = self._class_queues(queues)
        danger_queue, kind_agencies = self._danger(queues, agencies)
        violence_queue = self._rail_queue("violence", "queue", queues)
        roles = read_roles([layer.section("roles") for layer in self._layers], queues)
        calendar = self._calendar()
        for layer in self._layers:
            layer.finish()
        self._problems.raise_if_any()
        return Policy(
            name=name,
            version=f"{name}@{digest}" if name else digest,
            source=source,
            preset=preset,
            bars=bars,
            priorities=priorities,
            class_queues=class_queues,
            danger_queue=danger_queue,
            violence_queue=violence_queue,
            kind_agencies=kind_agencies,
            queues=queues,
            agencies=agencies,
            roles=roles,
            calendar=calendar,
            adjustments=adjustments,
            rules=rules,
            rules_by_class=rules_by_class(rules),
            taxonomy=self._taxonomy,
        )

    def _need_basics(self, queues: Mapping[str, QueueSettings], agencies: Mapping[str, Any]) -> None:
        served = {queue.destination for queue in queues.values()}
        for destination in DESTINATIONS:
            if destination not in served:
                self._base.problem("queues", f"没有去向为 {destination!r} 的队列，请加一个")
        if "operators" not in queues:
            self._base.problem("queues", "须有名为 operators 的队列，由人工决定")
        elif queues["operators"].destination != "operators":
            self._base.problem("queues", "队列 operators 的去向必须是 'operators'")
        for key in REQUIRED_AGENCIES:
            if key not in agencies:
                self._base.problem("agencies", f"缺少 [agencies.{key}]，安全规则要用")

    def _rules(self, names: Names) -> tuple[Rule, ...]:
        rules = read_rules(self._base, names)
        for layer in self._layers[1:]:
            rules = _overlaid(rules, read_rules(layer, names))
        return tuple(rules)

    def _adjustments(self, names: Names) -> tuple[Adjustment, ...]:
        adjustments = read_adjustments(self._base, names)
        for layer in self._layers[1:]:
            adjustments = _overlaid(adjustments, read_adjustments(layer, names))
        return tuple(adjustments)

    def _bars(self) -> Bars:
        bars = Bars(0.5, {}, 0.75, 2, 5.0, 0.05)
        for layer in self._layers:
            confidence = layer.section("confidence")
            by_class = confidence.section("by_class")
            limits = dict(bars.confidence_by_class)
            for key in by_class.names():
                if key in ROUTES:
                    limits[key] = by_class.number(key, 0.5, low=0, high=1)
                else:
                    by_class.text(key)
                    by_class.problem(key, f"没有这个类别；{one_of(ROUTES)}")
            closing = layer.section("closing")
            bars = Bars(
                confidence=confidence.number("bar", bars.confidence, low=0, high=1),
                confidence_by_class=limits,
                close_confidence=closing.number("min_confidence", bars.close_confidence, low=0, high=1),
                danger_auto_level=_auto_level(layer, bars.danger_auto_level),
                min_talk_s=layer.section("transcription").number("min_talk_s", bars.min_talk_s, low=1, high=120),
                quality_share=closing.number("quality_share", bars.quality_share, low=0, high=1),
            )
            confidence.finish()
        self._finish("closing", ("min_confidence", "quality_share"))
        self._finish("transcription", ("min_talk_s",))
        return bars

    def _priorities(self) -> dict[Intake, int]:
        priorities = dict(_DEFAULT_PRIORITIES)
        for layer in self._layers:
            section = layer.section("priority")
            for intake in INTAKES:
                priorities[intake] = section.whole(intake, priorities[intake], low=1, high=9)
            section.finish()
        return priorities

    def _class_queues(self, queues: Mapping[str, QueueSettings]) -> dict[Route, str]:
        found: dict[Route, str] = {}
        for layer in self._layers:
            section = layer.section("classes")
            for route in ROUTES:
                if route in section:
                    found[route] = section.choice(route, queues, "operators")
            section.finish()
        for route in ROUTES:
            if route not in found:
                self._base.problem("classes", f"缺少 {route} =（这一类的队列）；{one_of(queues)}")
        return found

    def _danger(
        self, queues: Mapping[str, QueueSettings], agencies: Mapping[str, Any]
    ) -> tuple[str, dict[str, tuple[str, ...]]]:
        queue = self._rail_queue("danger", "queue", queues)
        who: dict[str, tuple[str, ...]] = {}
        for layer in self._layers:
            kinds = layer.section("danger").section("kinds")
            for kind in self._taxonomy.danger_kinds:
                if kind in kinds:
                    who[kind] = kinds.words(kind, agencies)
            kinds.finish()
        self._finish("danger", ("queue", "auto_level", "kinds"))
        self._finish("violence", ("queue",))
        return queue, who

    def _rail_queue(self, table: str, key: str, queues: Mapping[str, QueueSettings]) -> str:
        chosen = ""
        allowed = [name for name, queue in queues.items() if queue.destination != "mediators"]
        for layer in self._layers:
            section = layer.section(table)
            if key in section:
                chosen = section.choice(key, allowed, chosen)
        if not chosen:
            self._base.problem(table, f"缺少 {key}（安全兜底的队列）；{one_of(allowed)}")
        return chosen

    def _calendar(self) -> Workdays:
        calendar = Workdays()
        for layer in self._layers:
            section = layer.section("calendar")
            calendar = Workdays(
                holidays=calendar.holidays | section.dates("holidays"),
                workdays=calendar.workdays | section.dates("workdays"),
            )
            section.finish()
            for day in sorted(calendar.holidays & calendar.workdays):
                section.problem("workdays", f"{day} 既是节假日又是工作日；只留一处")
        return calendar

    def _finish(self, table: str, known: tuple[str, ...]) -> None:
        for layer in self._layers:
            section = layer.section(table)
            for key in section.names():
                if key not in known:
                    section.problem(key, f"这里没有这一项；{one_of(known)}")


def rules_by_class(rules: tuple[Rule, ...]) -> dict[Route, tuple[Rule, ...]]:
    """For each class the rules that can match it, in order, so that a decision asks no others."""

    def can_match(condition: Condition, route: Route) -> bool:
        return not condition.classes or route in condition.classes

    return {route: tuple(rule for rule in rules if can_match(rule.when, route)) for route in ROUTES}


def _auto_level(layer: Section, default: int) -> Any:
    return layer.section("danger").whole("auto_level", default, low=1, high=2)


def _overlaid(base: list[T], overlay: list[T]) -> list[T]:
    """A preset's rule replaces the base's of that name where it stands; new ones come first."""
    replacing = {item.name: item for item in overlay}
    kept = {item.name for item in base}
    return [item for item in overlay if item.name not in kept] + [replacing.get(item.name, item) for item in base]
