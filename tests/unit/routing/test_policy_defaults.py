"""The shipped policy: where each kind of call goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from routing.policy.decision import Decision
from routing.policy.loading import load_policy

PATH = "config/policy.toml"


@pytest.mark.parametrize(
    ("route", "destination", "queue"),
    [
        ("police_incident", "police", "police"),
        ("legal_consultation", "lawyers", "lawyers"),
        ("dispute", "mediators", "mediators"),
        ("non_police_help", "departments", "departments"),
    ],
)
def test_each_class_goes_to_its_own(decided, reading, route, destination, queue):
    decision = decided(reading(route))
    assert (decision.destination, decision.queue, decision.target_queue) == (destination, queue, queue)
    assert decision.mode == "auto"
    assert decision.outcome == "route"
    assert decision.reasons


@pytest.mark.parametrize("route", ["legal_consultation", "dispute", "non_police_help", "invalid", "police_incident"])
@pytest.mark.parametrize(("level", "priority"), [(1, 2), (2, 1)])
def test_danger_goes_to_police_whatever_the_class(decided, reading, route, level, priority):
    decision = decided(reading(route, level=level, danger={"fire": "锅里着火"}))
    assert decision.destination == "police"
    assert decision.queue == "police"
    assert decision.priority == priority
    assert "119" in decision.joint
    assert any("“锅里着火”" in reason for reason in decision.reasons)


def test_danger_brings_in_the_destination_of_the_class(decided, reading):
    assert "lawyers" in decided(reading("legal_consultation", level=1, danger={"fire": "着火"})).joint
    assert "mediators" in decided(reading("dispute", level=1, danger={"fire": "着火"})).joint
    for route in ("police_incident", "invalid"):
        assert decided(reading(route, level=1, danger={"fire": "着火"})).joint == ("119",)


@pytest.mark.parametrize(
    ("kind", "agency"),
    [
        ("fire", "119"),
        ("gas", "gas_repair"),
        ("electric", "electric_repair"),
        ("medical", "120"),
        ("drowning", "120"),
        ("self_harm", "12356"),
        ("fraud_in_progress", "96110"),
    ],
)
def test_danger_kinds_map_to_who_acts(decided, reading, policy, kind, agency):
    decision = decided(reading("non_police_help", level=1, danger={kind: "出事了"}))
    assert agency in decision.joint
    assert any(policy.joint_label(agency) in reason for reason in decision.reasons)


def test_every_danger_kind_of_the_taxonomy_has_somebody_who_acts(policy):
    assert set(policy.kind_agencies) == set(policy.taxonomy.danger_kinds)
    assert all(policy.kind_agencies.values())


def test_only_danger_now_on_a_fresh_call_makes_noise(decided, reading):
    now, may = reading(level=2, danger={"violence": "正在打"}), reading(level=1, danger={"violence": "说要打"})
    assert decided(now).alarm
    assert not decided(may).alarm
    for intake in ("backlog", "history"):
        old = decided(now, intake=intake)
        assert not old.alarm
        assert old.check_task
        assert old.destination == "police"
    assert not decided(now).check_task


def test_records_are_less_urgent_than_fresh_calls(decided, reading):
    assert decided().priority == 5
    assert decided(intake="backlog").priority == 7
    danger = reading(level=2, danger={"gas": "煤气味"})
    assert decided(danger, intake="backlog").priority > decided(danger).priority


def test_legal_deadline_raises_priority_and_shows_the_words(decided, reading):
    decision = decided(reading("legal_consultation", cues={"legal_deadline": "明天开庭"}))
    assert decision.priority == 3
    assert "说到“明天开庭”，法定期限紧，提前处理" in decision.reasons
    assert decided(reading("legal_consultation", cues={"legal_deadline": "明天开庭"}), intake="backlog").priority == 5


def test_an_adjustment_never_lowers_priority(decided, reading):
    decision = decided(reading(level=2, danger={"fire": "着火"}, cues={"legal_deadline": "明天开庭"}))
    assert decision.priority == 1


def test_many_people_raise_priority(decided):
    assert decided(persons_affected=60).priority == 3
    assert decided(persons_affected=29).priority == 5
    assert "涉及60人，提前处理" in decided(persons_affected=60).reasons


def test_help_goes_to_officers_or_lawyers_where_the_caller_says_so(decided, reading):
    officer = decided(reading("non_police_help", cues={"officer_wanted": "派个民警来"}))
    assert (officer.destination, officer.queue) == ("police", "police_nonemergency")
    legal = decided(reading("non_police_help", cues={"legal_question": "合不合法"}))
    assert (legal.destination, legal.joint) == ("lawyers", ("departments",))


def test_help_is_answered_within_five_workdays_over_the_spring_festival(decided, reading):
    # 2026: holiday 15 to 23 February, working Saturdays 14 and 28 February
    friday = datetime(2026, 2, 13, 8, tzinfo=UTC)
    decision = decided(reading("non_police_help"), received_at=friday)
    local = decision.deadline.astimezone(ZoneInfo("Asia/Shanghai"))
    assert (local.month, local.day, local.hour, local.minute) == (2, 27, 23, 59)
    assert decision.deadline.tzinfo is UTC


def test_workdays_of_an_unpublished_year_are_marked_provisional(decided, reading):
    last_days = datetime(2030, 12, 30, 2, tzinfo=UTC)
    decision = decided(reading("non_police_help"), received_at=last_days)
    assert "2031年节假日安排尚未录入，期限按周一至周五暂定" in decision.reasons
    known = decided(reading("non_police_help"), received_at=datetime(2026, 3, 2, tzinfo=UTC))
    assert not any("暂定" in reason for reason in known.reasons)


def test_mediation_has_a_month_and_history_has_no_deadline(decided, facts):
    assert decided().deadline - facts().received_at == timedelta(days=30)
    assert decided(intake="history").deadline is None


def test_invalid_is_closed_with_a_reason(decided, reading):
    decision = decided(reading("invalid", 0.93))
    assert (decision.outcome, decision.destination, decision.queue) == ("close", "operators", "operators")
    assert decision.close_reason == "研判为无效来电，把握93%"
    assert decided().close_reason is None


def test_about_one_closed_call_in_twenty_is_sampled_and_always_the_same(decided, reading):
    def drawn():
        return {n for n in range(2000) if decided(reading("invalid"), call_key=f"c{n}").quality_sample}

    first = drawn()
    assert 60 <= len(first) <= 140
    assert drawn() == first
    assert not any(decided(call_key=f"c{n}").quality_sample for n in first)


def test_preset_sends_help_on_110_to_lawyers(decided, reading):
    text = 'preset = "12348-first"\n' + _shipped()
    policy = load_policy(text, "policy.toml")
    assert policy.preset == "12348-first"
    assert decided(reading("non_police_help"), by=policy, line="110").destination == "lawyers"
    assert decided(reading("non_police_help"), by=policy, line="12345").destination == "departments"
    assert decided(reading("dispute"), by=policy, line="110").destination == "mediators"
    danger = reading("non_police_help", level=1, danger={"fire": "着火"})
    assert decided(danger, by=policy, line="110").destination == "police"
    officer = reading("non_police_help", cues={"officer_wanted": "派个民警来"})
    assert decided(officer, by=policy, line="110").queue == "police_nonemergency"
    assert decided(reading("non_police_help"), line="110").destination == "departments"


def test_nobody_on_duty_follows_the_chain_and_is_recorded(decided, reading):
    decision = decided(absent=("mediators", "lawyers"))
    assert (decision.destination, decision.target_queue, decision.queue) == ("mediators", "mediators", "operators")
    assert [(s.queue, s.fallback_to) for s in decision.short] == [("mediators", "lawyers"), ("lawyers", "operators")]
    assert all("无人值班" in s.reason for s in decision.short)


def test_with_nobody_anywhere_the_call_waits_in_its_own_queue(decided, reading, policy):
    decision = decided(reading("legal_consultation"), absent=tuple(policy.queues))
    assert decision.queue == "lawyers"
    assert decision.short[-1].fallback_to is None


def test_a_record_waits_for_the_next_shift(decided, reading):
    decision = decided(reading("legal_consultation"), intake="backlog", absent=("lawyers",))
    assert decision.queue == "lawyers"
    assert [(s.queue, s.fallback_to) for s in decision.short] == [("lawyers", None)]


def test_police_off_duty_means_dialling_110(decided, reading):
    danger = reading(level=2, danger={"fire": "着火"})
    decision = decided(danger, absent=("police",))
    assert decision.queue == "police_nonemergency"
    assert "110" in decision.joint
    assert "110" not in decided(danger).joint


def test_a_decision_survives_storage(decided, reading):
    decision = decided(reading("dispute", level=2, danger={"self_harm": "活着没意思"}), absent=("police",))
    assert Decision.from_dict(decision.to_dict()) == decision
    assert Decision.from_dict(decided().to_dict()) == decided()


def _shipped() -> str:
    from config.files import ConfigFiles

    return ConfigFiles().read("policy.toml")
