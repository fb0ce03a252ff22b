"""A raw row becomes a call record, by its line's profile."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

from hotline.intake.errors import FieldError
from hotline.intake.normalise import cell_text, heading, is_blank, json_value, phone, short
from hotline.intake.profile import TEXT_FIELDS, TIME_FIELDS, Profile
from hotline.intake.ringing import Ringing, ringing, seconds_of_ringing, was_connected
from hotline.intake.times import UnreadableTime
from hotline.intake.transcript import segments_of
from hotline.intake.values import UnreadableValue, duration_s, request_kind, satisfaction, units, yes_or_no
from routing.calls.record import CallRecord, Contact

_T = TypeVar("_T")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")
_ID_LIMIT = 128
_SHAPES_KEPT = 1000


class Mapper:
    """Maps the rows of one line; keeps what it learned about the shapes of rows."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._shapes: dict[tuple[str, ...], dict[str, tuple[tuple[str, ...], ...]]] = {}

    def map(self, cells: Mapping[str, Any]) -> CallRecord | tuple[FieldError, ...]:
        """The record of one row, or every reason why it is none."""
        return _RowMapping(self._profile, self._values(cells), cells).record()

    def _values(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Field -> first cell that is not blank, in the profile's order of headings."""
        shape = tuple(cells)
        paths = self._shapes.get(shape)
        if paths is None:
            paths = self._paths(shape)
            if len(self._shapes) < _SHAPES_KEPT:
                self._shapes[shape] = paths
        values: dict[str, Any] = {}
        for field, candidates in paths.items():
            for path in candidates:
                value = cells[path[0]] if len(path) == 1 else _walk(cells, path)
                if not is_blank(value):
                    values[field] = value
                    break
        return values

    def _paths(self, shape: tuple[str, ...]) -> dict[str, tuple[tuple[str, ...], ...]]:
        by_heading: dict[str, str] = {}
        for name in shape:
            by_heading.setdefault(heading(name), name)
        paths: dict[str, tuple[tuple[str, ...], ...]] = {}
        for field, column in self._profile.columns.items():
            found: list[tuple[str, ...]] = []
            for name, key in zip(column.names, column.keys, strict=True):
                first, *rest = name.split(".")
                if key in by_heading:
                    found.append((by_heading[key],))
                elif rest and first in shape:
                    found.append((first, *rest))
            if found:
                paths[field] = tuple(found)
        return paths


def _walk(cells: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = cells
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


class _RowMapping:
    """One row on its way; gathers all errors instead of stopping at the first."""

    def __init__(self, profile: Profile, values: dict[str, Any], cells: Mapping[str, Any]) -> None:
        self._profile = profile
        self._values = values
        self._cells = cells
        self._errors: list[FieldError] = []

    def record(self) -> CallRecord | tuple[FieldError, ...]:
        profile = self._profile
        external_id = self._external_id()
        times = {field: self._time(field) for field in TIME_FIELDS}
        texts = {field: self._text(field) for field in TEXT_FIELDS}
        number = phone(self._values.get("caller_number"), area_code=profile.phone.area_code, withheld=profile.withheld)
        segments = segments_of([self._values.get(part) for part in profile.text.join], profile)
        talk_time_s = self._read("talk_time_s", duration_s, "应为秒数或 时:分:秒")
        rang = self._ringing(talk_time_s, words=bool(segments))
        if not any(segment.is_caller for segment in segments) and rang.connected is not False:
            self._check_silence(talk_time_s)
        confidential = self._read("confidential", yes_or_no, "应为 是 或 否")
        for field in profile.required:
            if field not in ("external_id", "received_at") and field not in self._values:
                self._fail(field, "缺少，请补上。")
        received_at = times["received_at"]
        if received_at is None or self._errors:
            return tuple(self._errors)
        return CallRecord(
            line=profile.line,
            external_id=external_id,
            received_at=received_at,
            caller_number=number.e164,
            caller_number_raw=number.raw,
            caller_withheld=number.withheld,
            caller_name=texts["caller_name"],
            segments=segments,
            address=texts["address"],
            region=texts["region"],
            operator=texts["operator"],
            confidential=bool(confidential),
            request_kind=request_kind(texts["request_kind"]),
            channel=texts["channel"],
            urgency=texts["urgency"],
            lead_unit=texts["lead_unit"],
            joint_units=units(self._values.get("joint_units")),
            dispatched_at=times["dispatched_at"],
            received_by_unit_at=times["received_by_unit_at"],
            ended_at=times["ended_at"],
            recording_number=texts["recording_number"],
            talk_time_s=talk_time_s,
            satisfaction=satisfaction(self._text("satisfaction")),
            contact=self._contact(number.e164),
            connected=rang.connected,
            ring_s=rang.ring_s,
            source=json_value(dict(self._cells)),
        )

    def _external_id(self) -> str:
        value = self._values.get("external_id")
        text = short(value)
        if not text:
            self._fail("external_id", "缺少编号，请补上。")
        elif _SCIENTIFIC.fullmatch(text):
            self._fail("external_id", f"“{text}”是科学计数法，末几位已丢失。请填回完整编号（单元格设为文本）。")
        elif isinstance(value, float) and abs(value) >= 1e15:
            self._fail("external_id", f"“{text}”超过 15 位却存成数字，末位已丢失。请填回完整编号（单元格设为文本）。")
        elif len(text) > _ID_LIMIT:
            self._fail("external_id", f"编号有 {len(text)} 个字，最多 {_ID_LIMIT} 个。请检查各列是否错位。")
        return text

    def _time(self, field: str) -> datetime | None:
        value = self._values.get(field)
        try:
            moment = self._profile.times.read(value)
        except UnreadableTime:
            shown = cell_text(value).strip()[:40]
            self._fail(field, f"“{shown}”不是能识别的时间。请改成如 2026-10-12 07:59:41 的写法。")
            return None
        if moment is None and field == "received_at":
            self._fail(field, "缺少时间，请补上，如 2026-10-12 07:59:41。")
        return moment

    def _text(self, field: str) -> str:
        profile = self._profile
        if field not in self._values:
            return str(profile.constants.get(field, ""))
        text = short(self._values[field])
        mapped = profile.values.get(field, {}).get(text.casefold())
        if mapped is not None:
            return mapped
        column = profile.columns[field]
        if column.pattern is not None and (found := column.pattern.search(text)):
            return found[1] or ""
        return text

    def _read(self, field: str, read: Callable[[str], _T], wanted: str) -> _T | None:
        text = self._text(field)
        if not text:
            return None
        try:
            return read(text)
        except UnreadableValue:
            self._fail(field, f"“{text[:40]}”看不懂，{wanted}。")
            return None

    def _ringing(self, talk_time_s: float | None, *, words: bool) -> Ringing:
        """By the columns that tell of it; of lines that have none, nothing."""
        values = self._values
        if not ("ring_s" in values or "connected" in values or "rang_at" in values or "answered_at" in values):
            return Ringing()
        connected = self._read("connected", was_connected, "应为 是（接通）或 否（未接通）")
        ring_s = self._read("ring_s", duration_s, "应为秒数或 分:秒")
        answered_at = self._time("answered_at")
        if ring_s is None:
            ring_s = seconds_of_ringing(self._time("rang_at"), answered_at)
        if connected is False and answered_at is not None:
            self._fail("connected", "未接通却有应答时间，请改正其一。")
        if connected is None and answered_at is not None:
            connected = True
        found = ringing(connected, ring_s, words=words, talk_time_s=talk_time_s)
        if isinstance(found, Ringing):
            return found
        for error in found:
            self._fail(error.field, error.message)
        return Ringing(connected, ring_s)

    def _contact(self, number: str | None) -> Contact:
        constant = self._text("contact")
        if constant in ("online", "callback", "ticket", "statistics"):
            return cast(Contact, constant)
        return "callback" if number else "ticket"

    def _check_silence(self, talk_time_s: float | None) -> None:
        """A call without words: by the profile taken as it is, or sent back."""
        text = self._profile.text
        if talk_time_s and text.talk_time_without_text == "accept":
            return
        if text.empty == "reject":
            self._fail(text.join[-1], "没有内容，请补上来电人说的话。")

    def _fail(self, field: str, message: str) -> None:
        self._errors.append(FieldError(self._profile.label(field), message))
