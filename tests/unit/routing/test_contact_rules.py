"""When a call-back may be promised, and how the rules are stored."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from routing.calls.contact_rules import ContactRules, callback_window
from routing.errors import OutsideSafeHours

LOCAL = ZoneInfo("Asia/Shanghai")
BY_DAY = ContactRules(time(9), time(17))
OVER_MIDNIGHT = ContactRules(time(22), time(2))


def at(day: int, clock: str) -> datetime:
    return datetime.combine(datetime(2026, 3, day), time.fromisoformat(clock), LOCAL)  # noqa: DTZ001 - the zone is given


@pytest.mark.parametrize("rules", [None, ContactRules(no_sms=True), ContactRules(other_number="+8613900001111")])
def test_without_safe_hours_any_time_is_promised(rules: ContactRules | None) -> None:
    start = at(2, "03:30")
    assert callback_window(rules, start) == (start, start + timedelta(hours=1))
    assert callback_window(rules, start, start + timedelta(hours=4))[1] == at(2, "07:30")


@pytest.mark.parametrize(
    ("rules", "start", "end"),
    [
        (BY_DAY, at(2, "09:00"), at(2, "10:00")),
        (BY_DAY, at(2, "16:30"), at(2, "17:00")),
        (OVER_MIDNIGHT, at(2, "23:30"), at(3, "00:30")),
        (OVER_MIDNIGHT, at(3, "01:30"), at(3, "02:00")),
    ],
)
def test_within_safe_hours_the_window_ends_with_them(rules: ContactRules, start: datetime, end: datetime) -> None:
    assert callback_window(rules, start.astimezone(ZoneInfo("UTC"))) == (start, end)


@pytest.mark.parametrize(
    ("rules", "start", "until", "proposed"),
    [
        (BY_DAY, at(2, "08:59"), None, (at(2, "09:00"), at(2, "10:00"))),
        (BY_DAY, at(2, "17:00"), None, (at(3, "09:00"), at(3, "10:00"))),
        (BY_DAY, at(2, "23:00"), at(3, "01:00"), (at(3, "09:00"), at(3, "11:00"))),
        (BY_DAY, at(2, "16:00"), at(2, "18:00"), (at(2, "16:00"), at(2, "17:00"))),
        (OVER_MIDNIGHT, at(2, "12:00"), None, (at(2, "22:00"), at(2, "23:00"))),
        (OVER_MIDNIGHT, at(3, "02:00"), None, (at(3, "22:00"), at(3, "23:00"))),
    ],
)
def test_outside_of_them_the_next_window_is_proposed(
    rules: ContactRules, start: datetime, until: datetime | None, proposed: tuple[datetime, datetime]
) -> None:
    with pytest.raises(OutsideSafeHours) as refused:
        callback_window(rules, start, until)
    assert refused.value.proposed == proposed
    assert callback_window(rules, *proposed) == proposed, "what is proposed may be promised"
    assert f"{proposed[0]:%m-%d %H:%M}" in str(refused.value)


def test_the_stored_form_reads_back() -> None:
    full = ContactRules(time(9), time(17, 30), no_sms=True, other_number="+8613900001111", note="只和本人说")
    for rules in (full, BY_DAY, ContactRules(note="先发邮件")):
        assert ContactRules.from_document(rules.to_document()) == rules
        assert rules
    assert full.words() == "仅 09:00–17:30；不发短信；改拨 13900001111；只和本人说"
    assert not ContactRules()
    assert ContactRules.from_document(None) is None
