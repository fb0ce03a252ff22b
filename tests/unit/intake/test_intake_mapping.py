"""Rows become call records, or say what to mend."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.intake.errors import FieldError
from hotline.intake.mapping import Mapper
from hotline.intake.profile import Profile
from routing.calls.record import CallRecord, Segment
from routing.errors import InvalidRequest

ROW = {"编号": "A1", "时间": "2026-10-12 08:00:00", "内容": "路灯坏了三天没人修", "电话": "13800138000"}


def mapped(profile: Profile, **cells: Any) -> CallRecord:
    record = Mapper(profile).map(ROW | cells)
    assert isinstance(record, CallRecord), record
    return record


def refused(profile: Profile, **cells: Any) -> list[FieldError]:
    errors = Mapper(profile).map(ROW | cells)
    assert not isinstance(errors, CallRecord)
    return list(errors)


def test_a_whole_form_is_mapped(city: Profile) -> None:
    record = mapped(
        city,
        姓名=" 李　某 ",
        派出所="城东派出所",
        坐席="坐席０３",
        主办="区住建局",
        协办="街道办、城管局;街道办",
        类型="投诉类",
        紧急="特急",
        保密="是",
        办结=46308.5,
        时长="00:03:25",
        满意="基本满意",
        备注="没有对应的列",
    )
    assert record.line == "12345"
    assert record.received_at == datetime(2026, 10, 12, tzinfo=UTC)
    assert record.caller_number == "+8613800138000"
    assert record.caller_name == "李 某"
    assert record.region == "城东"
    assert record.operator == "坐席03"
    assert record.lead_unit == "区住建局"
    assert record.joint_units == ("街道办", "城管局")
    assert record.request_kind == "complaint"
    assert record.urgency == "critical"
    assert record.confidential
    assert record.ended_at == datetime(2026, 10, 13, 4, tzinfo=UTC)
    assert record.talk_time_s == 205
    assert record.satisfaction == 3
    assert record.channel == "phone"
    assert record.contact == "callback"
    assert record.source["备注"] == "没有对应的列"
    assert not record.live


def test_all_faults_of_a_row_are_told_at_once(city: Profile) -> None:
    errors = refused(city, 编号=" ", 时间="昨天", 内容="", 保密="随便", 时长="很久")
    assert {error.field for error in errors} == {"编号", "时间", "内容", "保密", "时长"}
    assert all(error.message.endswith("。") for error in errors)


@pytest.mark.parametrize("key", ["2.02611E+13", 2026110812345678.0, "x" * 129])
def test_damaged_keys_are_not_taken(city: Profile, key: object) -> None:
    assert [error.field for error in refused(city, 编号=key)] == ["编号"]


def test_keys_stored_as_numbers_are_taken_whole(city: Profile) -> None:
    assert mapped(city, 编号=20261108000001.0).external_id == "20261108000001"
    assert mapped(city, 编号=202611080000012345678901).external_id == "202611080000012345678901"


def test_title_and_content_are_not_said_twice(city: Profile) -> None:
    assert mapped(city, 标题="路灯坏了", 内容="路灯坏了，三天没人修").text == "路灯坏了，三天没人修"
    assert mapped(city, 标题="路灯 坏了。", 内容="反映：路灯坏了三天").text == "反映：路灯坏了三天"
    assert mapped(city, 标题="路灯", 内容="三天没人修").text == "路灯\n三天没人修"
    assert mapped(city, 标题="路灯坏了三天没人修了", 内容="路灯坏了三天").text == "路灯坏了三天没人修了"
    assert mapped(city, 标题="只有标题", 内容="").text == "只有标题"


def test_inner_text_is_untouched(city: Profile) -> None:
    said = "第一句　１２３\r\n\t第二句"
    assert mapped(city, 内容=f"  \n{said}　\r\n").text == said


def test_a_dialogue_in_one_cell_is_cut_by_speaker(city: Profile) -> None:
    record = mapped(city, 内容="坐席01：您好，请讲。市民：路灯坏了。\n坐席：在哪里？市民： 光明路")
    assert record.segments == (
        Segment(0, "坐席", "您好，请讲。", is_caller=False),
        Segment(1, "市民", "路灯坏了。"),
        Segment(2, "坐席", "在哪里？", is_caller=False),
        Segment(3, "市民", "光明路"),
    )
    assert record.text == "路灯坏了。\n光明路"


def test_a_letter_to_the_staff_is_no_dialogue(city: Profile) -> None:
    assert mapped(city, 内容="坐席：您好！我想问路灯的事").text == "坐席：您好！我想问路灯的事"


@pytest.mark.parametrize("as_text", [False, True])
def test_segments_by_speaker(city: Profile, as_text: bool) -> None:
    said = [
        {"speaker": "坐席", "text": "您好"},
        {"speaker": "市民", "text": " 路灯坏了 ", "at": "2026-10-12 08:00:05", "confidence": 0.9, "language": "长沙话"},
        {"speaker": "旁人", "text": "快点"},
        {"speaker": "市民", "text": ""},
        "没有名字的话",
    ]
    record = mapped(city, 内容=json.dumps(said, ensure_ascii=False) if as_text else said)
    assert record.text == "路灯坏了\n没有名字的话"
    assert [segment.is_caller for segment in record.segments] == [False, True, False, True]
    assert record.segments[1].at == datetime(2026, 10, 12, 0, 0, 5, tzinfo=UTC)
    assert record.segments[1].confidence == 0.9
    assert record.segments[1].language == "长沙话"


def test_nested_keys_and_synonyms(city: Profile) -> None:
    record = Mapper(city).map({"id": "B1", "time": 1791763181000, "text": "话", "contact": {"phone": "0731-84310001"}})
    assert isinstance(record, CallRecord)
    assert record.caller_number == "+8673184310001"
    first_filled = mapped(city, 电话="", 手机="13900139000")
    assert first_filled.caller_number == "+8613900139000"


def test_how_a_call_rang(shipped: dict[str, Profile]) -> None:
    row = {"工单编号": "R1", "来电时间": "2026-10-12 08:00:00", "诉求内容": "路灯坏了三天没人修"}

    def read(**cells: Any) -> tuple[bool | None, float | None]:
        record = Mapper(shipped["12345"]).map(row | cells)
        assert isinstance(record, CallRecord), record
        return record.connected, record.ring_s

    def faults(**cells: Any) -> list[str]:
        errors = Mapper(shipped["12345"]).map(row | cells)
        assert not isinstance(errors, CallRecord)
        return [error.field for error in errors]

    assert read() == (None, None)
    assert read(是否接通="是", 振铃时长="0:08") == (True, 8)
    assert read(振铃时长="12秒") == (True, 12)
    assert read(振铃开始时间="2026-10-12 08:00:00", 应答时间="2026-10-12 08:00:21") == (True, 21)
    assert read(应答时间="2026-10-12 08:00:21") == (True, None)
    assert read(诉求内容="", 接通状态="未接", 振铃时长="35") == (False, 35)
    left_a_message = Mapper(shipped["12345"]).map(row | {"接通状态": "未接"})
    assert isinstance(left_a_message, CallRecord)
    assert not left_a_message.unanswered
    assert faults(是否接通="也许") == ["是否接通"]
    assert faults(振铃时长="很久") == ["振铃时长"]
    assert faults(振铃时长="7200") == ["振铃时长"]
    assert faults(振铃开始时间="2026-10-12 08:00:21", 应答时间="2026-10-12 08:00:00") == ["振铃时长"]
    assert faults(是否接通="否", 应答时间="2026-10-12 08:00:21") == ["是否接通"]
    assert faults(是否接通="否", 通话时长="35") == ["是否接通"]
    assert faults(诉求内容="", 振铃时长="35") == ["诉求内容"]


def test_on_110_nobody_hangs_up_unheard(shipped: dict[str, Profile]) -> None:
    row = {"接警单号": "1", "报警时间": "20261012080000", "报警内容": "", "接通状态": "放弃", "振铃时长": "6"}
    record = Mapper(shipped["110"]).map(row)
    assert isinstance(record, CallRecord)
    assert (record.connected, record.ring_s, record.unanswered) == (False, 6, False)
    assert CallRecord.from_payload(record.to_payload()) == record


def test_silence(city: Profile, shipped: dict[str, Profile]) -> None:
    assert [error.field for error in refused(city, 内容=" ")] == ["内容"]
    failed_transcription = mapped(city, 内容="", 时长="35秒")
    assert failed_transcription.text == ""
    assert failed_transcription.talk_time_s == 35
    only_staff = refused(city, 内容=[{"speaker": "坐席", "text": "您好？"}])
    assert [error.field for error in only_staff] == ["内容"]
    silent = Mapper(shipped["110"]).map({"接警单号": "1", "报警时间": "20261012080000", "报警内容": ""})
    assert isinstance(silent, CallRecord)
    assert silent.text == ""


def test_what_cannot_be_reached_by_telephone_is_a_ticket(city: Profile) -> None:
    record = mapped(city, 电话="市民不留")
    assert record.caller_withheld
    assert record.contact == "ticket"


@pytest.mark.parametrize(
    "same",
    [
        {"电话": "138 0013 8000"},
        {"电话": 13800138000.0},
        {"内容": "路灯坏了三天没人修 \n"},
        {"时间": "2026-10-12T08:00:00+08:00"},
        {"时间": 46307 + 8 / 24},
        {"姓名": "　"},
        {"没有对应的列": "变了"},
    ],
)
def test_the_same_content_written_otherwise_is_no_new_version(city: Profile, same: dict[str, Any]) -> None:
    assert mapped(city, **same).content_hash() == mapped(city).content_hash()


@pytest.mark.parametrize(
    "other",
    [
        {"电话": "13800138001"},
        {"电话": ""},
        {"内容": "路灯修好了"},
        {"时间": "2026-10-12 08:00:01"},
        {"主办": "城管局"},
        {"保密": "是"},
        {"时长": 5},
        {"编号": "A2"},
    ],
)
def test_other_content_is_a_new_version(city: Profile, other: dict[str, Any]) -> None:
    assert mapped(city, **other).content_hash() != mapped(city).content_hash()


def test_width_and_blanks_inside_the_words_are_no_new_version(city: Profile) -> None:
    one = mapped(city, 内容="光明路１２号　路灯坏了", 坐席="坐席01")
    other = mapped(city, 内容="光明路12号  路灯坏了", 坐席="坐席０１")
    assert one.text != other.text
    assert one.content_hash() == other.content_hash()


def test_a_record_survives_its_payload(city: Profile) -> None:
    record = mapped(
        city, 内容=[{"speaker": "市民", "text": "话", "at": "2026-10-12 08:00:05"}], 办结=46308.5, 协办="甲、乙"
    )
    stored = json.loads(json.dumps(record.to_payload()))
    assert CallRecord.from_payload(stored) == record
    assert CallRecord.from_payload(stored).content_hash() == record.content_hash()
    del stored["line"]
    with pytest.raises(InvalidRequest, match="line"):
        CallRecord.from_payload(stored)


any_cell = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.text()),
    st.dictionaries(st.text(), st.text()),
    st.lists(
        st.dictionaries(
            st.sampled_from(["speaker", "text", "at", "seq", "confidence", "language"]),
            st.text() | st.floats() | st.integers(),
        )
    ),
)
columns = st.sampled_from(
    ["编号", "时间", "内容", "标题", "电话", "派出所", "协办", "保密", "时长", "满意", "办结", "紧急", "别的"]
)


@given(st.dictionaries(columns, any_cell))
def test_no_cells_raise_and_what_is_taken_can_be_stored(city: Profile, cells: dict[str, Any]) -> None:
    record = Mapper(city).map(ROW | cells)
    if isinstance(record, CallRecord):
        stored = json.dumps(record.to_payload(), allow_nan=False, ensure_ascii=False)
        stored.encode("utf-8")
        assert "\\u0000" not in stored
        assert CallRecord.from_payload(json.loads(stored)) == record
    else:
        assert record
