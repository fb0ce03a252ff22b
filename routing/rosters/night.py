"""Few people on duty and many callers: what a caller may choose, with the expected wait told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from routing.policy.facts import LOCAL_ZONE
from routing.policy.settings import NightOption, QueueSettings

#: How many consultations the configured length weighs as, beside those really counted.
_PRIOR_WEIGHT = 5


@dataclass(frozen=True, slots=True)
class NightChoice:
    """One thing the caller may choose; which one was chosen is recorded with the call."""

    option: NightOption
    text: str
    """In Chinese, to be read to the caller."""
    expected_wait_s: int | None = None
    """``wait`` only."""
    window_start: datetime | None = None
    """``callback`` only, aware UTC."""
    window_end: datetime | None = None


def mean_service_s(lengths_s: Sequence[float], usual_s: float) -> float:
    """Mean length of a consultation: the latest real ones, steadied by the usual length while they are few."""
    return (usual_s * _PRIOR_WEIGHT + math.fsum(lengths_s)) / (_PRIOR_WEIGHT + len(lengths_s))


def expected_wait_s(ahead: int, on_duty: int, free: int, service_s: float) -> float | None:
    """Seconds until a caller with ``ahead`` waiting before is served; None where nobody is on duty.

    Lengths are taken as memoryless: with all ``on_duty`` busy, somebody becomes
    free every ``service_s / on_duty`` seconds on average.
    """
    if on_duty <= 0:
        return None
    before = ahead + 1 - min(free, on_duty)
    return max(0.0, before * service_s / on_duty)


def night_options(
    settings: QueueSettings, expected_wait: float | None, on_duty: int, now: datetime
) -> tuple[NightChoice, ...]:
    """The choices to offer, in the order of the policy; ``wait`` only while somebody is on duty.

    ``expected_wait`` in seconds as ``expected_wait_s`` gives it; ``now`` is aware.
    """
    choices = []
    for option in settings.night_options:
        if option == "wait" and on_duty > 0 and expected_wait is not None:
            minutes = max(1, math.ceil(expected_wait / 60))
            text = f"现有{on_duty}位{settings.label}在岗，预计等候约{minutes}分钟，您可以在线等候"
            choices.append(NightChoice("wait", text, expected_wait_s=round(expected_wait)))
        elif option == "callback":
            start, end = _callback_window(settings.callback_hours, now)
            day = _day_word(start, now)
            local_start, local_end = start.astimezone(LOCAL_ZONE), end.astimezone(LOCAL_ZONE)
            closing = "24:00" if local_end.time() == time() else f"{local_end:%H:%M}"
            text = f"{settings.label}可在{day}{local_start:%H:%M}至{closing}之间回电给您"
            choices.append(NightChoice("callback", text, window_start=start, window_end=end))
        elif option == "message":
            choices.append(NightChoice("message", f"您可以留言，{settings.label}上班后处理"))
    return tuple(choices)


def _callback_window(hours: tuple[int, int], now: datetime) -> tuple[datetime, datetime]:
    """Today's window while at least an hour of it is left, else tomorrow's."""
    local = now.astimezone(LOCAL_ZONE)
    midnight = datetime.combine(local.date(), time(), LOCAL_ZONE)
    start, end = (midnight + timedelta(hours=hour) for hour in hours)
    if end - local < timedelta(hours=1):
        start, end = start + timedelta(days=1), end + timedelta(days=1)
    return max(start, local).astimezone(UTC), end.astimezone(UTC)


def _day_word(start: datetime, now: datetime) -> str:
    same = start.astimezone(LOCAL_ZONE).date() == now.astimezone(LOCAL_ZONE).date()
    return "今天" if same else "明天"
