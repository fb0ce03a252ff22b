"""Statistics as tables: small cells hidden, keys in the words of the screens.

Titles and columns are the Chinese of the source, by which the report finds them; whoever writes a table out says them
in the reader's language. Notes and cells are said here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hotline.console.language import say
from hotline.console.sentences import tell
from hotline.console.words import DESTINATIONS
from routing.policy.settings import Policy
from routing.statistics.counts import Bucket, bucket_figures, of_calls
from routing.statistics.indicators import Figure, Indicator
from routing.statistics.suppression import SMALL_TEXT, Cell, below_county, hidden, safe_count, safe_share

KEY_NAMES = {
    "line": "线路",
    "route": "类别",
    "destination": "去向",
    "hour": "时",
    "day": "日期",
    "weekday": "星期",
    "region": "区域",
    "topic": "主题",
    "proposed": "建议去向",
    "intake": "来源",
    "queue": "队列",
    "org": "承办组",
}
INTAKES = {"live": "实时", "backlog": "积压", "history": "历史"}
FIGURES = ("来电", "等候中位（秒，不超过）", "等候 P90（秒，不超过）", "改派占比", "SL", "SL2", "排队挂断")
INDICATOR_COLUMNS = ("指标", "值", "分子", "分母", "说明", "分子定义", "分母定义", "排除", "依据", "口径版本")
WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
RULE = (
    "县级以下区域不足 5 的单元显示为 %(small)s，其余指标隐去；为免由合计推算，"
    "同一行列另隐去一个最小单元（先取县级以下的），没有可另隐去的则整行略去。"
)
#: Behind the title of a table: the same of the period compared with.
BEFORE = "（对比期）"

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet."""

    title: str
    notes: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    hidden: int = 0
    """How many rows were hidden or left out."""
    shielded: bool = False
    """Its texts are shielded against spreadsheet programs already."""
    before: bool = False
    """Of the period compared with."""


def labels(policy: Policy, organisations: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Screen words of the keys' values; '' is what a call has that lacks one."""
    return {
        "route": {**policy.taxonomy.routes, "": "未研判"},
        "destination": {**{key: name for key, (name, _) in DESTINATIONS.items()}, "": "未分流"},
        "proposed": {**{key: name for key, (name, _) in DESTINATIONS.items()}, "": "未分流"},
        "topic": {**policy.taxonomy.topics, "": "未分主题"},
        "region": {"": "未填区域"},
        "line": {},
        "intake": INTAKES,
        "queue": {**{name: queue.label for name, queue in policy.queues.items()}, "": "未入队列"},
        "org": {**organisations, "": "未接办"},
        "weekday": {str(n): day for n, day in enumerate(WEEKDAYS, 1)},
    }


def routing_table(
    buckets: Sequence[Bucket],
    by: Sequence[str],
    levels: Mapping[str, str],
    words: Mapping[str, Mapping[str, str]],
    *,
    title: str = "分流统计",
    before: bool = False,
) -> Table:
    """Routing statistics, small cells hidden."""
    buckets = of_calls(buckets)
    cells = [Cell(bucket.keys, bucket.counts.get("calls", 0)) for bucket in buckets]
    hiding, lone = hidden(cells, levels)
    keys = tuple(buckets[0].keys) if buckets else tuple(by)
    rows: list[tuple[Value, ...]] = []
    for number, bucket in enumerate(buckets):
        if number in lone:
            continue
        said = tuple(_word(words, key, bucket.keys[key]) for key in keys)
        if number in hiding:
            small = cells[number].count < 5
            rows.append((*said, SMALL_TEXT if small else say("（隐去）"), *(None for _ in FIGURES[1:])))
        else:
            rows.append((*said, *_figures(bucket.counts, below_county(bucket.keys.get("region"), levels))))
    columns = (*(KEY_NAMES[key] for key in keys), *FIGURES)
    return Table(title, (say(RULE, small=SMALL_TEXT),), columns, tuple(rows), len(hiding), before=before)


def _figures(counts: Mapping[str, int], below: bool) -> tuple[Value, ...]:
    figures = bucket_figures(counts)
    if below:
        n = {name: counts.get(name, 0) for name in ("overruled", "forwarded", "within", "answered", "abandoned")}
        both = n["within"] + counts.get("abandoned_within", 0)
        waits = sum(number for name, number in counts.items() if name.startswith("wait_"))
        few_waits = waits < 5
        figures |= {
            "wait_p50_s": None if few_waits else figures["wait_p50_s"],
            "wait_p90_s": None if few_waits else figures["wait_p90_s"],
            "overruled_share": safe_share(figures["overruled_share"], n["overruled"], n["forwarded"]),
            "service_level": safe_share(figures["service_level"], n["within"], n["answered"]),
            "service_level_2": safe_share(figures["service_level_2"], both, n["answered"] + n["abandoned"]),
        }
        return (*list(figures.values())[:-1], safe_count(n["abandoned"]))
    return tuple(figures.values())


def indicator_table(
    found: Sequence[tuple[Indicator, Sequence[Figure]]],
    by: Sequence[str],
    version: str,
    levels: Mapping[str, str],
    words: Mapping[str, Mapping[str, str]],
) -> Table:
    """Indicators with their definitions beside each figure, small cells hidden."""
    columns = (*(KEY_NAMES[key] for key in by), *INDICATOR_COLUMNS)
    rows: list[tuple[Value, ...]] = []
    count = 0
    for indicator, figures in found:
        cells = [Cell(figure.keys, figure.denominator or 0) for figure in figures]
        known = indicator.counted
        hiding, lone = hidden(cells, levels) if known else (frozenset(), frozenset())
        count += len(hiding)
        for number, figure in enumerate(figures):
            if number in lone:
                continue
            reason = tell(figure.reason) if figure.reason else figure.reason
            value: tuple[Value, ...] = (figure.value, figure.numerator, figure.denominator, reason)
            part, whole = figure.numerator or 0, figure.denominator or 0
            small = below_county(figure.keys.get("region"), levels) and safe_share(1.0, part, whole) is None
            if number in hiding or (known and small):
                value = (None, None, SMALL_TEXT if whole < 5 else None, say("单元过小，隐去"))
            rows.append(
                (
                    *(_word(words, key, figure.keys[key]) for key in by),
                    tell(indicator.name),
                    *value,
                    tell(indicator.numerator.text),
                    tell(indicator.denominator.text),
                    tell(indicator.exclusions.text),
                    tell(indicator.source),
                    version,
                )
            )
    return Table("指标", (say(RULE, small=SMALL_TEXT),), columns, tuple(rows), count)


def _word(words: Mapping[str, Mapping[str, str]], key: str, value: Any) -> Value:
    if key == "hour":
        return int(value)
    known = words.get(key, {}).get(str(value))
    return str(value) if known is None else say(known)
