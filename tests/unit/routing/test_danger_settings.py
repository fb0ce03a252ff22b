"""danger.toml, and how much alarm came to which shift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.errors import ConfigError
from config.files import PACKAGED, ConfigFiles
from routing.calls.next_steps import next_step
from routing.danger.load import alarm_load
from routing.danger.settings import load_danger
from routing.rosters.roster import Rotation, Shift, roster_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_packaged_file_holds_what_the_issue_names() -> None:
    danger = load_danger(ConfigFiles())
    assert danger.escalation.after_s == (20, 40, 60)
    assert [question.key for question in danger.questions] == [
        *("where", "what", "hurt", "weapon", "still_there", "safe_to_talk"),
    ]
    assert danger.script.say
    assert danger.script.avoid


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("leader_after_s = 40", "leader_after_s = 20", "leader_after_s"),
        ("all_after_s = 60", 'all_after_s = "60"', "all_after_s"),
        ('key = "what"', 'key = "where"', "key 'where'"),
        ('key = "what"', 'key = "was ist"', "one word"),
        ("[script]", "[scripts]", "scripts is unknown"),
        ("say = [", "say = 3\nelse = [", "else is unknown"),
        ('label = "凶器"', 'label = ""', "label is missing"),
    ],
)
def test_a_slip_in_the_file_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = (PACKAGED / "danger.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "danger.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load_danger(ConfigFiles(tmp_path))


def alarm(at: datetime, operator: str | None, *, waited_s: float | None, stage: int = 0) -> dict[str, Any]:
    """One alarm as the query gives it."""
    then = None if waited_s is None else at + timedelta(seconds=waited_s)
    return {"raised_at": at, "acknowledged_at": then, "stage": stage, "operator": operator}


def test_alarms_stand_by_shift_and_name_and_never_by_count() -> None:
    morning = datetime(2026, 11, 20, 0, tzinfo=UTC)  # 08:00 in Shanghai
    no_rotations: list[Rotation] = []
    shifts = [Shift("operators", 1, morning, morning + timedelta(hours=12))]
    roster = roster_of("operators", no_rotations, shifts, [], {})
    rows = [
        alarm(morning + timedelta(hours=1), "乙", waited_s=5),
        alarm(morning + timedelta(hours=2), "乙", waited_s=15, stage=1),
        alarm(morning + timedelta(hours=3), "甲", waited_s=None, stage=3),
        alarm(morning + timedelta(hours=3), None, waited_s=7),
        alarm(morning - timedelta(hours=2), "甲", waited_s=9),
    ]
    day, night = alarm_load(rows, roster, morning + timedelta(hours=4))
    assert (day["start"], day["end"]) == (morning, morning + timedelta(hours=12))
    # nobody planned the night: the hours that stand in for a roster, 00:00 to 08:00 in Shanghai
    assert (night["start"], night["end"]) == (morning - timedelta(hours=8), morning)
    assert day["operators"] == [("乙", 2), ("甲", 1), (None, 1)], "by name, nobody last"
    assert (day["alarms"], day["open"], day["went_on"]) == (4, 1, 2)
    assert day["stages"] == {0: 2, 1: 1, 3: 1}
    assert day["answered_s"] == 11


def matter(**fields: Any) -> dict[str, Any]:
    """A row of ``calls_of_caller``."""
    none = dict.fromkeys(("queue", "assigned_to", "held_by_name", "callback_until", "receipt_due_at", "deadline"))
    return {"state": "queued", **none, **fields}


@pytest.mark.parametrize(
    ("row", "step", "queue", "person", "due"),
    [
        (matter(queue="lawyers"), "接单", "lawyers", None, None),
        (matter(queue="lawyers", state="claimed", assigned_to="何律师"), "办结", "lawyers", "何律师", None),
        (
            matter(queue="departments", receipt_due_at=NOW, deadline=NOW + timedelta(days=5)),
            "签收",
            "departments",
            None,
            NOW,
        ),
        (matter(queue="lawyers", callback_until=NOW, receipt_due_at=NOW), "回拨", "lawyers", None, NOW),
        (matter(state="proposed", held_by_name="周敏"), "转办", None, "周敏", None),
        (matter(queue="mediators", deadline=NOW), "接单", "mediators", None, NOW),
    ],
)
def test_who_owes_the_next_step_and_when(
    row: dict[str, Any], step: str, queue: str | None, person: str | None, due: datetime | None
) -> None:
    found = next_step(row)
    assert found is not None
    assert (found.step, found.queue, found.person, found.due_at) == (step, queue, person, due)


@pytest.mark.parametrize("state", ["completed", "closed"])
def test_what_has_ended_owes_nothing(state: str) -> None:
    assert next_step(matter(state=state, callback_until=NOW)) is None
