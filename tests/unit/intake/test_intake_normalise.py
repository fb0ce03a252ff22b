"""Short fields, numbers and what may be stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.intake.normalise import cell_text, heading, is_blank, json_value, phone, short, spoken, storable


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        13800138000,
        13800138000.0,
        "13800138000.0",
        "1.3800138000E+10",
        " 138 0013 8000 ",
        "138-0013-8000",
        "１３８００１３８０００",
        "+86 138 0013 8000",
        "0086-13800138000",
        "8613800138000",
        "013800138000",
        "'13800138000",
        "13800138000\u200b",
        "电话：13800138000",
        "13800138000/13900139000",
        "13800138000、0731-84310001",
        "(138)00138000",
    ],
)
def test_a_mobile_number_is_the_same_however_it_is_written(written: object) -> None:
    assert phone(written).e164 == "+8613800138000"
    assert not phone(written).withheld


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("0731-84310001", "+8673184310001"),
        ("(0731)84310001", "+8673184310001"),
        ("0731 8431 0001", "+8673184310001"),
        ("0731-84310001-802", "+8673184310001"),
        ("0731-84310001转802", "+8673184310001"),
        ("+86-731-84310001", "+8673184310001"),
        ("01062345678", "+861062345678"),
        ("00852 2123 4567", "+85221234567"),
    ],
)
def test_land_lines_and_foreign_numbers(written: str, e164: str) -> None:
    assert phone(written).e164 == e164


def test_a_land_line_without_area_code_needs_the_profile_s() -> None:
    assert phone("84310001").e164 is None
    assert phone("84310001", area_code="0731").e164 == "+8673184310001"
    assert phone("13800138000", area_code="0731").e164 == "+8613800138000"


@pytest.mark.parametrize(
    "written", ["", None, "  ", "未知", "匿名", "保密", "0", "000000", 0, 0.0, "-", "NULL", "Anonymous"]
)
def test_withheld_numbers(written: object) -> None:
    assert phone(written).withheld
    assert phone(written).e164 is None


def test_a_number_that_excel_rounded_is_not_guessed() -> None:
    assert phone("7.3184310001E+10").e164 == "+8673184310001"
    assert phone("7.3184315E+10", area_code="0731").e164 is None


def test_a_city_s_own_word_for_withheld() -> None:
    assert not phone("市民不留").withheld
    assert phone("市民不留", withheld=frozenset({"市民不留"})).withheld


@pytest.mark.parametrize("written", ["110", "12345", "1.38E+10", "138001380001", "打不通", "1380013800", "99999999999"])
def test_what_is_no_public_number_is_kept_but_not_withheld(written: str) -> None:
    number = phone(written)
    assert number.e164 is None
    assert not number.withheld
    assert number.raw == written


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans()))
def test_reading_a_number_never_raises(value: object) -> None:
    number = phone(value, area_code="0731")
    assert number.e164 is None or number.e164.startswith("+")
    assert not (number.withheld and number.e164)


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.sampled_from(["", " ", "-", "　"]),
    st.sampled_from(["", "+86", "0086"]),
)
def test_every_mobile_number_survives_its_spelling(digits: str, gap: str, prefix: str) -> None:
    assert phone(f"{prefix}{gap}{digits[:3]}{gap}{digits[3:7]}{gap}{digits[7:]}").e164 == f"+86{digits}"


def test_short_fields_are_folded() -> None:
    assert short("　城东 区\n光明路１２号\x07 ") == "城东 区 光明路12号"
    assert short(12.0) == "12"
    assert short(None) == ""


def test_the_caller_s_words_only_lose_white_space_at_their_ends() -> None:
    said = "我在１２楼　等了　半天\r\n没人来"
    assert spoken(f" \n{said}  \r\n") == said


@given(st.text())
def test_what_is_stored_keeps_its_length_and_holds_nothing_postgres_refuses(text: str) -> None:
    kept = storable(text)
    assert len(kept) == len(text)
    assert "\x00" not in kept
    kept.encode("utf-8")


@pytest.mark.parametrize(
    "written",
    ["来电时间", "来电时间（必填）", " 来电 时间 ", "来电时间：", "*来电时间", "【必填】来电时间", "\ufeff来电时间"],
)
def test_headings_compare_equal(written: str) -> None:
    assert heading(written) == "来电时间"


def test_blank_cells() -> None:
    assert all(is_blank(cell) for cell in (None, "", " ", "　", "\u200b", "\ufeff ", float("nan"), [], {}))
    assert not any(is_blank(cell) for cell in (0, 0.0, False, "0", "a", [1]))


def test_cells_read_as_a_person_sees_them() -> None:
    assert cell_text(20261012000001.0) == "20261012000001"
    assert cell_text(2.5) == "2.5"
    assert cell_text(True) == "是"


def test_the_original_is_kept_as_plain_json() -> None:
    kept = json_value({"a": [float("inf"), "x\x00", {"b": None}], 3: True})
    assert kept == {"a": [None, "x\ufffd", {"b": None}], "3": True}
