"""The lawyer's desk: own figures, times to promise."""

from __future__ import annotations

from datetime import datetime, timedelta

from hotline.console.lawyer import callback_times, own_figures
from routing.policy.facts import LOCAL_ZONE
from routing.policy.workdays import Workdays

#: A Friday.
FRIDAY = datetime(2026, 3, 6, 10, 2, tzinfo=LOCAL_ZONE)


def test_own_figures_count_what_one_had_and_how_it_ended():
    def row(minutes: int | None, outcome: str | None, disposition: str | None) -> dict[str, object]:
        ended = None if minutes is None else FRIDAY + timedelta(minutes=minutes)
        return {"claimed_at": FRIDAY, "ended_at": ended, "outcome": outcome, "disposition": disposition}

    rows = [
        row(10, "completed", "已解答"),
        row(20, "completed", "已解答"),
        row(5, "promised", "约定回拨"),
        row(5, "forwarded", None),
        row(1, "released", "临时离席"),
        row(None, None, None),
    ]
    figures = own_figures(rows, FRIDAY + timedelta(minutes=4))
    assert (figures["taken"], figures["ended"], figures["spent_s"]) == (6, 4, 45 * 60)
    assert figures["outcomes"] == [("已解答", 2), ("约定回拨", 1), ("转出", 1)]
    assert own_figures([], FRIDAY)["mean_s"] is None


def test_times_to_promise_skip_days_off():
    times = callback_times(FRIDAY, Workdays())
    assert times == [
        ("半小时后", "2026-03-06T10:30"),
        ("今天 15:00", "2026-03-06T15:00"),
        ("下个工作日 9:30", "2026-03-09T09:30"),
    ]
    evening = callback_times(FRIDAY.replace(hour=19) - timedelta(days=1), Workdays())
    assert [name for name, _ in evening] == ["半小时后", "明天 9:30"]
