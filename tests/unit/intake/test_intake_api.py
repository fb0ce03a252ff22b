"""Records of POST /calls."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.intake.api_record import profiles_by_line, record_from_api, segments_from_api
from hotline.intake.mapping import Mapper
from hotline.intake.profile import Profile
from routing.calls.record import CallRecord

CALL = {
    "line": "110",
    "external_id": "J1",
    "received_at": "2026-10-12T08:00:00+08:00",
    "transcript": "有人在楼下打架",
}


@pytest.fixture(scope="module")
def profiles(shipped: dict[str, Profile]) -> dict[str, Profile]:
    return profiles_by_line(shipped)


def taken(profiles: dict[str, Profile], **fields: Any) -> CallRecord:
    record = record_from_api(CALL | fields, profiles=profiles)
    assert isinstance(record, CallRecord), record
    return record


def test_the_smallest_record(profiles: dict[str, Profile]) -> None:
    record = taken(profiles)
    assert record.key == ("110", "J1")
    assert record.received_at == datetime(2026, 10, 12, tzinfo=UTC)
    assert record.text == "有人在楼下打架"
    assert record.source == CALL
    assert record.contact == "ticket"
    assert record.caller_withheld


def test_a_full_record(profiles: dict[str, Profile]) -> None:
    record = taken(
        profiles,
        caller_number="138 0013 8000",
        caller_name="李某",
        address="光明路12号",
        region="城东区",
        operator="接警03",
        confidential=True,
        source={"row": 5},
        extra_key="kept",
        live=True,
        request_kind="help",
        joint_units=["消防", " "],
        talk_time_s=31.5,
        satisfaction=4,
        dispatched_at="2026-10-12 08:05:00",
    )
    assert record.caller_number == "+8613800138000"
    assert record.contact == "online"
    assert record.live
    assert record.confidential
    assert record.source == {"extra_key": "kept", "row": 5}
    assert record.joint_units == ("消防",)
    assert record.dispatched_at == datetime(2026, 10, 12, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"line": "11 0"}, "line"),
        ({"line": "x" * 17}, "line"),
        ({"line": 110}, "line"),
        ({"external_id": "  "}, "external_id"),
        ({"external_id": None}, "external_id"),
        ({"received_at": "2026-10-12T08:00:00"}, "received_at"),
        ({"received_at": "昨天"}, "received_at"),
        ({"received_at": 1791763181}, "received_at"),
        ({"received_at": "0001-01-01T00:00:00+08:00"}, "received_at"),
        ({"transcript": None}, "transcript"),
        ({"transcript": 5}, "transcript"),
        ({"transcript": [{"speaker": "caller"}]}, "transcript.0.text"),
        ({"transcript": [{"text": "a", "seq": 1}, {"text": "b", "seq": 1}]}, "transcript"),
        ({"transcript": [{"text": "a", "confidence": 2}]}, "transcript.0.confidence"),
        ({"confidential": "maybe"}, "confidential"),
        ({"live": []}, "live"),
        ({"source": "x"}, "source"),
        ({"request_kind": "问"}, "request_kind"),
        ({"satisfaction": 6}, "satisfaction"),
        ({"line": "12345", "transcript": "  "}, "transcript"),
    ],
)
def test_errors_name_field_and_reason(profiles: dict[str, Profile], fields: dict[str, Any], field: str) -> None:
    errors = record_from_api(CALL | fields, profiles=profiles)
    assert not isinstance(errors, CallRecord)
    assert [error.field for error in errors] == [field]
    assert errors[0].message.endswith("。")
    assert "Value" not in errors[0].message
    assert "Input" not in errors[0].message


def test_all_missing_fields_are_told_at_once(profiles: dict[str, Profile]) -> None:
    errors = record_from_api({}, profiles=profiles)
    assert not isinstance(errors, CallRecord)
    assert {error.field for error in errors} == {"line", "external_id", "received_at", "transcript"}


def test_silence_on_110_and_live_calls_without_words_yet(profiles: dict[str, Profile]) -> None:
    assert taken(profiles, transcript="").text == ""
    assert taken(profiles, line="12345", transcript=[], live=True).text == ""
    assert taken(profiles, line="12345", transcript="", talk_time_s=12).text == ""
    assert taken(profiles, line="12329", transcript="").text == ""


@pytest.mark.parametrize("speaker", ["caller", "Caller", "来电人", "市民", "群众", "报警人", ""])
def test_the_caller_by_many_names(profiles: dict[str, Profile], speaker: str) -> None:
    said = [
        {"speaker": "operator", "text": "您好"},
        {"speaker": speaker, "text": "有人打架"},
        {"speaker": "X", "text": "嗯"},
    ]
    assert taken(profiles, transcript=said).text == "有人打架"


def test_where_nobody_is_known_as_the_caller_whoever_is_no_staff_is(profiles: dict[str, Profile]) -> None:
    said = [{"speaker": "坐席02", "text": "您好"}, {"speaker": "spk1", "text": "有人打架"}]
    assert taken(profiles, transcript=said).text == "有人打架"


def test_the_same_call_by_export_and_by_api_is_one_version(profiles: dict[str, Profile]) -> None:
    exported = Mapper(profiles["110"]).map(
        {"接警单号": "J1", "报警时间": "20261012080000", "报警内容": "有人在楼下打架 ", "报警电话": 13800138000.0}
    )
    assert isinstance(exported, CallRecord)
    assert exported.content_hash() == taken(profiles, caller_number="+86 13800138000").content_hash()


def test_more_segments(profiles: dict[str, Profile]) -> None:
    more = segments_from_api(
        [
            {"speaker": "caller", "text": "他有刀", "seq": 8, "at": "2026-10-12T08:01:00+08:00"},
            {"speaker": "agent", "text": "在哪", "seq": 7},
        ],
        profile=profiles["110"],
    )
    assert [(s.seq, s.is_caller) for s in more if not hasattr(s, "message")] == [(7, False), (8, True)]
    assert [e.field for e in segments_from_api([{"text": "a"}], profile=None) if hasattr(e, "message")] == [
        "segments.0.seq"
    ]
    assert [e.field for e in segments_from_api("x", profile=None) if hasattr(e, "message")] == ["segments"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(["text", "speaker", "seq"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from([*CALL, "caller_number", "source", "live", "joint_units", "talk_time_s", "x"]), anything
    )
)
def test_no_body_raises_and_what_is_taken_can_be_stored(profiles: dict[str, Profile], fields: dict[str, Any]) -> None:
    record = record_from_api(CALL | fields, profiles=profiles)
    if isinstance(record, CallRecord):
        stored = json.dumps(record.to_payload(), allow_nan=False, ensure_ascii=False)
        stored.encode("utf-8")
        assert CallRecord.from_payload(json.loads(stored)) == record
    else:
        assert all(error.message for error in record)


def test_what_nests_without_end_costs_itself_only(profiles: dict[str, Profile]) -> None:
    deep: Any = "ground"
    for level in range(1000):
        deep = {"a": deep} if level % 2 else [deep]
        if level == 28:
            # {source: {row: ...}} above it
            assert taken(profiles, source={"row": deep}).source == {"row": deep}
    for fields in ({"source": {"row": deep}}, {"unknown": deep}, {"transcript": deep}):
        refused = record_from_api(CALL | fields, profiles=profiles)
        assert isinstance(refused, tuple)
        assert refused
