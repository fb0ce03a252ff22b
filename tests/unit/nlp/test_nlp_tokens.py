"""The accelerator cuts as jieba does, and gives way to jieba where it would not."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import ConfigError
from config.files import ConfigFiles
from nlp.calls import CALLS
from nlp.labels import read_labels
from nlp.normalise import fold
from nlp.search_tokens import search_tokens
from nlp.tokens import JiebaTokenizer, RjiebaTokenizer, lexicon_words, make_tokenizer

_WORDS = lexicon_words(ConfigFiles())


@pytest.fixture(scope="module")
def jieba() -> JiebaTokenizer:
    return JiebaTokenizer(_WORDS)


@pytest.fixture(scope="module")
def rjieba() -> RjiebaTokenizer:
    return RjiebaTokenizer(_WORDS)


def test_the_global_jieba_is_left_alone(jieba: JiebaTokenizer) -> None:
    import jieba as module

    assert jieba.inner is not module.dt
    assert "人身安全保护令" in jieba.cut("申请人身安全保护令")
    assert not module.dt.FREQ.get("人身安全保护令")


def test_written_calls_are_cut_alike(jieba: JiebaTokenizer, rjieba: RjiebaTokenizer) -> None:
    texts = [row.text for row in read_labels(sorted(CALLS.glob("*.jsonl")))]
    for text in [*texts, *map(fold, texts)]:
        assert rjieba.cut(text) == jieba.cut(text)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("我他打报警欠三万二路灯0123456789abcC#.-%+&_ \n，。😀𠮷㐂龦é"), max_size=40))
def test_mixed_script_is_cut_alike_and_loses_nothing(jieba: JiebaTokenizer, rjieba: RjiebaTokenizer, text: str) -> None:
    assert rjieba.cut(text) == jieba.cut(text)
    assert "".join(rjieba.cut(text)) == text


def test_a_probe_that_is_answered_otherwise_falls_back_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert make_tokenizer(ConfigFiles(), [("我要报警", ["我", "要报", "警"])]).name == "jieba"
    assert "我要报警" in caplog.text
    assert make_tokenizer(ConfigFiles(), [("我要报警", ["我要", "报警"])]).name == "kernel"
    assert make_tokenizer(ConfigFiles(), [], accelerate=False).name == "jieba"


def test_the_stored_probe_is_what_jieba_answers(jieba: JiebaTokenizer) -> None:
    from nlp.model import load_model

    probe = load_model().probe
    assert len(probe) >= 20
    for text, words in probe:
        assert jieba.cut(text) == list(words)


def test_a_lexicon_line_of_another_form_is_named(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "lexicon").mkdir()
    (tmp_path / "lexicon" / "words.txt").write_text("# ours\n报假警 1000 nz\n反诈中心 很多 nz\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"line 3.*frequency"):
        lexicon_words(ConfigFiles(tmp_path))


def test_search_tokens_hold_long_words_and_those_inside() -> None:
    tokens = search_tokens("我要申请劳动仲裁，電話１３８")
    assert {"劳动仲裁", "劳动", "仲裁", "电话", "138"} <= set(tokens)
    assert len(tokens) == len(set(tokens))
    assert not any(token.isspace() or token == "，" for token in tokens)
