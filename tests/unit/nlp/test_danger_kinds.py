"""The kind of a danger that no phrase tells of, by the example sentences it resembles."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.danger_kinds import EXAMPLES, DangerKinds
from nlp.reading import CallReader
from nlp.taxonomy import load_taxonomy

KINDS = DangerKinds(ConfigFiles(), load_taxonomy(ConfigFiles()).danger_kinds)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("救护车快来，我妈倒在地上不答应", "medical"),
        ("厨房着火了，全是烟", "fire"),
        ("", None),
        ("xyz 123", None),
        ("报警时间", None),
    ],
)
def test_a_sentence_is_of_the_kind_it_resembles(text: str, kind: str | None) -> None:
    assert KINDS.likely(text) == kind


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_has_a_kind_or_none(text: str) -> None:
    assert KINDS.likely(text) in {None, *load_taxonomy(ConfigFiles()).danger_kinds}


def test_a_danger_without_a_phrase_has_the_kind_of_its_examples(reader: CallReader) -> None:
    danger = reader.read("隧道里好几辆车撞成一团，有人趴在地上起不来，快来人", line="110").danger
    assert danger.level >= 1
    assert danger.kinds - {"other_danger"}


def test_fraud_alone_makes_no_noise(reader: CallReader) -> None:
    danger = reader.read("我妈现在正在给骗子转账，对方自称公安，让她转到安全账户，快点来人", line="110").danger
    quiet = reader.read("有人自称公安，现在正让我妈把钱转到安全账户，马上就要转了", line="110").danger
    assert "fraud_in_progress" in danger.kinds & quiet.kinds
    assert quiet.level == 1


def test_examples_under_no_kind_are_told_with_their_line(tmp_path: Path) -> None:
    folder = tmp_path / "lexicon"
    folder.mkdir()
    (tmp_path / EXAMPLES).write_text("# c\n[nonsense]\n他打我\n", encoding="utf-8")
    files = ConfigFiles(tmp_path)
    with pytest.raises(ConfigError, match="line 2: 'nonsense' is no kind"):
        DangerKinds(files, load_taxonomy(files).danger_kinds)
