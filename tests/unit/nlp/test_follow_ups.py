"""Who comes back to an earlier matter says little of it, and must never be closed as a call about nothing."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from nlp.classification import ROUTES
from nlp.deep.embedding import Embedder
from nlp.deep.model import load_second
from nlp.deep.reader import SecondReader
from nlp.features import Floats
from nlp.model import DEFAULT_FOLDER
from nlp.reading import CallReader, always_reviewed

_COMING_BACK = [
    "我之前打过电话说那个事 现在怎么样了",
    "上次跟你们反映的那个问题处理得怎么样了啊",
    "我那个事情有结果了没有",
    "你好 我上礼拜打的电话 那个事办到哪一步了",
    "之前那个工单怎么还没人回我",
    "我想问下我前几天说的那个事",
    "喂 你们不是说三天给我回复吗 都一个礼拜了",
    "那件事还要等多久",
    "我想催一下我那个单子",
    "就是上回那个事呀 你们登记了的",
    "前天有人打电话给我说会处理 后来就没下文了",
    "我再问一下那个结果出来没",
    "请问之前登记的事项有进展吗",
    "你们给我回个电话吧",
    "我刚刚打过来的 说到一半掉线了",
    "说好下午打给我的 一直没人联系",
    "还是那件事 麻烦你们给个话",
    "昨天打进来的 那个小伙子接的 他答应今天给我回话",
    "我的诉求编号查一下 受理了没有",
    "都半个月了 一点消息都没有 帮我催催",
]
_NOTHING_SAID = [
    "哎呀打错了打错了，不好意思",
    "没事没事，小孩子乱按的",
    "喂，喂，听得见吗，算了",
    "我就试试电话通不通",
    "不好意思啊我要找的是快递公司，拨错号了",
]


class _Misleading(Embedder):
    """Vectors of a training call about nothing: the second reader is made to say so of everything."""

    def __init__(self, vector: Floats) -> None:
        self._vector = vector

    def vector(self, original: str) -> Floats:
        return self._vector


@pytest.fixture(scope="module")
def misled(reader: CallReader) -> SecondReader:
    model = load_second(DEFAULT_FOLDER)
    place = int(model.weights[:, ROUTES.index("invalid")].argmax())
    vector = model.centres[place].astype(np.float32) / 127 + model.mean
    return SecondReader(reader, model, _Misleading(vector), threading.Lock())


@pytest.mark.parametrize("text", _COMING_BACK)
def test_a_question_after_an_earlier_matter_is_heard_and_never_surely_invalid(
    reader: CallReader, misled: SecondReader, text: str
) -> None:
    first = reader.read(text, line="12345")
    assert "earlier_matter" in {cue.kind for cue in first.cues}
    for answer in (first, misled.sharpen(first, text, line="12345")):
        assert answer.review or answer.route != "invalid"


@pytest.mark.parametrize("text", _NOTHING_SAID)
def test_calls_about_nothing_come_back_to_nothing(reader: CallReader, text: str) -> None:
    assert "earlier_matter" not in {cue.kind for cue in reader.read(text, line="12345").cues}


def test_the_rule_is_for_what_would_be_closed_alone() -> None:
    assert always_reviewed("invalid", "12345", 0, {"earlier_matter"})
    assert always_reviewed("invalid", "12348", 0, {"earlier_matter"})
    assert not always_reviewed("dispute", "12345", 0, {"earlier_matter"})
    assert not always_reviewed("invalid", "12345", 0, set())
