"""Why a call is looked at again, the draw that anybody can repeat, and kappa with its interval."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest

from config.errors import ConfigError
from config.files import ConfigFiles
from routing.supervision.agreement import FEWEST, agreement
from routing.supervision.figures import agreement_figures
from routing.supervision.reasons import drawn, reasons_of
from routing.supervision.rules import load_supervision

DAY = date(2026, 3, 2)


def test_the_draw_is_the_same_again_and_near_its_share():
    keys = [f"12345:T{n}" for n in range(20_000)]
    first = [key for key in keys if drawn("2026", DAY, key, 0.05)]
    assert first == [key for key in keys if drawn("2026", DAY, key, 0.05)]
    assert 900 < len(first) < 1100
    assert first != [key for key in keys if drawn("2027", DAY, key, 0.05)], "another seed, another sample"
    assert first != [key for key in keys if drawn("2026", date(2026, 3, 3), key, 0.05)], "another day, another sample"
    # a greater share draws the same calls and more
    assert set(first) < {key for key in keys if drawn("2026", DAY, key, 0.2)}
    assert not any(drawn("2026", DAY, key, 0) for key in keys)
    # as the page tells it, so that somebody can draw again with other tools
    number = int(hashlib.sha256(b"review:s:2026-03-02:12345:A").hexdigest()[:16], 16) / 2**64
    assert not drawn("s", DAY, "12345:A", number - 1e-9)
    assert drawn("s", DAY, "12345:A", number + 1e-9)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, []),
        ({"confidence": 0.64}, ["uncertain"]),
        ({"review": True}, ["uncertain"]),
        ({"closed_by_machine": True}, ["closed_by_machine"]),
        ({"confidence": 0.2, "closed_by_machine": True}, ["uncertain", "closed_by_machine"]),
    ],
)
def test_reasons(changes, wanted):
    rules = load_supervision()
    key = next(f"110:{n}" for n in range(100) if not drawn(rules.seed, DAY, f"110:{n}", rules.sample_share))
    sampled = next(f"110:{n}" for n in range(1000) if drawn(rules.seed, DAY, f"110:{n}", rules.sample_share))
    call = {"day": DAY, "call_key": key, "confidence": 0.9, "review": False, "closed_by_machine": False, **changes}
    assert reasons_of(rules, **call) == wanted
    assert reasons_of(rules, **(call | {"call_key": sampled})) == [*wanted, "sample"]


def test_kappa_of_a_known_table():
    # two judges on 50 cases: 20 both yes, 15 both no, 5 and 10 apart; kappa 0.4 as in any textbook
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    found = agreement(pairs)
    assert found.share == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)
    # standard error by Fleiss, Cohen and Everitt, worked out by hand: 0.1268
    assert found.low == pytest.approx(0.4 - 1.96 * 0.1268, abs=0.002)
    assert found.high == pytest.approx(0.4 + 1.96 * 0.1268, abs=0.002)
    assert found.per_class("y").kappa == pytest.approx(0.4)
    assert (found.per_class("y").first, found.per_class("y").second, found.per_class("y").both) == (25, 30, 20)


def test_kappa_at_its_ends():
    assert agreement([]).kappa is None
    assert agreement([("a", "a")] * 30).kappa is None, "one class only: chance explains all"
    every = agreement([("a", "a")] * 10 + [("b", "b")] * 10)
    assert (every.kappa, every.high) == (1.0, 1.0)
    assert 0.6 < every.low < 0.8, "twenty calls do not prove that all agree"
    assert agreement([("a", "b")] * 5 + [("b", "a")] * 5).kappa == pytest.approx(-1.0)
    few = agreement([("a", "a"), ("b", "b"), ("a", "b")][: FEWEST - 1])
    assert few.kappa is not None
    assert few.low is None, "too few to tell"


def test_figures_by_week_class_and_danger():
    rows = [
        {
            "day": date(2026, 3, day),
            "read_route": "dispute",
            "route": route,
            "read_danger": danger,
            "danger": 1,
            "read_topic": "labour",
            "topic": "labour",
        }
        for day, route, danger in ((2, "dispute", 1), (8, "dispute", 0), (9, "invalid", 2))
    ]
    found = agreement_figures(rows, "supervisors", "week")
    assert [(step["day"], step["pairs"], step["agreed"]) for step in found["over_time"]] == [
        (date(2026, 3, 2), 2, 2),
        (date(2026, 3, 9), 1, 0),
    ]
    assert (found["danger"]["missed"], found["danger"]["false"]) == (1, 0)
    assert found["topic"]["share"] == 1
    dispute = next(one for one in found["classes"] if one["name"] == "dispute")
    assert (dispute["machine"], dispute["person"], dispute["both"]) == (3, 2, 2)


def test_rules_that_cannot_be_used_are_named(tmp_path):
    text = ConfigFiles().read("supervision.toml")
    (tmp_path / "supervision.toml").write_text(text.replace("share = 0.05", "share = 5"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[sample\] share needs a number from 0 to 1"):
        load_supervision(ConfigFiles(tmp_path))
