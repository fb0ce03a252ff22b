"""Numbers of persons and accounts are hidden in every way of writing them: 100 % of more than 300 cases."""

from __future__ import annotations

import itertools

import pytest

from nlp.masking import mask_text

_DIGITS = "零一二三四五六七八九"
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def _spoken(number: str) -> str:
    return "".join(_DIGITS[int(char)] for char in number)


def _grouped(number: str, sizes: tuple[int, ...], gap: str) -> str:
    places = [0, *itertools.accumulate(sizes)]
    groups = [number[low:high] for low, high in itertools.pairwise(places)]
    return gap.join(group for group in [*groups, number[places[-1] :]] if group)


_MOBILES = [f"1{3 + i % 7}{(i * 7919 + 10203040) % 10**9:09d}" for i in range(10)]
_IDS = [
    f"{110101 + i * 10101:06d}19{60 + i}0{1 + i % 9}1{i % 9}{(i * 37 + 101) % 1000:03d}{'X' if i % 3 else i % 10}"
    for i in range(9)
]
_CARDS = [f"62{(i * 104729 + 17) % 10**14:014d}" for i in range(4)]
_CARDS += [f"6217{(i * 7907 + 3) % 10**15:015d}" for i in range(4)]
_PHONES = [f"0{10 + i}-{(i * 104729 + 22334455) % 10**8:08d}" for i in range(4)]
_NUMBERS = [
    *_MOBILES,
    *(_grouped(one, (3, 4), gap) for one in _MOBILES[:4] for gap in (" ", "-", ".", "，", "、", "/")),
    *(f"+86{one}" for one in _MOBILES[:2]),
    *(one.translate(_WIDE) for one in _MOBILES[:3]),
    *(_spoken(one) for one in _MOBILES[:4]),
    *(_spoken(one).replace("一", "幺") for one in _MOBILES[:3]),
    *_IDS,
    *(_grouped(one, (6, 8), " ") for one in _IDS[:3]),
    *(one.translate(_WIDE) for one in _IDS[:2]),
    *_CARDS,
    *(_grouped(one, (4, 4, 4), gap) for one in _CARDS[:4] for gap in (" ", "-")),
    *_PHONES,
]
_SENTENCES = [
    "我的号码是{}你记一下",
    "{}",
    "联系人王某，电话：{}。",
    "身份证{}，麻烦查一下",
    "钱打到{}这个账户了\n没到账",
    "({})",
    "加我微信wx{}",
    "QQ{}，备注维权",
]
_CASES = [sentence.format(number) for number in _NUMBERS for sentence in _SENTENCES]


def _plain(text: str) -> str:
    table = {ord(char): str(value) for value, char in enumerate(_DIGITS)} | {ord("幺"): "1"}
    table |= {ord(wide): str(value) for value, wide in enumerate("０１２３４５６７８９")}
    return text.translate(table)


def _longest_run(text: str) -> int:
    """Most digits in a row, separators inside left out."""
    kept = "".join(char for char in _plain(text) if char not in " -.,，、/+")
    runs = "".join(char if char.isdigit() else " " for char in kept).split()
    return max(map(len, runs), default=0)


def test_there_are_enough_cases() -> None:
    assert len(set(_CASES)) >= 300


@pytest.mark.parametrize("sentence", _SENTENCES)
def test_every_number_is_hidden_and_the_rest_is_kept(sentence: str) -> None:
    for number in _NUMBERS:
        text = sentence.format(number)
        masked = mask_text(text)
        assert _longest_run(masked) <= 5, text
        assert masked.count("*") >= 4, text
        assert len(masked) == len(text)
        before, after = sentence.split("{}")
        assert masked.startswith(before)
        assert masked.endswith(after)


def test_a_masked_text_stays_as_it_is() -> None:
    for text in _CASES:
        assert mask_text(mask_text(text)) == mask_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "2019-08-14去的",
        "一二三栋",
        "赔了50000元",
        "三万五千八百块",
        "12345热线",
        "川A12345",
        "1,234,567元",
        "138、139开头的",
    ],
)
def test_dates_sums_and_lines_are_no_numbers_of_persons(text: str) -> None:
    assert mask_text(text) == text
