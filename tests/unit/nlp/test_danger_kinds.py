"""The kind of a danger is guessed where no phrase names it, and the guess stays apart from what was heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.classification import Classification, Danger
from nlp.danger_kinds import NONE, KindGuess, Senses, keys_of
from nlp.model import load_model
from nlp.reader import build_reader
from nlp.reading import CallReader
from nlp.taxonomy import load_taxonomy
from nlp.training.kinds import examples

#: Danger is heard in them and no kind of it.
_UNNAMED = (
    ("高架上一辆摩托撞护栏，人飞出去了", "traffic_injury"),
    ("我爸突然倒下，眼睛睁着不说话", "medical"),
)


@pytest.fixture(scope="module")
def guess() -> KindGuess:
    table = load_model().kinds
    assert table is not None
    return KindGuess(table, Senses(ConfigFiles()))


@pytest.mark.parametrize(("text", "kind"), _UNNAMED)
def test_a_kind_no_phrase_names_is_guessed_and_not_heard(reader: CallReader, text: str, kind: str) -> None:
    danger = reader.read(text, line="110").danger
    assert danger.level >= 1
    assert kind not in danger.kinds
    assert kind in dict(danger.likely)


def test_what_was_heard_is_not_guessed_too(reader: CallReader) -> None:
    for kind, text in examples():
        danger = reader.read(text, line="110").danger
        assert not danger.kinds & dict(danger.likely).keys(), (kind, text)
        assert danger.level or not danger.likely


def test_a_guess_is_stored_and_read_back(reader: CallReader) -> None:
    answer = reader.read(_UNNAMED[0][0], line="110")
    row = answer.to_row()
    assert row["danger"]["likely_kinds"]
    assert Classification.from_row(row).to_row() == row
    # readings of before there was a guess
    del row["danger"]["likely_kinds"]
    assert Classification.from_row(row).danger.likely == ()


def test_rules_do_not_see_the_guess() -> None:
    assert Danger(1, (), (("self_harm", 0.9),)).kinds == frozenset()


def test_shares_sum_to_one_whatever_is_said(guess: KindGuess) -> None:
    for text in ("", "。。。", "a b 1", "🙂" * 50, "煤" * 3000, "我妈突然倒在地上"):
        shares = guess.shares(text)
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert min(shares.values()) >= 0


def test_a_model_without_kinds_guesses_none() -> None:
    danger = build_reader(replace(load_model(), kinds=None)).read(_UNNAMED[0][0], line="110").danger
    assert danger.likely == ()


def test_written_calls_are_of_kinds_of_the_taxonomy() -> None:
    kinds = {kind for kind, _ in examples()}
    assert kinds == {*load_taxonomy(ConfigFiles()).danger_kinds, NONE}


def test_a_sense_that_is_no_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "danger_senses.toml").write_text('[senses]\nfire = "火"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="fire"):
        Senses(ConfigFiles(tmp_path))


def test_more_words_of_a_sense_weigh_a_little_more(tmp_path: Path) -> None:
    (tmp_path / "lexicon").mkdir()
    path = tmp_path / "lexicon" / "danger_senses.toml"
    path.write_text('[senses]\nfire = ["着火", "冒黑烟", "烟"]\nwater = ["水"]\n', encoding="utf-8")
    senses = Senses(ConfigFiles(tmp_path))

    def touched(text: str) -> dict[int, float]:
        numbers, weights = senses.touched(text, keys_of(text))
        return dict(zip(numbers, weights.tolist(), strict=True))

    assert touched("冒黑了") == {}
    once, again = touched("着火了，着火了"), touched("着火了，冒黑烟")
    assert once.keys() == again.keys() == {0}
    assert 0 < once[0] < again[0] < 2 * once[0]
