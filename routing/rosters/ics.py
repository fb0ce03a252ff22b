"""Reads a roster from an iCalendar file (ICS), repeating events expanded within a span of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from dateutil.rrule import rrule, rruleset, rrulestr

from routing.errors import RosterError
from routing.policy.facts import LOCAL_ZONE
from routing.rosters.imported import NamedShift, RosterImport, RowProblem, split_names

#: One repeating event may not yield more shifts than this.
MOST_OCCURRENCES = 5_000
#: Rules by the minute or second belong to no roster and take hours to expand.
_FREQUENCIES = frozenset({"HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"})


def read_ics(
    data: bytes,
    queues: Mapping[str, str],
    *,
    start: datetime,
    end: datetime,
    default_queue: str | None = None,
) -> RosterImport:
    """Shifts of the events that touch ``start`` to ``end`` (both aware).

    The title holds the names (``张三、李四``), CATEGORIES or LOCATION the queue
    (by ``queues``, as for Excel), else ``default_queue`` counts. Times without zone
    are Asia/Shanghai; all-day events last from midnight to midnight. Cancelled
    events are left out, moved ones (RECURRENCE-ID) take the place of the original.
    Raises RosterError where the file is no calendar.
    """
    # a good part of a web's start, for files that come once a month
    import icalendar

    try:
        calendar = icalendar.Calendar.from_ical(data)
    except (ValueError, IndexError, KeyError) as error:
        raise RosterError("日历文件不能读取：里面不是完整的日历（VCALENDAR）。请从日历软件重新导出ics文件。") from error
    events = list(calendar.walk("VEVENT"))
    moved = _moved(events)
    shifts: list[NamedShift] = []
    problems: list[RowProblem] = []
    for number, event in enumerate(events, start=1):
        label = f"第{number}个日程“{event.get('SUMMARY', '')}”"
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        try:
            names = split_names(str(event.get("SUMMARY", "")))
            if not names:
                raise _EventError("标题", "没有填写，请写值班人姓名")
            queue = _queue(event, queues, default_queue)
            for first, last in _spans(event, start, end, moved.get(str(event.get("UID", "")), set())):
                shifts += [NamedShift(label, name, queue, first, last) for name in names]
        except _EventError as error:
            problems.append(RowProblem(label, error.field, str(error)))
        except OverflowError:
            problems.append(RowProblem(label, "开始", "时间离现在太远，请检查年份和时长"))
        except icalendar.error.InvalidCalendar:
            problems.append(RowProblem(label, "日程", "有的项目不合日历格式，请在日历软件里改好再导出"))
    return RosterImport(tuple(shifts), tuple(problems))


class _EventError(ValueError):
    """An event cannot be used; ``field`` names the part."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def _moved(events: list[Any]) -> dict[str, set[datetime]]:
    """Original starts, by event, of the occurrences that another event replaces."""
    moved: dict[str, set[datetime]] = {}
    for event in events:
        original = event.get("RECURRENCE-ID")
        if original is not None:
            moved.setdefault(str(event.get("UID", "")), set()).add(_moment(original.dt).astimezone(UTC))
    return moved


def _queue(event: Any, queues: Mapping[str, str], default_queue: str | None) -> str:
    written = [text for text in (*_categories(event), str(event.get("LOCATION", "")).strip()) if text]
    for text in written:
        if text in queues:
            return queues[text]
    if default_queue is None:
        shown = f"“{'、'.join(written)}”不是队列" if written else "没有写队列"
        raise _EventError("类别", f"{shown}，类别或地点可填：{'、'.join(queues)}")
    return default_queue


def _categories(event: Any) -> list[str]:
    value = event.get("CATEGORIES")
    groups = value if isinstance(value, list) else [value] if value is not None else []
    return [str(category).strip() for group in groups for category in group.cats]


def _spans(event: Any, start: datetime, end: datetime, moved: set[datetime]) -> Iterator[tuple[datetime, datetime]]:
    if event.get("DTSTART") is None:
        raise _EventError("开始", "没有开始时间（DTSTART）")
    first = _moment(event["DTSTART"].dt)
    length = _length(event, first)
    if length <= timedelta():
        raise _EventError("结束", "结束时间不晚于开始时间")
    repeats = event.get("RRULE") is not None or event.get("RDATE") is not None
    if event.get("RECURRENCE-ID") is not None or not repeats:
        starts: list[datetime] = [first]
        moved = set()
    else:
        starts = _occurrences(event, first, start - length, end)
    for moment in starts:
        begin = moment.astimezone(UTC)
        if begin not in moved and begin < end and begin + length > start:
            yield begin, begin + length


def _occurrences(event: Any, first: datetime, after: datetime, before: datetime) -> list[datetime]:
    """Starts of a repeating event, kept on the wall clock of its own zone."""
    rules = rruleset()
    try:
        for rule in _listed(event.get("RRULE")):
            # one rule by itself never makes a set
            rules.rrule(cast("rrule", rrulestr(_bounded(rule, before).to_ical().decode(), dtstart=first)))
        for group in _listed(event.get("RDATE")):
            for item in group.dts:
                rules.rdate(_moment(item.dt[0] if isinstance(item.dt, tuple) else item.dt))
        if event.get("RRULE") is None:
            rules.rdate(first)
        for group in _listed(event.get("EXDATE")):
            for item in group.dts:
                rules.exdate(_moment(item.dt))
    except (ValueError, TypeError) as error:
        raise _EventError("重复规则", "不合日历格式，请在日历软件里重新设置重复") from error
    starts = []
    for moment in rules.xafter(after, inc=True):
        if moment >= before:
            break
        starts.append(moment)
        if len(starts) > MOST_OCCURRENCES:
            raise _EventError("重复规则", f"在所选时间内超过{MOST_OCCURRENCES}次，请缩短时间范围")
    return starts


def _bounded(rule: Any, before: datetime) -> Any:
    """The rule with an end in UTC, at the span's end at the latest.

    dateutil refuses a local or date-only UNTIL beside a start with a zone, and would
    look for a day that never comes until the year 9999.
    """
    if not {str(freq).upper() for freq in rule.get("FREQ", [])} <= _FREQUENCIES:
        raise _EventError("重复规则", "只能按小时、日、周、月或年重复")
    if rule.get("COUNT"):
        return rule
    last = before
    if rule.get("UNTIL"):
        until = rule["UNTIL"][0]
        own = _moment(until) if isinstance(until, datetime) else _moment(until) + timedelta(days=1, seconds=-1)
        last = min(last, own)
    from icalendar import vRecur

    bounded = vRecur(rule)
    bounded["UNTIL"] = [last.astimezone(UTC)]
    return bounded


def _length(event: Any, first: datetime) -> timedelta:
    if event.get("DTEND") is not None:
        return _moment(event["DTEND"].dt).astimezone(UTC) - first.astimezone(UTC)
    if event.get("DURATION") is not None:
        duration = event["DURATION"].dt
        return duration if isinstance(duration, timedelta) else timedelta()
    if not isinstance(event["DTSTART"].dt, datetime):
        return timedelta(days=1)
    raise _EventError("结束", "没有结束时间（DTEND或DURATION）")


def _moment(value: date | datetime) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), LOCAL_ZONE)
    return value if value.tzinfo is not None else value.replace(tzinfo=LOCAL_ZONE)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
