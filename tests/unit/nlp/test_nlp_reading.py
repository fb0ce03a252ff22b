"""What the shipped reader says about calls written for these tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nlp.classification import Classification, Route
from nlp.reader import load_reader
from nlp.reading import CallReader

_ROUTES: list[tuple[Route, str, str]] = [
    ("police_incident", "110", "我的摩托车昨晚停在楼下被人偷走了，监控里看到是两个男的推走的，我要报案"),
    ("police_incident", "110", "我被人骗了，对方冒充客服说我快递丢了要理赔，让我转了三万块钱，现在把我拉黑了"),
    ("police_incident", "110", "有人在饭店里打架，拿啤酒瓶把人头打破了，你们快派人过来"),
    ("legal_consultation", "12348", "律师你好，我想咨询一下公司辞退我没给赔偿，我去申请劳动仲裁的话能要多少钱"),
    ("legal_consultation", "12345", "请问父亲去世没有立遗嘱，房子在他一个人名下，我们兄妹三个应该怎么继承"),
    ("legal_consultation", "110", "我想问一下我借钱给朋友只有微信记录没有借条，去法院起诉能不能赢"),
    ("dispute", "12345", "楼上装修把我家天花板砸漏水了，找他赔他不认账，你们帮我调解一下让他赔钱"),
    ("dispute", "12345", "老板欠我们十几个人三个月工资，一直拖着不给，我们就想把工钱要回来"),
    ("dispute", "12345", "健身房关门了不退我的年卡钱，我要求退两千八"),
    ("non_police_help", "12345", "我们小区门口的路灯坏了好几天了，麻烦派人来修一下"),
    ("non_police_help", "12345", "请问医保异地报销需要带什么材料，去哪个窗口办理"),
    ("non_police_help", "12345", "建议在学校门口增加一个红绿灯，公交车的班次也太少了"),
    ("invalid", "12345", "哎呀不好意思打错了打错了，我找移动客服的，再见"),
    ("invalid", "12345", "喂喂，能听到吗，没事没事，我就试试电话能不能打通，挂了啊"),
]


@pytest.mark.parametrize(("route", "line", "text"), _ROUTES)
def test_plain_calls_get_their_class(reader: CallReader, route: Route, line: str, text: str) -> None:
    assert reader.read(text, line=line).route == route


_DANGERS: list[tuple[str, int, str]] = [
    ("weapon", 2, "楼下有个男的拿着砍刀追人，快来人啊"),
    ("violence", 2, "我老公喝了酒正在打我，掐我脖子，救命"),
    ("self_harm", 2, "有个小姑娘坐在楼顶边上哭，说不想活了要往下跳，你们快来"),
    ("fire", 2, "我们楼道电瓶车着火了，浓烟往上冒，老人下不来，赶紧派消防"),
    ("gas", 2, "厨房燃气泄漏了，味道特别大，我头晕，快来人"),
    ("child_missing", 1, "我四岁的儿子在商场走丢了，找了半小时找不到，急死了"),
    ("captivity", 1, "我被他们关在宾馆里不让走，手机马上没电了，快来救我"),
    ("medical", 2, "我爸突然晕倒了，叫不醒，没有呼吸了，快叫救护车"),
    ("drowning", 2, "有个孩子掉进河里了，正在水里扑腾，快来救人"),
]


@pytest.mark.parametrize(("kind", "level", "text"), _DANGERS)
def test_danger_is_heard_with_its_kind_and_words(reader: CallReader, kind: str, level: int, text: str) -> None:
    danger = reader.read(text, line="110").danger
    assert danger.level >= level
    assert kind in danger.kinds


@pytest.mark.parametrize(
    "text",
    [
        "我想问一下前年我跟人打架被拘留过，现在能不能考公务员",
        "请问公积金怎么提取，需要什么材料",
        "老板欠我工资不给，我要求他把钱结清",
        "我不是报警，没有人打架，也没有人受伤，就是想让你们劝他把车挪一下",
        "建议公交车延长末班车时间",
        "我的社保卡丢了，去哪里补办",
        "我八十多了，走不动了，你们能不能上门来",
    ],
)
def test_no_noise_where_nothing_happens_now(reader: CallReader, text: str) -> None:
    assert reader.read(text, line="12345").danger.level < 2


_CUES: list[tuple[str, str, str, str]] = [
    ("violence_or_control", "12348", "我要离婚，他经常打我，还不让我出门", "打我"),
    ("minor", "12345", "我女儿今年才十二岁，在学校被同学欺负", "十二岁"),
    ("legal_deadline", "12348", "我的案子明天开庭，律师还没请，怎么办", "明天开庭"),
    ("legal_deadline", "12348", "我老公昨天被拘留了，家属能不能见", "被拘留"),
    ("legal_deadline", "12348", "判决书下来了，上诉期还剩几天", "上诉期"),
    ("officer_wanted", "110", "两家为停车吵起来了，麻烦派个民警来看看", "派个民警"),
    ("legal_question", "12345", "邻居在楼道装摄像头对着我家门，这样违法吗", "违法吗"),
    ("veiled_call", "110", "你好我要点外卖，来一份牛肉面送到幸福里三栋", "点外卖"),
]


@pytest.mark.parametrize(("kind", "line", "text", "words"), _CUES)
def test_cues_carry_the_words_heard(reader: CallReader, kind: str, line: str, text: str, words: str) -> None:
    heard = [cue.text for cue in reader.read(text, line=line).cues if cue.kind == kind]
    assert any(words in cue for cue in heard)


@pytest.mark.parametrize("text", ["", "   ", "……", "（无人说话）", "（电流声）（挂断）", "喂喂（无应答，电话挂断）"])
def test_silence_on_110_is_a_cue_and_goes_to_a_person(reader: CallReader, text: str) -> None:
    answer = reader.read(text, line="110")
    assert "silence" in {cue.kind for cue in answer.cues}
    assert answer.review


def test_silence_answered_by_staff_is_still_silence(reader: CallReader) -> None:
    text = "（风声，没有人说话）坐席：您好，这里是报警台，请讲，听得到吗，请讲？（挂断）"
    answer = reader.read(text, line="110")
    assert "silence" in {cue.kind for cue in answer.cues}
    assert answer.review


@pytest.mark.parametrize(
    "text",
    [
        "邻居拿扫帚敲打我家门口的地垫，麻烦你们来劝一劝",
        "房东趁我上班把我锁换了，东西还在里面，我要拿东西",
        "他没打我，就是说话难听，想让社区说和一下",
        "能不能请妇联帮忙劝劝我儿媳妇让我看看孙子",
    ],
)
def test_false_friends_are_no_violence_between_the_parties(reader: CallReader, text: str) -> None:
    assert "violence_or_control" not in {cue.kind for cue in reader.read(text, line="12345").cues}


def test_a_veiled_call_on_110_goes_to_a_person(reader: CallReader) -> None:
    text = "你好，我想订一份外卖，宫保鸡丁饭，送到阳光花园五栋，快一点"
    assert reader.read(text, line="110").review
    assert "veiled_call" in {cue.kind for cue in reader.read(text, line="110").cues}


def test_invalid_on_110_is_never_left_without_a_person(reader: CallReader) -> None:
    answer = reader.read("哎呀打错了打错了，不好意思，再见", line="110")
    assert answer.route == "invalid"
    assert answer.review


def test_nothing_said_is_invalid_and_reviewed(reader: CallReader) -> None:
    for line in (None, "110", "12345"):
        answer = reader.read("", line=line)
        assert (answer.route, answer.review, answer.confidence) == ("invalid", True, 1.0)


def test_danger_does_not_change_the_class(reader: CallReader) -> None:
    answer = reader.read("小区燃气管道漏气了，味道很大，燃气公司电话打不通，麻烦通知他们来抢修", line="12345")
    assert answer.route == "non_police_help"
    assert answer.danger.level >= 1


def test_batches_of_any_shape_give_the_same_answers(reader: CallReader) -> None:
    items = [(text, line) for _, line, text in _ROUTES] * 20 + [("", "110")]
    together = reader.read_batch(items)
    alone = [reader.read(text, line=line) for text, line in items[:15]]
    assert [answer.to_row() for answer in together[:15]] == [answer.to_row() for answer in alone]


def test_without_evidence_all_else_is_the_same(reader: CallReader) -> None:
    bare = load_reader(with_evidence=False)
    for _, line, text in _ROUTES:
        full, short = reader.read(text, line=line).to_row(), bare.read(text, line=line).to_row()
        assert short["evidence"] == []
        assert full["ranking"] == short["ranking"]
        assert full["danger"] == short["danger"]


def _score(answer: Classification, route: Route) -> float:
    return dict(answer.ranking)[route]


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    hidden = {place for start, end in spans for place in range(start, end)}
    return "".join(char for place, char in enumerate(text) if place not in hidden)


def test_removing_the_evidence_lowers_the_class_more_than_removing_random_words(reader: CallReader) -> None:
    draw = np.random.default_rng(4)
    drops, random_drops = [], []
    for _, line, text in _ROUTES:
        full = reader.read(text, line=line)
        if not full.evidence:
            continue
        spans = [(e.start, e.end) for e in full.evidence]
        drops.append(_score(full, full.route) - _score(reader.read(_without(text, spans), line=line), full.route))
        for _ in range(5):
            moved = [
                (start, start + e - s) for s, e in spans for start in [int(draw.integers(0, len(text) - (e - s) + 1))]
            ]
            left = reader.read(_without(text, moved), line=line)
            random_drops.append(_score(full, full.route) - _score(left, full.route))
    assert len(drops) >= 10
    assert np.mean(drops) > np.mean(random_drops)


def test_evidence_shows_neither_greetings_nor_single_characters(reader: CallReader) -> None:
    for _, line, text in _ROUTES:
        for piece in reader.read("您好，请问一下，" + text + "，谢谢", line=line).evidence:
            assert len(piece.text) >= 2
            assert piece.text not in {"您好", "请问", "谢谢"}
            assert 0 < piece.weight <= 1
