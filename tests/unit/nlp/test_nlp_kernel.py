"""The compiled kernel gives what numpy and jieba give, and the reader does without it where it is not there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.files import ConfigFiles
from nlp.calls import CALLS
from nlp.engine import BEST_ROUTE, DANGER_COLUMN, ArrayEngine, Findings
from nlp.kernel import build, library
from nlp.kernel.cutting import KernelTokenizer
from nlp.kernel.engine import KernelEngine
from nlp.labels import read_labels
from nlp.model import load_model
from nlp.normalise import normalise, normalise_many
from nlp.reading import CallReader
from nlp.tokens import JiebaTokenizer, lexicon_words, make_tokenizer

_PIECES = st.sampled_from(
    [
        "我老公打我",
        "老板欠我三万二",
        "10-15",
        "3.5%",
        "a.b_c",
        "。",
        "\n",
        " ",
        "煤气漏了",
        "声声声",
        "😀",
        "㐂",
        "龦",
        "é",
        ",",
        "点外卖",
        "abc",
    ]
)
_TEXTS = st.one_of(st.text(max_size=60), st.lists(st.one_of(_PIECES, st.text(max_size=3)), max_size=14).map("".join))


@pytest.fixture(scope="module")
def written() -> list[str]:
    return [row.text for row in read_labels(sorted(CALLS.glob("*.jsonl")))]


@pytest.fixture(scope="module")
def kernel() -> KernelTokenizer:
    return KernelTokenizer(lexicon_words(ConfigFiles()))


@pytest.fixture(scope="module")
def jieba() -> JiebaTokenizer:
    return JiebaTokenizer(lexicon_words(ConfigFiles()))


@pytest.fixture(scope="module")
def plain(reader: CallReader, jieba: JiebaTokenizer) -> ArrayEngine:
    return ArrayEngine(load_model(), jieba, reader.finder)


def test_written_calls_are_cut_as_jieba_cuts_them(
    kernel: KernelTokenizer, jieba: JiebaTokenizer, written: list[str]
) -> None:
    for text in written:
        assert kernel.cut(text) == jieba.cut(text)
        assert kernel.cut_for_search(text) == jieba.cut_for_search(text)


@settings(max_examples=150, deadline=None)
@given(text=_TEXTS)
def test_any_text_is_cut_as_jieba_cuts_it(kernel: KernelTokenizer, jieba: JiebaTokenizer, text: str) -> None:
    folded = normalise(text).text
    assert kernel.cut(folded) == jieba.cut(folded)


def _rounded(findings: list[Findings]) -> list[object]:
    return [
        (
            [round(share, 4) for share in found.routes],
            round(found.danger_margin, 3),
            [code for code, _ in found.topics],
            sorted(found.hits, key=repr),
            [(start, end, round(weight, 3)) for start, end, weight in found.shown],
        )
        for found in findings
    ]


def test_both_engines_find_the_same(reader: CallReader, plain: ArrayEngine, written: list[str]) -> None:
    texts = [normal.text for normal in normalise_many(written)]
    assert isinstance(reader.engine, KernelEngine)
    for column in (BEST_ROUTE, DANGER_COLUMN):
        assert _rounded(reader.engine.find(texts, column)) == _rounded(plain.find(texts, column))


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(_TEXTS, min_size=1, max_size=5))
def test_both_engines_find_the_same_in_any_text(reader: CallReader, plain: ArrayEngine, texts: list[str]) -> None:
    normal = [one.text for one in normalise_many(texts)]
    ours, theirs = reader.engine.find(normal, BEST_ROUTE), plain.find(normal, BEST_ROUTE)
    for one, other in zip(ours, theirs, strict=True):
        assert one.routes == pytest.approx(other.routes, abs=1e-4)
        assert one.danger_margin == pytest.approx(other.danger_margin, abs=1e-3)
        assert one.hits == other.hits


def test_more_phrases_than_foreseen_are_all_heard(reader: CallReader, plain: ArrayEngine) -> None:
    text = "路街" * 4000
    (ours,) = reader.engine.find([text], BEST_ROUTE)
    assert len(ours.hits) == len(plain.find([text], BEST_ROUTE)[0].hits) == 8000


def test_a_call_reads_alike_alone_in_a_batch_and_in_threads(reader: CallReader, written: list[str]) -> None:
    items = [(text, "110") for text in written]
    together = reader.read_batch(items)
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(lambda item: reader.read(item[0], line=item[1]), items))
    assert together == alone


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(library, "_LIBRARY", tmp_path / "none.so")
    library.load_library.cache_clear()
    yield
    monkeypatch.undo()
    library.load_library.cache_clear()


@pytest.mark.usefixtures("no_library")
def test_without_the_library_the_next_tokenizer_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert make_tokenizer(ConfigFiles(), []).name == "rjieba"
    assert "kernel is not there" in caplog.text
    assert normalise("來電人：我要  報警").text == "我要 报警"


def test_a_machine_without_a_compiler_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "LIBRARY", tmp_path / "_kernel.so")
    monkeypatch.setattr(build, "compiler", lambda: None)
    assert build.build() == "no C compiler was found"
    assert not (tmp_path / "_kernel.so").exists()
