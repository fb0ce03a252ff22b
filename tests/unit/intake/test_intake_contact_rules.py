"""Contact rules of a record: read field by field; without them a record is what it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from hotline.intake.api_record import record_from_api
from hotline.intake.profile import Profile
from routing.calls.contact_rules import ContactRules
from routing.calls.record import CallRecord

CALL = {"line": "12345", "external_id": "K1", "received_at": "2026-10-12T08:00:00+08:00", "transcript": "路灯坏了"}


def read(shipped: dict[str, Profile], rules: Any) -> Any:
    return record_from_api(CALL | {"contact_rules": rules}, profiles=shipped)


def test_what_is_asked_for_comes_with_the_record(shipped: dict[str, Profile]) -> None:
    given = {
        "safe_from": "9:00",
        "safe_until": "17：30",
        "no_sms": True,
        "other_number": "139 0000 1111",
        "note": " 找本人 ",
    }
    record = read(shipped, given)
    wanted = ContactRules(time(9), time(17, 30), no_sms=True, other_number="+8613900001111", note="找本人")
    assert record.contact_rules == wanted
    assert CallRecord.from_payload(record.to_payload()) == record
    assert record.content_hash() != replace(record, contact_rules=None).content_hash()


def test_a_record_without_them_is_as_before(shipped: dict[str, Profile]) -> None:
    plain = record_from_api(CALL, profiles=shipped)
    assert isinstance(plain, CallRecord)
    for nothing in (None, {}, {"no_sms": False, "note": ""}):
        record = read(shipped, nothing)
        assert record.contact_rules is None
        assert record.content_hash() == plain.content_hash()
    payload = plain.to_payload()
    assert payload.pop("contact_rules") is None
    assert CallRecord.from_payload(payload) == plain, "versions stored before there were any"


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"safe_from": "09:00"}, "contact_rules.safe_until"),
        ({"safe_until": "09:00"}, "contact_rules.safe_from"),
        ({"safe_from": "25:00", "safe_until": "26:00"}, "contact_rules.safe_from"),
        ({"safe_from": "上午", "safe_until": "17:00"}, "contact_rules.safe_from"),
        ({"safe_from": "09:00", "safe_until": "09:00"}, "contact_rules.safe_until"),
        ({"other_number": "139****1111"}, "contact_rules.other_number"),
        ({"other_number": "家里"}, "contact_rules.other_number"),
        ({"no_sms": "也许"}, "contact_rules.no_sms"),
        ({"note": "长" * 201}, "contact_rules.note"),
        ({"no_smss": True}, "contact_rules.no_smss"),
        ("不要打", "contact_rules"),
    ],
)
def test_errors_name_field_and_reason(shipped: dict[str, Profile], rules: Any, field: str) -> None:
    errors = read(shipped, rules)
    assert not isinstance(errors, CallRecord)
    assert field in [error.field for error in errors]
    assert all(error.message for error in errors)
