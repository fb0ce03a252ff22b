"""What holds for every call under every policy, the careless ones included."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from config.files import ConfigFiles
from nlp.classification import ROUTES, Classification, Cue, Danger, DangerSignal, Evidence
from routing.policy.conditions import Condition
from routing.policy.deciding import decide
from routing.policy.decision import DESTINATIONS, MODES, Decision
from routing.policy.facts import INTAKES, Facts
from routing.policy.loading import load_policy, read_policy, rules_by_class
from routing.policy.rails import VIOLENT_KINDS
from routing.policy.sections import PolicyInvalid
from routing.policy.settings import Adjustment, Policy, Rule, TimeLimit

SHIPPED = read_policy()
TEXT = ConfigFiles().read("policy.toml")
QUEUES = tuple(SHIPPED.queues)
KINDS = tuple(SHIPPED.taxonomy.danger_kinds)
CUES = tuple(SHIPPED.taxonomy.cues)
TOPICS = tuple(SHIPPED.taxonomy.topics)
JOINT = (*DESTINATIONS, *SHIPPED.agencies, "own")

lines = st.sampled_from(["110", "12345", "12348", "119", ""])
shares = st.floats(0, 1)
levels = st.integers(0, 2)
heard = st.text(max_size=40)
moments = st.integers(0, 15 * 365 * 24 * 60).map(lambda m: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=m))


def some(values: tuple[str, ...], most: int = 3) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), max_size=most)


@st.composite
def readings(draw: st.DrawFn) -> Classification:
    route, confidence, level = draw(st.sampled_from(ROUTES)), draw(shares), draw(levels)
    return Classification(
        route=route,
        confidence=confidence,
        review=draw(st.booleans()),
        ranking=((route, confidence),),
        topic=tuple((code, 0.3) for code in draw(some((*TOPICS, "unheard_of")))),
        danger=Danger(level, tuple(DangerSignal(k, draw(heard), 0, 1, 1) for k in draw(some((*KINDS, "new_kind"))))),
        evidence=tuple(Evidence(draw(heard), 0, 1, 0.5) for _ in range(draw(st.integers(0, 2)))),
        entities=(),
        cues=tuple(Cue(kind, draw(heard), 0, 1) for kind in draw(some((*CUES, "new_cue")))),
        model="test",
    )


facts = st.builds(
    Facts,
    line=lines,
    intake=st.sampled_from(INTAKES),
    live=st.booleans(),
    classification=readings(),
    text_length=st.sampled_from([0, 1, 300]),
    received_at=moments,
    call_key=st.text(max_size=20),
    talk_time_s=st.none() | st.floats(0, 4000),
    persons_affected=st.none() | st.integers(0, 10**6),
    region=st.none() | st.text(max_size=5),
    has_number=st.booleans(),
    confidential=st.booleans(),
)
conditions = st.builds(
    Condition,
    lines=st.frozensets(lines, max_size=1),
    classes=some(ROUTES, 2),
    intakes=some(INTAKES, 1),
    danger_min=st.none() | levels,
    danger_max=st.none() | levels,
    cues=some(CUES, 1),
    hours=st.frozensets(st.integers(0, 23), max_size=2),
    workday=st.none() | st.booleans(),
)
limits = (
    st.none() | st.builds(TimeLimit, minutes=st.integers(1, 10**5)) | st.builds(TimeLimit, workdays=st.integers(1, 30))
)
joints = st.lists(st.sampled_from(JOINT), max_size=3, unique=True).map(tuple)
templates = st.lists(st.sampled_from(["说到{words}", "{topic}", "{kinds}{persons}{region}{time}"]), max_size=2).map(
    tuple
)
rules = st.builds(
    Rule,
    name=st.uuids().map(str),
    when=conditions,
    unless=st.none() | conditions,
    queue=st.none() | st.sampled_from(QUEUES),
    joint=joints,
    priority=st.none() | st.integers(1, 9),
    deadline=limits,
    mode=st.sampled_from(MODES),
    reasons=templates,
    close=st.sampled_from([None, "结案", "{region}"]),
)
adjustments = st.builds(
    Adjustment,
    name=st.uuids().map(str),
    when=conditions,
    unless=st.none(),
    raise_to=st.none() | st.integers(1, 9),
    joint=joints,
    deadline=limits,
    forbid=st.just(()),
    reasons=templates,
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Rules, bars, queues of classes and fallback chains at random; close rules for any class, too."""
    some_rules = tuple(draw(st.lists(rules, max_size=4)))
    queues = {
        name: replace(
            queue,
            fallback=tuple(draw(st.lists(st.sampled_from([q for q in QUEUES if q != name]), max_size=3, unique=True))),
            fallback_for=draw(some(INTAKES)),
        )
        for name, queue in SHIPPED.queues.items()
    }
    return replace(
        SHIPPED,
        queues=queues,
        class_queues={route: draw(st.sampled_from(QUEUES)) for route in ROUTES},
        bars=replace(
            SHIPPED.bars,
            confidence=draw(shares),
            close_confidence=draw(shares),
            quality_share=draw(shares),
            danger_auto_level=draw(st.sampled_from([1, 2])),
        ),
        kind_agencies={kind: draw(st.sampled_from([(), ("110",), ("119", "120")])) for kind in KINDS},
        rules=some_rules,
        rules_by_class=rules_by_class(some_rules),
        adjustments=tuple(draw(st.lists(adjustments, max_size=2))),
    )


staffing = st.frozensets(st.sampled_from(QUEUES))


def decided(policy: Policy, call: Facts, staffed: frozenset[str]) -> Decision:
    return decide(policy, call, lambda queue, _at: int(queue in staffed), call.received_at + timedelta(minutes=1))


@settings(max_examples=150, deadline=None)
@given(policies(), facts, staffing)
def test_every_call_gets_a_whole_decision(policy, call, staffed):
    decision = decided(policy, call, staffed)
    assert decision.destination in DESTINATIONS
    assert decision.mode in MODES
    assert {decision.queue, decision.target_queue} <= set(QUEUES)
    assert policy.queue(decision.target_queue).destination == decision.destination
    assert 1 <= decision.priority <= 9
    assert decision.reasons
    assert all(reason for reason in decision.reasons)
    assert decision.destination not in decision.joint
    assert set(decision.joint) <= {*DESTINATIONS, *policy.agencies}
    assert (decision.outcome == "close") == bool(decision.close_reason)
    assert decision.deadline is None or decision.deadline.tzinfo is UTC
    assert Decision.from_dict(decision.to_dict()) == decision
    assert decided(policy, call, staffed) == decision


@settings(max_examples=150, deadline=None)
@given(policies(), facts, staffing)
def test_the_rails_hold(policy, call, staffed):
    decision = decided(policy, call, staffed)
    reading = call.classification
    level, kinds, cues = reading.danger.level, reading.danger.kinds, {cue.kind for cue in reading.cues}
    closed = decision.outcome == "close"
    if call.line == "110" and (reading.route == "invalid" or cues & {"silence", "veiled_call"}):
        assert not closed
        assert decision.mode == "review" or level == 2
    if call.text_length == 0 and (call.talk_time_s or 0) >= policy.bars.min_talk_s:
        assert not closed
        assert decision.mode == "review" or level == 2
    if level:
        assert not closed
        assert decision.destination != "mediators"
        assert policy.queue(decision.queue).destination != "mediators"
    if "violence_or_control" in cues or kinds & VIOLENT_KINDS:
        assert decision.destination != "mediators"
        assert "mediators" not in decision.joint
        assert policy.queue(decision.queue).destination != "mediators"
    if (reading.review or reading.confidence < policy.bars.confidence) and level < policy.bars.danger_auto_level:
        assert decision.mode == "review"
        assert not closed
    if "self_harm" in kinds:
        assert "blind" in decision.forbid
        assert "12356" in decision.joint
        assert not closed
    if closed:
        assert reading.route == "invalid"
        assert reading.confidence >= policy.bars.close_confidence
        assert not call.live
    if level == 2:
        assert decision.mode == "auto"
    assert decision.alarm == (level == 2 and call.intake == "live")
    assert decision.check_task == (level >= 1 and call.intake != "live")


@settings(max_examples=100, deadline=None)
@given(policies(), facts, staffing)
def test_a_call_waits_where_somebody_is_on_duty_or_the_shortage_is_told(policy, call, staffed):
    decision = decided(policy, call, staffed)
    if decision.mode == "auto" and decision.outcome == "route":
        if decision.target_queue in staffed:
            assert decision.queue == decision.target_queue
            assert not decision.short
        else:
            assert decision.short[0].queue == decision.target_queue
            assert decision.queue in staffed or decision.queue == decision.target_queue
    elif decision.outcome == "route":
        assert decision.queue == "operators"


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, TEXT.count("\n") - 1),
    st.sampled_from(["", "x", "= 1", 'bar = "x"', "[queues.lawyers]", '"', "when = 3", "[[queues]]", "deadline = {}"]),
)
def test_a_damaged_line_gives_a_policy_or_an_error_with_a_line(number, damage):
    rows = TEXT.split("\n")
    rows[number] = damage
    try:
        load_policy("\n".join(rows), "policy.toml")
    except PolicyInvalid as error:
        found = error.problems
    else:
        return
    assert found
    assert all(1 <= problem.line <= len(rows) + 1 for problem in found)
