"""The second reader: when it is asked, how both are joined, and that everything works without it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp.classification import Classification
from nlp.deep import reader as deep
from nlp.deep.embedding import Embedder, embedded_text
from nlp.deep.model import load_second, save_second
from nlp.deep.reader import BothReaders, SecondReader, load_second_reader
from nlp.errors import ModelError
from nlp.features import Floats
from nlp.model import DEFAULT_FOLDER
from nlp.reading import CallReader

_SURE = "我的摩托车昨晚停在楼下被人偷走了，监控里看到是两个男的推走的，我要报案"
_UNSURE = "那个事情你们帮我看看，隔壁的，上次也说过"


class _Fixed(Embedder):
    """One vector for every text, and how often it was asked."""

    def __init__(self, vector: Floats) -> None:
        self._vector = vector
        self.asked = 0

    def vector(self, original: str) -> Floats:
        self.asked += 1
        return self._vector


@pytest.fixture
def second(reader: CallReader) -> SecondReader:
    model = load_second(DEFAULT_FOLDER)
    # the vector of a training call of the police
    place = int(model.weights[:, 0].argmax())
    vector = model.centres[place].astype(np.float32) / 127 + model.mean
    return SecondReader(reader, model, _Fixed(vector), threading.Lock())


def test_it_is_asked_where_the_first_is_unsure_or_somebody_is_on_the_line(
    reader: CallReader, second: SecondReader
) -> None:
    sure, unsure = reader.read(_SURE, line="110"), reader.read(_UNSURE)
    assert not second.wants(sure)
    assert second.wants(sure, live=True)
    assert second.wants(unsure)
    assert not second.wants(reader.read(""), live=True)


def test_both_are_joined_and_danger_stays_the_first_ones(reader: CallReader, second: SecondReader) -> None:
    first = reader.read(_UNSURE)
    both = second.sharpen(first, _UNSURE)
    assert dict(both.ranking)["police_incident"] > dict(first.ranking)["police_incident"]
    assert sum(share for _, share in both.ranking) == pytest.approx(1, abs=1e-4)
    assert both.ranking[0] == (both.route, both.confidence)
    assert (both.danger, both.cues, both.entities) == (first.danger, first.cues, first.entities)
    assert both.model == f"{first.model}+{second.model.name}"
    for span in both.evidence:
        assert _UNSURE[span.start : span.end] == span.text


def test_in_a_batch_only_unsure_calls_are_asked_about_and_no_more_than_wanted(
    reader: CallReader, second: SecondReader
) -> None:
    items = [(_SURE, "110"), (_UNSURE, None), (_UNSURE, "12345")]
    everyone, one = BothReaders(second), BothReaders(second, most=1)
    answers: list[Classification] = everyone.read_batch(items)
    assert (everyone.asked, everyone.read_calls) == (2, 3)
    assert [answer.model == second.name for answer in answers] == [False, True, True]
    one.read_batch(items)
    assert one.asked == 1


def test_silence_on_110_stays_with_a_person_however_sure_both_are(reader: CallReader, second: SecondReader) -> None:
    first = reader.read("喂，我要点外卖，一份牛肉面，送到幸福里三栋", line="110")
    assert second.sharpen(first, "喂，我要点外卖，一份牛肉面，送到幸福里三栋", line="110").review


def test_without_the_package_or_for_another_first_model_there_is_none(
    reader: CallReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert load_second_reader(reader, tmp_path) is None
    monkeypatch.setattr(deep, "available", lambda: False)
    assert load_second_reader(reader) is None
    monkeypatch.undo()
    save_second(replace(load_second(DEFAULT_FOLDER), first="first-another"), tmp_path)
    assert load_second_reader(reader, tmp_path) is None


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "second.npz").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="second model"):
        load_second(tmp_path)


@pytest.mark.skipif(not deep.available(), reason="the extra [deep] is not installed")
def test_the_real_engine_reads_any_text(reader: CallReader) -> None:
    second = load_second_reader(reader)
    assert second is not None
    for text in ("", "\0\ud800", "我" * 20_000, _UNSURE):
        assert len(embedded_text(text)) <= 401
        answer = second.sharpen(reader.read(text), text)
        assert answer.model == second.name
    norm = float(np.linalg.norm(second.embedder.vector(_UNSURE)))
    assert norm == pytest.approx(1, abs=1e-3)
