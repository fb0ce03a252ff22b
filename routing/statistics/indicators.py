"""Indicators (接通率, 满意率, SL ...): what config/indicators.toml defines, worked out from counts. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from config.files import ConfigFiles
from nlp.classification import ROUTES
from routing.errors import InvalidRequest
from routing.policy.facts import INTAKES, LOCAL_ZONE
from routing.policy.sections import Problems, Section, parse
from routing.statistics.counts import COUNTS, share

FILE = "indicators.toml"
#: What indicators may be split by.
INDICATOR_KEYS = ("line", "region")
NOTHING = "没有可计的来电"


@dataclass(frozen=True, slots=True)
class Part:
    """Numerator or denominator."""

    text: str
    counts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What an indicator leaves out."""

    text: str
    intake: tuple[str, ...]
    route: tuple[str, ...]
    off_numerator: tuple[str, ...]
    """Counts taken off the numerator again."""
    off_denominator: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator as defined."""

    code: str
    name: str
    numerator: Part
    denominator: Part
    exclusions: Exclusions
    source: str
    """Where the rule or the figure comes from."""
    target: float | None
    missing: str | None
    """What the records lack where there is nothing to count; the value is None then, with this as the reason."""

    @property
    def counted(self) -> bool:
        """Whether the records can tell it at all."""
        return bool(self.denominator.counts)

    def definition(self) -> dict[str, Any]:
        """As it is served beside the figures."""
        return {
            "numerator": {"text": self.numerator.text, "counts": list(self.numerator.counts)},
            "denominator": {"text": self.denominator.text, "counts": list(self.denominator.counts)},
            "exclusions": {
                "text": self.exclusions.text,
                "intake": list(self.exclusions.intake),
                "route": list(self.exclusions.route),
                "off_numerator": list(self.exclusions.off_numerator),
                "off_denominator": list(self.exclusions.off_denominator),
            },
            "source": self.source,
            "target": self.target,
        }


@dataclass(frozen=True, slots=True)
class Figure:
    """An indicator's value in one bucket."""

    keys: Mapping[str, Any]
    value: float | None
    """Share of 0 to 1, four digits; None with ``reason``."""
    numerator: int | None
    denominator: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Indicators:
    """Everything the file defines."""

    version: str
    first_day: int
    """Day of the month on which a reporting period begins."""
    all: tuple[Indicator, ...]

    def period(self, name: str) -> tuple[datetime, datetime]:
        """Begin (inclusive) and end (exclusive) of the reporting period ``YYYY-MM``, aware. Raises InvalidRequest.

        With ``first_day`` 26 the period 2026-11 runs from 26 October to 25 November.
        """
        try:
            month = date.fromisoformat(f"{name}-01")
        except ValueError as error:
            raise InvalidRequest("period：应为年月，如 2026-11。") from error
        if not 2000 <= month.year <= 2099:
            raise InvalidRequest("period：年份应在 2000 到 2099 之间。")
        begin = month if self.first_day == 1 else _month_before(month)
        end = _month_after(begin)
        return _midnight(begin.replace(day=self.first_day)), _midnight(end.replace(day=self.first_day))

    def period_of(self, day: date) -> str:
        """The name of the reporting period in which ``day`` lies."""
        month = day.replace(day=1)
        return f"{month if self.first_day == 1 or day.day < self.first_day else _month_after(month):%Y-%m}"


def load_indicators(files: ConfigFiles | None = None) -> Indicators:
    """Read indicators.toml (overlay first). Raises PolicyInvalid naming every line and reason, or ConfigError."""
    files = files or ConfigFiles()
    problems = Problems()
    root = parse(files.read(FILE), FILE, problems)
    version = root.text("version", required=True)
    period = root.section("period")
    first_day = period.whole("first_day", 26, low=1, high=28)
    period.finish()
    found: dict[str, Indicator] = {}
    for section in root.tables("indicators"):
        indicator = _indicator(section)
        if indicator.code in found:
            section.problem("code", f"{indicator.code!r} stands here twice; give each indicator its own")
        found[indicator.code] = indicator
    if not found:
        root.problem("indicators", "needs at least one [[indicators]]")
    root.finish()
    problems.raise_if_any()
    return Indicators(version, first_day, tuple(found.values()))


def _indicator(section: Section) -> Indicator:
    missing = section.text("missing") or None
    exclusions = section.section("exclusions")
    indicator = Indicator(
        code=section.text("code", required=True),
        name=section.text("name", required=True),
        numerator=_part(section, "numerator", missing),
        denominator=_part(section, "denominator", missing),
        exclusions=Exclusions(
            text=exclusions.text("text"),
            intake=exclusions.words("intake", INTAKES),
            route=exclusions.words("route", ROUTES),
            off_numerator=exclusions.words("off_numerator", COUNTS),
            off_denominator=exclusions.words("off_denominator", COUNTS),
        ),
        source=section.text("source", required=True),
        target=section.number("target", 0.0, low=0, high=1) if "target" in section else None,
        missing=missing,
    )
    if bool(indicator.numerator.counts) != bool(indicator.denominator.counts):
        section.problem("missing", "one of numerator and denominator names counts; give both counts, or none")
    exclusions.finish()
    section.finish()
    return indicator


def _part(section: Section, key: str, missing: str | None) -> Part:
    inner = section.section(key)
    part = Part(inner.text("text", required=True), inner.words("counts", COUNTS))
    if missing is None and not part.counts:
        inner.problem("counts", "names nothing; list what is counted, or say in `missing` what the records lack")
    inner.finish()
    return part


def figures(
    indicator: Indicator, buckets: Iterable[tuple[Mapping[str, Any], Mapping[str, int]]], by: Sequence[str]
) -> list[Figure]:
    """The indicator in each bucket of ``by``; one figure for all where ``by`` is empty.

    ``buckets``: keys (``by``, intake and route) with their counts.
    """
    parts: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    if not by:
        parts[()] = Counter()
    for keys, counts in buckets:
        counted = parts[tuple(keys[key] for key in by)]
        if keys["intake"] in indicator.exclusions.intake or keys["route"] in indicator.exclusions.route:
            continue
        counted["numerator"] += _sum(counts, indicator.numerator.counts, indicator.exclusions.off_numerator)
        counted["denominator"] += _sum(counts, indicator.denominator.counts, indicator.exclusions.off_denominator)
    return [_figure(indicator, dict(zip(by, key, strict=True)), counted) for key, counted in sorted(parts.items())]


def _sum(counts: Mapping[str, int], names: Sequence[str], off: Sequence[str]) -> int:
    return sum(counts.get(name, 0) for name in names) - sum(counts.get(name, 0) for name in off)


def _figure(indicator: Indicator, keys: Mapping[str, Any], counted: Mapping[str, int]) -> Figure:
    if indicator.missing is not None and not counted.get("denominator"):
        return Figure(keys, None, None, None, indicator.missing)
    numerator, denominator = counted.get("numerator", 0), counted.get("denominator", 0)
    value = share(numerator, denominator)
    return Figure(keys, value, numerator, denominator, NOTHING if value is None else None)


def _month_before(month: date) -> date:
    return month.replace(year=month.year - 1, month=12) if month.month == 1 else month.replace(month=month.month - 1)


def _month_after(month: date) -> date:
    return month.replace(year=month.year + 1, month=1) if month.month == 12 else month.replace(month=month.month + 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_ZONE)
