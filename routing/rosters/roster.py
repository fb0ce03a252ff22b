"""Rotations, shifts and overrides of one queue, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from routing.errors import RosterError
from routing.policy.facts import LOCAL_ZONE

ShiftUnit = Literal["hours", "days", "weeks"]
SHIFT_UNITS: dict[ShiftUnit, timedelta] = {
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
    "weeks": timedelta(weeks=1),
}
OverrideKind = Literal["add", "remove", "replace"]

#: The shift leaders 班长 have a roster of their own, though no queue: who may close a handover, and whom an
#: unacknowledged danger reaches after the desk.
SHIFT_LEADERS = "shift_leaders"
#: Groups that are rostered like queues without being one, with their names on the screens.
DUTY_GROUPS: dict[str, str] = {SHIFT_LEADERS: "班长"}

_DAY_MINUTES = 24 * 60
#: Longer turns and stranger years are slips of the pen, and would take the calendar out of its range.
MAX_SHIFT_LENGTH = 1000
FIRST_YEAR, LAST_YEAR = 2000, 2200


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """A part of the week on the clock of Asia/Shanghai in which a rotation is active."""

    weekdays: frozenset[int]
    """1 Monday to 7 Sunday: the day on which the window starts."""
    start_minute: int
    """Minutes after midnight, 0 to 1439."""
    end_minute: int
    """Minutes after midnight, 1 to 1440; not after the start: it ends on the next day."""

    def __post_init__(self) -> None:
        """Raises RosterError naming the field that cannot be used."""
        if not self.weekdays or not self.weekdays <= frozenset(range(1, 8)):
            raise RosterError(f"值班时段的星期为{sorted(self.weekdays)}，请填1（周一）到7（周日）。")
        if not 0 <= self.start_minute < _DAY_MINUTES:
            raise RosterError(f"值班时段的开始为{self.start_minute}分，请填0到1439。")
        if not 1 <= self.end_minute <= _DAY_MINUTES:
            raise RosterError(f"值班时段的结束为{self.end_minute}分，请填1到1440。")

    @property
    def minutes(self) -> int:
        """Length; a window that ends when it starts lasts a full day."""
        return (self.end_minute - self.start_minute) % _DAY_MINUTES or _DAY_MINUTES


@dataclass(frozen=True, slots=True)
class Rotation:
    """People who take turns: at each hand-over the next ``headcount`` of them come on duty."""

    queue: str
    name: str
    participants: tuple[int, ...]
    """User ids in the order of their turns."""
    start: datetime
    """First hand-over, aware; later ones follow at this time of day."""
    shift_length: int
    shift_unit: ShiftUnit
    headcount: int = 1
    """How many at a time."""
    windows: tuple[WeeklyWindow, ...] = ()
    """None: around the clock."""
    end: datetime | None = None
    """The rotation stops here; None: it goes on."""

    def __post_init__(self) -> None:
        """Raises RosterError naming the field that cannot be used."""
        if not 1 <= self.shift_length <= MAX_SHIFT_LENGTH:
            raise RosterError(f"轮值“{self.name}”的班次长度为{self.shift_length}，请填1到{MAX_SHIFT_LENGTH}的整数。")
        if not FIRST_YEAR <= self.start.year <= LAST_YEAR:
            raise RosterError(
                f"轮值“{self.name}”从{self.start.year}年开始，请填{FIRST_YEAR}到{LAST_YEAR}年之间的时间。"
            )
        if self.headcount < 1:
            raise RosterError(f"轮值“{self.name}”的每班人数为{self.headcount}，请填1以上的整数。")
        if len(set(self.participants)) != len(self.participants):
            raise RosterError(f"轮值“{self.name}”中有人重复出现，每人只列一次。")
        _need_zone(self.name, self.start, self.end)

    @property
    def length(self) -> timedelta:
        """From one hand-over to the next."""
        return SHIFT_UNITS[self.shift_unit] * self.shift_length


@dataclass(frozen=True, slots=True)
class Shift:
    """One person on duty from ``start`` (inclusive) to ``end`` (exclusive), both aware."""

    queue: str
    user_id: int
    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Raises RosterError where the shift ends before it starts or has no zone."""
        _need_zone("班次", self.start, self.end)
        _need_order("班次", self.start, self.end)


@dataclass(frozen=True, slots=True)
class Override:
    """A change by hand for an interval; overrides win over rotations and shifts, later ones over earlier."""

    queue: str
    kind: OverrideKind
    user_id: int
    """``add``: who comes; ``remove``: who is off; ``replace``: who is stood in for."""
    start: datetime
    end: datetime
    substitute_id: int | None = None
    """``replace`` only: who comes instead, where ``user_id`` would be on duty."""

    def __post_init__(self) -> None:
        """Raises RosterError where the substitute is missing or the interval cannot be used."""
        _need_zone("调班", self.start, self.end)
        _need_order("调班", self.start, self.end)
        if (self.kind == "replace") != (self.substitute_id is not None):
            raise RosterError("替班要写明替班人，增加和移除不写替班人。")


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything that says who is on duty for one queue."""

    queue: str
    rotations: tuple[Rotation, ...] = ()
    shifts: tuple[Shift, ...] = ()
    overrides: tuple[Override, ...] = ()
    """In the order they were entered."""
    left: Mapping[int, datetime] = field(default_factory=dict)
    """User ids of those who left, and when: they are not on duty any more, wherever they stand."""


def roster_of(
    queue: str,
    rotations: Iterable[Rotation] = (),
    shifts: Iterable[Shift] = (),
    overrides: Iterable[Override] = (),
    left: Mapping[int, datetime] | None = None,
) -> Roster:
    """The roster of one queue out of those of all queues."""
    return Roster(
        queue=queue,
        rotations=tuple(item for item in rotations if item.queue == queue),
        shifts=tuple(item for item in shifts if item.queue == queue),
        overrides=tuple(item for item in overrides if item.queue == queue),
        left=left or {},
    )


def _need_zone(what: str, *moments: datetime | None) -> None:
    for moment in moments:
        if moment is not None and moment.tzinfo is None:
            raise RosterError(f"“{what}”的时间{moment}没有时区，无法判断谁在值班。")


def _need_order(what: str, start: datetime, end: datetime) -> None:
    if end <= start:
        begins, ends = (moment.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M") for moment in (start, end))
        raise RosterError(f"{what}的结束时间{ends}不晚于开始时间{begins}。")
