"""The lexicon's patterns: what they match, what surroundings do to them, what errors say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.danger import DangerLexicon
from nlp.features import FeatureSpace
from nlp.phrases import Label, PhraseFinder, compile_phrase, load_phrases
from nlp.reading import CallReader
from nlp.taxonomy import load_taxonomy

_SPACE = FeatureSpace({}, 17)
_LABEL = Label("test", "violence", 2, firm=False)


def _found(say: str, text: str) -> list[str]:
    finder = PhraseFinder([compile_phrase(say, _LABEL)], _SPACE)
    hits = finder.find([text], _SPACE.occurrences([text], [text, "\n"]))[0]
    return [text[hit.start : hit.end] for hit in hits]


@pytest.mark.parametrize(
    ("say", "text", "found"),
    [
        ("掐|勒 ..4 脖子", "他用手掐住我的脖子", ["掐住我的脖子"]),
        ("掐|勒 ..2 脖子", "他用手掐住了我的脖子", []),
        ("掐|勒 ..9 脖子", "他掐我。我的脖子疼", []),
        ("救命|来人", "救命啊快来人", ["救命", "来人"]),
        ("打 我|她", "他打我也打她", ["打我", "打她"]),
        ("刀", "拿刀", ["刀"]),
        ("刀|菜刀", "拿菜刀", ["菜刀"]),
    ],
)
def test_patterns(say: str, text: str, found: list[str]) -> None:
    assert _found(say, text) == found


@given(before=st.text(max_size=30), after=st.text(max_size=30))
def test_a_phrase_is_found_wherever_it_stands(before: str, after: str) -> None:
    text = (before + "不想活了" + after).encode("utf-8", "replace").decode()
    assert "不想活了" in _found("不想活了|活不下去", text)


@given(st.text(min_size=2, max_size=2))
def test_a_single_bucket_is_that_of_the_batch(two: str) -> None:
    two = two.encode("utf-8", "replace").decode().replace("\n", "x")
    found = _SPACE.occurrences([two], [two, "\n"])
    assert found.two.tolist()[:1] == [_SPACE.character_row(two[:2])]
    assert found.one.tolist()[:1] == [_SPACE.character_row(two[0])]


def _sightings(reader: CallReader, text: str) -> list[tuple[str, int, bool]]:
    lexicon = DangerLexicon(ConfigFiles(), load_taxonomy())
    hits = reader.finder.find([text], reader.space.occurrences([text], [text, "\n"]))[0]
    return [(s.hit.phrase.kind, s.level, s.weak) for s in lexicon.sightings(text, hits)]


def test_negation_undoes_a_phrase(reader: CallReader) -> None:
    assert ("violence", 1, False) in _sightings(reader, "他打我")
    assert not any(kind == "violence" for kind, _, _ in _sightings(reader, "他没打我"))


def test_fear_and_the_past_weaken_a_phrase(reader: CallReader) -> None:
    assert ("weapon", 2, False) in _sightings(reader, "他拿着菜刀")
    assert ("weapon", 1, True) in _sightings(reader, "去年他拿着菜刀来过")
    assert ("weapon", 1, True) in _sightings(reader, "我怕他拿着菜刀来")


def test_a_negation_that_belongs_to_the_phrase_keeps_it(reader: CallReader) -> None:
    assert any(kind == "medical" for kind, _, _ in _sightings(reader, "我爸叫不醒"))


def test_heard_plainly_is_level_one_at_least(reader: CallReader) -> None:
    filler = "建议公园增加长椅，方便老人休息，公交也请加密班次。" * 6
    assert reader.read(filler).danger.level == 0
    assert reader.read(filler + "我们家厨房现在煤气泄漏了。").danger.level >= 1


def _overlay(tmp_path: Path, text: str) -> ConfigFiles:
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "danger.toml").write_text(text, encoding="utf-8")
    return ConfigFiles(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[phrases]]\nkind = 'nonsense'\nsay = ['救命']\n", "nonsense"),
        ("[[phrases]]\nkind = 'fire'\nsay = ['..4']\n", "has no words"),
        ("[[phrases]]\nkind = 'fire'\nsay = ['| 火']\n", "empty part"),
        ("not toml", "no valid TOML"),
    ],
)
def test_errors_name_the_file_and_the_pattern(tmp_path: Path, text: str, says: str) -> None:
    files = _overlay(tmp_path, text)
    with pytest.raises(ConfigError, match=says) as error:
        load_phrases(files, "lexicon/danger.toml", load_taxonomy().danger_kinds)
    assert "danger.toml" in str(error.value)


def test_the_surroundings_must_be_given(tmp_path: Path) -> None:
    files = _overlay(tmp_path, "[[phrases]]\nkind = 'fire'\nsay = ['着火']\n")
    with pytest.raises(ConfigError, match="negated"):
        DangerLexicon(files, load_taxonomy())


def test_taxonomy_holds_the_five_routes(tmp_path: Path) -> None:
    taxonomy = load_taxonomy()
    assert taxonomy.routes["dispute"] == "矛盾纠纷"
    assert len(taxonomy.topics) == 27
    (tmp_path / "taxonomy.toml").write_text("[routes]\na = 'b'\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="topics"):
        load_taxonomy(ConfigFiles(tmp_path))
