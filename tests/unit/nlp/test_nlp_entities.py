"""Entities, numerals and masking."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.masking import mask_address, mask_number, mask_text
from nlp.numerals import parse_number
from nlp.reading import CallReader


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("三万二", 32_000), ("三千五", 3_500), ("三千零五", 3_005), ("两万八", 28_000), ("一百二十", 120),
        ("十五", 15), ("二十", 20),
        ("一千二百三十四", 1_234),
        ("18.5万", 185_000), ("3,980", 3_980), ("二〇二四", 2_024),
        ("一亿三千万", 130_000_000), ("百", 100),
        ("两百五", 250), ("10万", 100_000), ("叁仟", 3_000),
    ],
)  # fmt: skip
def test_numerals_as_people_say_them(said: str, value: float) -> None:
    assert parse_number(said) == value


@given(st.integers(min_value=1, max_value=99_999_999))
def test_arabic_numerals_mean_themselves(number: int) -> None:
    assert parse_number(str(number)) == number


@pytest.mark.parametrize(
    ("kind", "text", "words", "value"),
    [
        ("amount", "他欠我三万二一直不给", "三万二", 32_000),
        ("amount", "一共是18.5万元工程款", "18.5万元", 185_000),
        ("amount", "押金两千五百块钱没退", "两千五百块钱", 2_500),
        ("persons_affected", "我们二十三个工友都没拿到", "二十三个工友", 23),
        ("persons_affected", "小区一百二十户业主受影响", "一百二十户", 120),
        ("duration", "拖了三个月了", "三个月", 90),
        ("duration", "已经一年半没有消息", "一年半", 547.5),
        ("duration", "等了半小时", "半小时", 0.021),
        ("date", "去年五月签的字", "去年五月", None),
        ("date", "2023年4月12日那天", "2023年4月12日", None),
        ("phone", "电话是138-0000-1111", "138-0000-1111", "13800001111"),
        ("phone", "电话是１３８００００１１１１", "１３８００００１１１１", "13800001111"),
        ("id_card", "身份证510101199003071234", "510101199003071234", "510101199003071234"),
        ("bank_card", "卡号6222021234567890123", "6222021234567890123", "6222021234567890123"),
        ("plate", "车牌川A12345跑了", "川A12345", "川A12345"),
        ("organisation", "我在县人民医院看的", "县人民医院", None),
        ("organisation", "楼道堆满杂物，恳请县住建局来看看", "县住建局", None),
        ("organisation", "自来水公司的人说下周才修", "自来水公司", None),
        ("organisation", "想和家政公司解约", "家政公司", None),
        ("address", "就在幸福路12号3栋2单元", "幸福路12号3栋2单元", None),
        ("address", "住在天府三街", "天府三街", None),
    ],
)
def test_entities_with_their_values(
    reader: CallReader, kind: str, text: str, words: str, value: float | str | None
) -> None:
    found = [(entity.kind, entity.text, entity.value) for entity in reader.read(text).entities]
    assert (kind, words, value) in found


@pytest.mark.parametrize(
    "text",
    [
        "车棚一直锁着，要求物业打开", "业委会去要账本，物业不给看", "请派出所帮忙查一下", "想跟对方公司当面谈",
        "骗我说银行卡被冻结了", "金额不大派出所不立案", "我是一名大学生", "年底又换公司了", "跑了一趟银行",
    ],
)  # fmt: skip
def test_a_request_or_a_common_word_before_a_tail_makes_no_name(reader: CallReader, text: str) -> None:
    assert [entity.text for entity in reader.read(text).entities if entity.kind == "organisation"] == []


@pytest.mark.parametrize(
    "text", ["一直没人管", "一定要处理", "一个人在家", "半夜两点", "万一出事怎么办", "三年级的学生", "路上有水"]
)
def test_what_is_no_entity_is_left_alone(reader: CallReader, text: str) -> None:
    kinds = {entity.kind for entity in reader.read(text).entities}
    assert not kinds & {"amount", "duration", "persons_affected", "address"}


@pytest.mark.parametrize(
    "text",
    [
        "老人走路不稳摔了一跤", "我在路上跟人问路", "半路车坏了", "一路走好", "铁路边的护栏破了", "过马路的时候被撞",
        "马路中间有个坑", "公路上有块石头", "修路修了半年", "门口那条路坑坑洼洼", "他拦路要钱", "迷路了找不到家",
        "电路短路了", "网络线路不通", "断头路什么时候通", "12路公交不来", "公交5路停了", "坐十二路去的", "套路贷骗人",
        "死路一条", "逛街的时候丢了包", "整条街都停电", "扫街的环卫", "当街打人", "跳广场舞太吵", "十字路口红灯不亮",
        "整个小区停电", "老旧小区加电梯", "隔壁小区放炮", "居民社区", "后花园漏水", "老年公寓收费",
    ],
)  # fmt: skip
def test_common_words_are_no_addresses(reader: CallReader, text: str) -> None:
    assert [entity.text for entity in reader.read(text).entities if entity.kind == "address"] == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("二环路堵死了", "二环路"), ("车停在纬一路", "纬一路"), ("我住中山一路", "中山一路"), ("就在大同路", "大同路"),
        ("半山路塌了", "半山路"), ("人民路口红灯坏了", "人民路口"), ("铁路新村停水", "铁路新村"),
        ("走马街着火", "走马街"), ("南大街有人打架", "南大街"), ("万达广场门口", "万达广场"),
        ("翠湖花园停电", "翠湖花园"), ("滨江公寓漏水", "滨江公寓"), ("在五一路", "五一路"),
    ],
)  # fmt: skip
def test_names_that_end_like_common_words_stay_addresses(reader: CallReader, text: str, place: str) -> None:
    assert place in [entity.text for entity in reader.read(text).entities if entity.kind == "address"]


def _digits(draw: random.Random, count: int) -> str:
    return "".join(draw.choices("0123456789", k=count))


def _numbers() -> list[tuple[str, str]]:
    """More than 300 numbers in the ways people write and say them, with their plain digits."""
    draw = random.Random(11)
    cases: list[tuple[str, str]] = []
    spoken = str.maketrans("0123456789", "零一二三四五六七八九")
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    for _ in range(40):
        mobile = "1" + draw.choice("3456789") + _digits(draw, 9)
        card = "6222" + _digits(draw, 15)
        person = (
            _digits(draw, 6)
            + f"19{draw.randint(50, 99)}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
            + _digits(draw, 3)
        )
        person += draw.choice("0123456789Xx")
        landline = "0" + _digits(draw, 2) + "8" + _digits(draw, 7)
        cases += [
            (mobile, mobile),
            (f"{mobile[:3]}-{mobile[3:7]}-{mobile[7:]}", mobile),
            (f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}", mobile),
            ("+86" + mobile, mobile),
            (mobile.translate(wide), mobile),
            (mobile.translate(spoken), mobile),
            (card, card),
            (" ".join(card[i : i + 4] for i in range(0, 19, 4)), card),
            (person, person),
            (f"{landline[:3]}-{landline[3:]}", landline),
        ]
    return cases


def test_all_of_400_numbers_are_masked() -> None:
    back = str.maketrans("０１２３４５６７８９零一二三四五六七八九", "01234567890123456789")
    cases = _numbers()
    assert len(cases) >= 300
    for written, plain in cases:
        for frame in ("{}", "电话{}，请回", "我叫某某，{}。", "号{}号"):
            text = frame.format(written)
            masked = mask_text(text)
            assert len(masked) == len(text)
            assert masked.count("*") >= 3
            kept = "".join(char for char in masked.translate(back) if char.isascii() and char.isalnum())
            assert plain.lower() not in kept.lower()
            assert len(kept) <= len(plain) + 2 - 3


@pytest.mark.parametrize(
    ("number", "masked"),
    [("13800001111", "138****1111"), ("510101199003071234", "510***********1234"), ("12345", "*****"), ("", "")],
)
def test_the_shown_form_of_a_masked_number(number: str, masked: str) -> None:
    assert mask_number(number) == masked


@pytest.mark.parametrize(
    "text",
    ["2019-08-14签的合同", "2023年4月12日", "打12345没人接", "欠我三万二千五百元", "110和12348", "住3栋2单元501"],
)
def test_dates_lines_and_sums_are_not_masked(text: str) -> None:
    assert mask_text(text) == text


@given(st.text(max_size=80))
def test_masking_never_fails_and_keeps_the_length(text: str) -> None:
    assert len(mask_text(text)) == len(text)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("梧桐巷7号2单元301室", "梧桐巷*号*单元***室"),
        ("东湖路128号附3号", "东湖路***号附*号"),
        ("A市A3区幸福小区12栋3单元5楼", "A市A3区幸福小区**栋*单元*楼"),
        ("建设路甲12号，联系13800001111", "建设路***号，联系138****1111"),
        ("人民医院门口", "人民医院门口"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_its_door(written: str, shown: str) -> None:
    assert mask_address(written) == shown
