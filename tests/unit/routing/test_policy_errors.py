"""Every mistake in a policy text is told with its line, all at once."""

from __future__ import annotations

import tomllib

import pytest

from config.files import ConfigFiles
from routing.errors import PolicyError, QueueNotFound
from routing.policy.comparing import MOST_CALLS, Comparison
from routing.policy.lines import LineIndex
from routing.policy.loading import load_policy, read_policy
from routing.policy.sections import PolicyInvalid


def shipped() -> str:
    return ConfigFiles().read("policy.toml")


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


def changed(before: str, after: str) -> tuple[str, int]:
    """The shipped policy with one change, and the line of the change."""
    text = shipped()
    assert text.count(before) >= 1, before
    return text.replace(before, after, 1), line_of(text, before)


def problems_of(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(PolicyInvalid) as caught:
        load_policy(text, "policy.toml")
    assert isinstance(caught.value, PolicyError)
    return [(problem.line, problem.key, problem.reason) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("before", "after", "key", "said"),
    [
        ("bar = 0.5 ", "bar = 1.5 ", "confidence.bar", "0 到 1"),
        ("auto_level = 2 ", "auto_level = 0 ", "danger.auto_level", "1 到 2"),
        ("live = 5", 'live = "hoch"', "priority.live", "1 到 9"),
        ('gas = ["119", "gas_repair"]', 'gas = ["119", "gasman"]', "danger.kinds.gas[2]", "gas_repair"),
        ('dispute = "mediators"', 'dispute = "mediator"', "classes.dispute", "mediators"),
        ('strategy = "top-down"', 'strategy = "topdown"', "queues.police.strategy", "round-robin"),
        ('fallback = ["lawyers", "operators"]', 'fallback = ["notary"]', "queues.mediators.fallback[1]", "operators"),
        ("fair_limit = 3", "fair_limit = 0", "queues.lawyers.fair_limit", "1 到 1000"),
        ("tier_wait_s = 10", "tier_wait = 10", "queues.police.tier_wait", "tier_wait_s"),
        ('phone = "122"', 'phone = "one two"', "agencies.122.phone", "只含数字"),
        ('lawyer = ["lawyers"]', 'lawyer = ["judges"]', "roles.lawyer[1]", "lawyers"),
        ("holidays = []", 'holidays = ["2027-02-06"]', "calendar.holidays", "不加引号"),
        ('name = "danger_now"\n', 'nam = "danger_now"\n', "rules[1].nam", "没有这一项"),
        ('cue = "officer_wanted" }', 'cue = "officer" }', "rules[10].when.cue", "officer_wanted"),
        ("deadline = { days = 30 }", "deadline = { days = 30, hours = 1 }", "rules[7].deadline", "恰好写一项"),
        ("涉及{persons}人", "涉及{people}人", "adjustments[3].reasons", "{persons}"),
        ('queue = "police_nonemergency"   # where', 'queue = "mediators"   # where', "violence.queue", "police"),
        ("callback_hours = [9, 18]", "callback_hours = [18, 9]", "queues.lawyers.callback_hours", "[9, 18]"),
    ],
)
def test_a_mistake_names_line_key_and_what_is_allowed(before, after, key, said):
    text, line = changed(before, after)
    found = problems_of(text)
    assert (line, key) in [(number, where) for number, where, _ in found]
    assert any(where == key and said in reason for _, where, reason in found), found


def test_only_rules_for_invalid_calls_may_close():
    text, line = changed('when = { class = "invalid" }', "when = { danger_max = 0 }")
    assert [(number, key) for number, key, _ in problems_of(text)] == [(line + 1, "rules[13].close")]


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines():
    text, first = changed("bar = 0.5 ", 'bar = "half" ')
    text = text.replace("raise_to = 3", "raise_to = 30", 1).replace('mode = "auto"', "")
    text = text.replace('line = "x"', "") + '\n[[rules]]\nname = "later"\nwhen = { hour = [7] }\n'
    found = problems_of(text)
    assert [line for line, _, _ in found] == sorted(line for line, _, _ in found)
    assert [key for _, key, _ in found] == ["confidence.bar", "adjustments[1].raise_to", "rules[14].when.hour"]
    assert found[0][0] == first
    assert found[-1][0] == text.count("\n")


def test_the_message_is_one_line_per_mistake():
    text, line = changed("bar = 0.5 ", "bar = 7 ")
    with pytest.raises(PolicyError, match=rf"^policy\.toml:{line}: confidence\.bar: 现为 7；应为 0 到 1 的数$"):
        load_policy(text, "policy.toml")


def test_broken_toml_names_its_line():
    text, line = changed("auto_level = 2 ", "auto_level = = 2 ")
    assert problems_of(text)[0][:2] == (line, "(TOML)")
    assert problems_of("name = 'x")[0][0] == 1


def test_a_mistake_inside_a_preset_names_the_preset(tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "ours.toml").write_text('[[rules]]\nname = "x"\nqueue = "nowhere"\n', encoding="utf-8")
    with pytest.raises(PolicyError, match=r"^presets/ours\.toml:3: rules\[1\]\.queue: 现为 'nowhere'；可用："):
        load_policy('preset = "ours"\n' + shipped(), "policy.toml", ConfigFiles(tmp_path))
    found = problems_of('preset = "theirs"\n' + shipped())
    assert found[0][:2] == (1, "preset")
    assert "12348-first" in found[0][2]


def test_two_rules_may_not_share_a_name():
    text, _ = changed('name = "danger"\n', 'name = "danger_now"\n')
    assert [(key, reason) for _, key, reason in problems_of(text)] == [
        ("rules[2].name", "'danger_now' 用了两次；每条规则要有自己的名称")
    ]


def test_a_policy_needs_its_basics():
    found = {key: reason for _, key, reason in problems_of('name = "empty"\n')}
    assert {"queues", "agencies", "classes", "danger", "violence"} <= set(found)


def test_the_version_follows_the_text_and_the_preset():
    plain = load_policy(shipped(), "a.toml")
    assert plain.version == load_policy(shipped(), "b.toml").version == read_policy().version
    assert plain.version.startswith("default@")
    other = load_policy(shipped() + "\n# changed\n", "a.toml")
    assert other.version != plain.version


def test_a_preset_replaces_rules_by_name_and_changes_single_keys(tmp_path):
    (tmp_path / "presets").mkdir()
    preset = '[queues.lawyers]\nfair_limit = 9\n[[rules]]\nname = "dispute"\nqueue = "lawyers"\n'
    (tmp_path / "presets" / "ours.toml").write_text(preset, encoding="utf-8")
    policy = load_policy('preset = "ours"\n' + shipped(), "p", ConfigFiles(tmp_path))
    plain = read_policy()
    assert [rule.name for rule in policy.rules] == [rule.name for rule in plain.rules]
    assert policy.queue("lawyers").fair_limit == 9
    assert policy.queue("lawyers").label == plain.queue("lawyers").label


def test_an_unknown_queue_says_which_there_are(policy):
    with pytest.raises(QueueNotFound, match="lawyers"):
        policy.queue("notaries")


def test_every_queue_has_a_role_that_serves_it(policy):
    served = {queue for role in policy.roles for queue in policy.queues_of_role(role)}
    assert served == set(policy.queues)
    assert policy.queues_of_role("line") == ()


def test_conditions_over_time_region_and_persons(decided, reading):
    from datetime import UTC, datetime

    rule = """
[[rules]]
name = "night"
when = { hour = [22, 7], weekday = [1, 2, 3, 4, 5], workday = true, region = ["城东"], persons_min = 3 }
unless = { confidential = true }
queue = "operators"
"""
    text = shipped().replace("\n[[rules]]", rule + "\n[[rules]]", 1)
    policy = load_policy(text, "p.toml")
    night = {"by": policy, "region": "城东", "persons_affected": 3, "received_at": datetime(2026, 3, 2, 15, tzinfo=UTC)}
    assert decided(**night).rule == "night"
    for change in (
        {"received_at": datetime(2026, 3, 2, 23, tzinfo=UTC)},  # 07:00 in Shanghai: over
        {"received_at": datetime(2026, 3, 7, 15, tzinfo=UTC)},  # a Saturday
        {"received_at": datetime(2026, 10, 5, 15, tzinfo=UTC)},  # a Monday in the National Day week
        {"region": None},
        {"persons_affected": None},
        {"confidential": True},
    ):
        assert decided(**{**night, **change}).rule == "dispute", change


def test_entered_days_and_unpublished_years(policy):
    from datetime import date

    text = (
        shipped()
        .replace("holidays = []", "holidays = [2031-02-04]")
        .replace("workdays = []", "workdays = [2031-02-08]")
    )
    entered = load_policy(text, "p.toml").calendar
    assert not entered.kind(date(2031, 2, 4)).workday
    assert entered.kind(date(2031, 2, 8)).workday
    assert not entered.kind(date(2031, 2, 8)).provisional
    assert policy.calendar.kind(date(2031, 2, 4)).workday
    assert policy.calendar.kind(date(2031, 2, 4)).provisional
    assert not policy.calendar.kind(date(2026, 10, 1)).provisional


def test_dry_run_counts_what_goes_elsewhere(policy, reading, facts):
    other = load_policy('preset = "12348-first"\n' + shipped(), "p.toml")
    calls = [facts(reading("non_police_help"), line="110", call_key=f"a{n}") for n in range(30)]
    calls += [facts(reading("dispute"), line="110", call_key=f"b{n}") for n in range(5)]
    result, same = Comparison(policy, other), Comparison(policy, policy)
    for number, call in enumerate(calls):
        result.add(number, call)
        same.add(number, call)
    assert (result.total, result.elsewhere) == (35, 30)
    assert result.moves == {("departments", "lawyers"): 30}
    assert [one.call_id for one in result.calls] == list(range(30))
    assert (same.total, same.elsewhere, same.calls) == (35, 0, [])


def test_dry_run_shows_calls_with_danger_first(policy, reading, facts):
    text = 'preset = "12348-first"\n' + shipped().replace('weapon = ["110"]', 'weapon = ["110", "120"]')
    result = Comparison(policy, load_policy(text, "p.toml"))
    for number in range(MOST_CALLS + 5):
        result.add(number, facts(reading("non_police_help"), line="110", call_key=f"a{number}"))
    result.add(9000, facts(reading("police_incident", level=2, danger={"weapon": "拿着刀"}), call_key="c"))
    assert (result.elsewhere, result.danger_changed, result.joint_changed) == (MOST_CALLS + 5, 1, 1)
    assert len(result.calls) == MOST_CALLS
    assert result.calls[0].call_id == 9000, "a change of who is brought in counts where there is danger"
    assert result.to_dict()["calls"][0]["joint"] == [[], ["120"]]


def test_lines_are_found_in_every_form_toml_allows():
    text = '''# head
title = "a # [x] \\" = b"
dotted.key."quoted.part" = 1
multi = """
[not.a.table]
x = 1"""
"after" = \'\'\'it''s\'\'\'

[table] # [[no]]
list = [
  "one", # comment ]
  { deep = 2, more = [3,
    4] },
]

[[items]]
name = 1
[items.sub]
value = 2
[[items]]
name = 3
sub.value = 4
quotes = """a \\"""
fake = 1
"""
[items.deep]
value = 5
'''
    tomllib.loads(text)
    index = LineIndex(text)
    expected = {
        ("title",): 2,
        ("dotted", "key", "quoted.part"): 3,
        ("multi",): 4,
        ("after",): 7,
        ("table",): 9,
        ("table", "list"): 10,
        ("table", "list", 0): 11,
        ("table", "list", 1): 12,
        ("table", "list", 1, "more", 1): 13,
        ("items", 0): 16,
        ("items", 0, "name"): 17,
        ("items", 0, "sub", "value"): 19,
        ("items", 1): 20,
        ("items", 1, "sub", "value"): 22,
        ("items", 1, "fake"): 20,
        ("items", 1, "deep", "value"): 27,
        ("items", 1, "absent"): 20,
        ("absent",): 1,
    }
    assert {path: index.line(path) for path in expected} == expected
