"""The safety rails hold whatever a policy says: here it says the most careless things."""

from __future__ import annotations

import pytest

from config.files import ConfigFiles
from routing.policy.loading import load_policy
from routing.policy.settings import Policy


@pytest.fixture(scope="module")
def careless() -> Policy:
    """Closes what it may, mediates all else, and holds danger back."""
    text = ConfigFiles().read("policy.toml")
    head = text[: text.index("\n[[rules]]")]
    head = head.replace("bar = 0.5 ", "bar = 0.0 ").replace("min_confidence = 0.75", "min_confidence = 0.0")
    rules = """
[[rules]]
name = "close"
when = { class = "invalid" }
close = "无效"

[[rules]]
name = "mediate"
queue = "mediators"
mode = "propose"
joint = ["mediators"]
reasons = ["都去调解"]

[[adjustments]]
name = "mediate_beside"
joint = ["mediators"]
"""
    return load_policy(head + rules, "careless.toml")


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("intake", ["live", "backlog", "history"])
def test_a_invalid_on_110_is_never_closed_by_machine(decided, reading, careless, live, intake):
    decision = decided(reading("invalid", 0.99), by=careless, line="110", live=live, intake=intake)
    assert (decision.outcome, decision.mode, decision.queue) == ("route", "review", "operators")
    assert not decision.quality_sample
    assert decided(reading("invalid", 0.99), by=careless, line="12345").outcome == "close"


@pytest.mark.parametrize("cue", ["silence", "veiled_call"])
@pytest.mark.parametrize("route", ["invalid", "dispute", "non_police_help"])
def test_a_silence_and_veiled_talk_on_110_go_to_a_person(decided, reading, careless, cue, route):
    decision = decided(reading(route, 0.99, cues={cue: "来一份外卖"}), by=careless, line="110")
    assert (decision.outcome, decision.mode, decision.queue) == ("route", "review", "operators")
    if cue == "veiled_call":
        assert any("“来一份外卖”" in reason for reason in decision.reasons)


@pytest.mark.parametrize("line", ["110", "12345", "12348"])
def test_b_talk_without_text_is_a_failed_transcription(decided, reading, careless, line):
    call = {"by": careless, "line": line, "text_length": 0}
    decision = decided(reading("invalid", 0.99), talk_time_s=37, **call)
    assert (decision.outcome, decision.mode, decision.destination) == ("route", "review", "operators")
    assert decision.rule == "rail:transcription"
    assert "通话37秒却没有转写文字，转写失败，请听录音后判断" in decision.reasons
    assert decided(reading("invalid", 0.99), talk_time_s=2, **call).rule != "rail:transcription"
    assert decided(reading("invalid", 0.99), **call).rule != "rail:transcription"


@pytest.mark.parametrize("level", [1, 2])
def test_c_danger_is_never_closed_and_never_only_mediated(decided, reading, careless, level):
    invalid = decided(reading("invalid", 0.99, level=level, danger={"fire": "着火"}), by=careless)
    assert (invalid.outcome, invalid.destination, invalid.rule) == ("route", "police", "rail:danger")
    dispute = decided(reading("dispute", 0.99, level=level, danger={"fire": "着火"}), by=careless)
    assert (dispute.destination, dispute.joint) == ("police", ("mediators", "119"))


@pytest.mark.parametrize(
    "said",
    [
        {"cues": {"violence_or_control": "他打我"}},
        {"level": 1, "danger": {"violence": "动手打人"}},
        {"level": 2, "danger": {"captivity": "锁在屋里"}},
        {"danger": {"weapon": "拿着刀"}},
    ],
)
def test_d_violence_never_yields_mediation(decided, reading, careless, policy, said):
    for by in (careless, policy):
        decision = decided(reading("dispute", 0.99, **said), by=by)
        assert decision.destination != "mediators"
        assert "mediators" not in decision.joint
        assert decision.destination == "police"


def test_d_holds_for_the_fallback_as_well(decided, reading, careless):
    text = (
        ConfigFiles()
        .read("policy.toml")
        .replace('fallback = ["police", "operators"]', 'fallback = ["mediators", "operators"]')
    )
    policy = load_policy(text, "p.toml")
    violent = reading("dispute", cues={"violence_or_control": "他打我"})
    decision = decided(violent, by=policy, absent=("police_nonemergency",))
    assert decision.queue == "operators"


def test_e_below_the_bar_or_abstaining_a_person_decides(decided, reading):
    for unsure in (reading("legal_consultation", 0.41), reading("legal_consultation", 0.9, review=True)):
        decision = decided(unsure)
        assert (decision.mode, decision.queue) == ("review", "operators")
        assert (decision.destination, decision.target_queue) == ("lawyers", "lawyers")
    assert any("41%" in reason for reason in decided(reading("legal_consultation", 0.41)).reasons)


def test_e_danger_now_does_not_wait_for_a_person(decided, reading, careless):
    for by in (None, careless):
        decision = decided(reading("dispute", 0.2, review=True, level=2, danger={"fire": "着火"}), by=by)
        assert (decision.mode, decision.queue, decision.alarm) == ("auto", "police", True)


def test_e_the_policy_says_whether_possible_danger_waits(decided, reading):
    unsure = reading("dispute", 0.2, level=1, danger={"fire": "怕着火"})
    waiting = decided(unsure)
    assert (waiting.mode, waiting.queue, waiting.destination, waiting.priority) == ("review", "operators", "police", 2)
    text = ConfigFiles().read("policy.toml").replace("auto_level = 2", "auto_level = 1")
    assert decided(unsure, by=load_policy(text, "p.toml")).queue == "police"


@pytest.mark.parametrize("level", [0, 1, 2])
def test_f_self_harm_forbids_blind_and_brings_in_12356(decided, reading, careless, policy, level):
    for by in (careless, policy):
        decision = decided(reading("invalid", 0.99, level=level, danger={"self_harm": "不想活"}), by=by)
        assert "blind" in decision.forbid
        assert "12356" in decision.joint
        assert decision.outcome == "route"


def test_f_holds_for_a_failed_transcription(decided, reading):
    decision = decided(reading("invalid", danger={"self_harm": "不想活"}), text_length=0, talk_time_s=60)
    assert decision.rule == "rail:transcription"
    assert "12356" in decision.joint
    assert "blind" in decision.forbid


def test_g_nothing_is_closed_while_somebody_is_on_the_line(decided, reading, careless):
    decision = decided(reading("invalid", 0.99), by=careless, live=True)
    assert (decision.outcome, decision.mode, decision.queue) == ("route", "propose", "operators")


def test_g_unsure_invalid_is_not_closed(decided, reading):
    decision = decided(reading("invalid", 0.7))
    assert (decision.outcome, decision.mode) == ("route", "review")


def test_h_danger_now_is_queued_at_once_though_a_rule_says_propose(decided, reading, careless):
    assert decided(reading("dispute", 0.99), by=careless).mode == "propose"
    assert decided(reading("dispute", 0.99, level=2, danger={"fire": "着火"}), by=careless).mode == "auto"
