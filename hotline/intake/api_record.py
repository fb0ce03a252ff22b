"""Records of ``POST /calls`` and ``POST /calls/{id}/segments`` (CONTRACT.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hotline.intake.contact_rules import ApiContactRules, read_rules
from hotline.intake.errors import FieldError
from hotline.intake.normalise import NESTING_LIMIT, cell_text, heading, json_value, phone, short, spoken, too_deep
from hotline.intake.profile import Profile
from hotline.intake.ringing import LONGEST_RING_S, Ringing, ringing
from hotline.intake.transcript import in_order
from routing.calls.contact_rules import ContactRules
from routing.calls.record import CallRecord, Contact, RequestKind, Segment

#: Who the caller and the staff are where a line's profile does not name its speakers.
CALLER_SPEAKERS = frozenset(
    [
        *("caller", "citizen", "customer", "client", "user", "来电人", "来电者", "市民", "群众", "报警人", "报案人"),
        *("咨询人", "诉求人", "当事人", "求助人", "客户", "用户"),
    ]
)
STAFF_SPEAKERS = frozenset(
    [
        *("agent", "operator", "staff", "lawyer", "police", "mediator", "system", "ivr", "坐席", "座席", "话务员"),
        *("接线员", "客服", "受理员", "律师", "接警员", "民警", "调解员", "系统", "机器人"),
    ]
)
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_FIRST_YEAR, _LAST_YEAR = 1980, 2099


def _zoned(value: Any) -> datetime:
    moment = _at(value)
    if moment.tzinfo is None:
        raise ValueError("缺少时区，应如 2026-10-12T07:59:41+08:00")
    return moment


def _at(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("应为 ISO 8601 时间，如 2026-10-12T07:59:41+08:00")
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("不是 ISO 8601 时间，应如 2026-10-12T07:59:41+08:00") from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"年份应在 {_FIRST_YEAR} 到 {_LAST_YEAR} 之间")
    return moment


def _local(value: Any) -> datetime:
    moment = _at(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=_SHANGHAI)


def _number(value: Any) -> Any:
    if isinstance(value, (bool, dict, list)):
        raise ValueError("应为文字或数字")
    return cell_text(value)


def _identifier(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return short(value) if isinstance(value, str) else value


Zoned = Annotated[datetime, BeforeValidator(_zoned)]
Local = Annotated[datetime, BeforeValidator(_local)]
Short = Annotated[str, Field(max_length=2000)]


class ApiSegment(BaseModel):
    """One segment of a transcript; ``at`` without zone is Asia/Shanghai."""

    model_config = ConfigDict(extra="ignore")

    speaker: Annotated[str, Field(max_length=100)] = ""
    text: str
    at: Local | None = None
    seq: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    language: Annotated[str, Field(max_length=40)] | None = None


class ApiCall(BaseModel):
    """One record of ``POST /calls``."""

    model_config = ConfigDict(extra="allow")

    line: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,16}$")]
    external_id: Annotated[str, BeforeValidator(_identifier), Field(min_length=1, max_length=128)]
    received_at: Zoned
    caller_number: Annotated[str, BeforeValidator(_number), Field(max_length=100)] | None = None
    caller_name: Short | None = None
    transcript: str | list[ApiSegment]
    address: Short | None = None
    region: Short | None = None
    operator: Short | None = None
    confidential: bool | None = None
    source: dict[str, Any] | None = None
    live: bool | None = None
    request_kind: RequestKind | None = None
    channel: Short | None = None
    urgency: Short | None = None
    lead_unit: Short | None = None
    joint_units: list[Short] | None = None
    dispatched_at: Local | None = None
    received_by_unit_at: Local | None = None
    ended_at: Local | None = None
    recording_number: Short | None = None
    talk_time_s: Annotated[float, Field(ge=0, le=604800)] | None = None
    satisfaction: Annotated[int, Field(ge=1, le=5)] | None = None
    contact: Literal["online", "callback", "ticket", "statistics"] | None = None
    contact_rules: ApiContactRules | None = None
    connected: Annotated[bool, Field(strict=True)] | None = None
    ring_s: Annotated[float, Field(ge=0, le=LONGEST_RING_S)] | None = None


class _Segments(BaseModel):
    segments: list[ApiSegment]


def record_from_api(item: object, *, profiles: Mapping[str, Profile]) -> CallRecord | tuple[FieldError, ...]:
    """The record of one item, or every reason why it is none.

    ``profiles`` (line -> profile) give a known line's speakers, area code and
    its rule for calls without words; other lines that look like one are taken
    too, with the general rules.
    """
    if not isinstance(item, Mapping):
        return (FieldError("", "每条来电应为一个 JSON 对象。"),)
    if too_deep(item):
        return (FieldError("", f"对象和列表嵌套超过 {NESTING_LIMIT} 层，请改正。"),)
    try:
        call = ApiCall.model_validate(item)
    except ValidationError as error:
        return _field_errors(error)
    profile = profiles.get(call.line)
    segments = _segments(call.transcript, profile)
    if isinstance(segments, FieldError):
        return (segments,)
    rang = ringing(
        call.connected, call.ring_s, words=bool(segments), talk_time_s=call.talk_time_s, live=bool(call.live)
    )
    if not isinstance(rang, Ringing):
        return rang
    if profile and not call.live and not any(s.is_caller for s in segments) and not _silence_taken(call, profile):
        return (FieldError("transcript", "没有来电人说的话，请补上。"),)
    rules = read_rules(call.contact_rules, profile) if call.contact_rules else ContactRules()
    if not isinstance(rules, ContactRules):
        return tuple(FieldError(f"contact_rules.{error.field}", error.message) for error in rules)
    number = phone(
        call.caller_number,
        area_code=profile.phone.area_code if profile else "",
        withheld=profile.withheld if profile else frozenset(),
    )
    return CallRecord(
        line=call.line,
        external_id=call.external_id,
        received_at=_utc(call.received_at),
        caller_number=number.e164,
        caller_number_raw=number.raw,
        caller_withheld=number.withheld,
        caller_name=short(call.caller_name),
        segments=segments,
        address=short(call.address),
        region=short(call.region),
        operator=short(call.operator),
        confidential=bool(call.confidential),
        request_kind=call.request_kind,
        channel=short(call.channel),
        urgency=short(call.urgency),
        lead_unit=short(call.lead_unit),
        joint_units=tuple(filter(None, map(short, call.joint_units or []))),
        dispatched_at=_utc_or_none(call.dispatched_at),
        received_by_unit_at=_utc_or_none(call.received_by_unit_at),
        ended_at=_utc_or_none(call.ended_at),
        recording_number=short(call.recording_number),
        talk_time_s=call.talk_time_s,
        satisfaction=call.satisfaction,
        contact=_contact(call, number.e164),
        source=_source(item, call),
        live=bool(call.live),
        contact_rules=rules or None,
        connected=rang.connected,
        ring_s=rang.ring_s,
    )


def segments_from_api(items: object, *, profile: Profile | None) -> tuple[Segment, ...] | tuple[FieldError, ...]:
    """More segments of a live transcript, each with its ``seq``; else the reasons, as FieldErrors."""
    try:
        parsed = _Segments.model_validate({"segments": items}).segments
    except ValidationError as error:
        return _field_errors(error)
    missing = tuple(
        FieldError(f"segments.{place}.seq", "缺少序号，请补上。") for place, s in enumerate(parsed) if s.seq is None
    )
    if missing:
        return missing
    segments = _segments(parsed, profile)
    return (segments,) if isinstance(segments, FieldError) else segments


def profiles_by_line(profiles: Mapping[str, Profile]) -> dict[str, Profile]:
    """Line -> profile, of several for a line the one named after it, else the first by name."""
    chosen: dict[str, Profile] = {}
    for stem in sorted(profiles, key=lambda stem: (stem != profiles[stem].line, stem)):
        chosen.setdefault(profiles[stem].line, profiles[stem])
    return chosen


def _segments(transcript: str | Sequence[ApiSegment], profile: Profile | None) -> tuple[Segment, ...] | FieldError:
    if isinstance(transcript, str):
        text = spoken(transcript)
        return (Segment(0, "", text),) if text else ()
    numbered = [place if s.seq is None else s.seq for place, s in enumerate(transcript)]
    if len(set(numbered)) < len(numbered):
        return FieldError("transcript", "seq 有重复，每段应各有序号。")
    speakers = [short(s.speaker) for s in transcript]
    callers = _callers(speakers, profile)
    return in_order(
        [
            Segment(
                seq=seq,
                speaker=speaker,
                text=text,
                at=_utc_or_none(s.at),
                confidence=s.confidence,
                language=short(s.language) or None,
                is_caller=is_caller,
            )
            for seq, speaker, s, is_caller in zip(numbered, speakers, transcript, callers, strict=True)
            if (text := spoken(s.text))
        ]
    )


def _callers(speakers: Sequence[str], profile: Profile | None) -> list[bool]:
    """Who of ``speakers`` is the caller; where none is known as such, all who are not known staff."""
    folded = [heading(speaker) for speaker in speakers]
    known = CALLER_SPEAKERS | (profile.caller_speakers if profile else frozenset())
    staff = STAFF_SPEAKERS | (profile.staff_speakers if profile else frozenset())
    named = [not speaker or speaker in known for speaker in folded]
    if any(named):
        return named
    return [speaker not in staff and speaker.rstrip("0123456789") not in staff for speaker in folded]


def _silence_taken(call: ApiCall, profile: Profile) -> bool:
    if call.connected is False or (call.talk_time_s and profile.text.talk_time_without_text == "accept"):
        return True
    return profile.text.empty == "accept"


def _contact(call: ApiCall, number: str | None) -> Contact:
    if call.live:
        return "online"
    return call.contact or ("callback" if number else "ticket")


def _source(item: Mapping[Any, Any], call: ApiCall) -> dict[str, Any]:
    """The original row when the sender gave one (with what the form does not know), else the item itself."""
    if call.source is None:
        return dict(json_value(dict(item)))
    return dict(json_value((call.model_extra or {}) | call.source))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _utc_or_none(moment: datetime | None) -> datetime | None:
    return None if moment is None else _utc(moment)


_REASONS = {
    "missing": "缺少，请补上。",
    "string_type": "应为文字。",
    "bool_type": "应为 true 或 false。",
    "bool_parsing": "应为 true 或 false。",
    "int_type": "应为整数。",
    "int_parsing": "应为整数。",
    "int_from_float": "应为整数。",
    "float_type": "应为数字。",
    "float_parsing": "应为数字。",
    "list_type": "应为列表。",
    "dict_type": "应为 JSON 对象。",
    "model_type": "应为 JSON 对象。",
    "extra_forbidden": "没有这一项，请核对名称。",
    "string_too_short": "不能为空。",
    "too_short": "不能为空。",
}


def _field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    found: dict[str, str] = {}
    for each in error.errors(include_url=False):
        # The union's branches (str, list) are no part of the sender's form.
        parts = [str(part) for part in each["loc"] if part not in ("str", "list[ApiSegment]")]
        found.setdefault(".".join(parts), _reason(dict(each)))
    if any(field.startswith("transcript.") for field in found):
        found.pop("transcript", None)
    elif "transcript" in found and found["transcript"] != _REASONS["missing"]:
        found["transcript"] = "应为文字，或 {speaker, text} 的列表。"
    return tuple(FieldError(field, message) for field, message in found.items())


def _reason(each: Mapping[str, Any]) -> str:
    kind, context = each["type"], each.get("ctx", {})
    if kind == "value_error":
        return f"{context['error']}。"
    if kind == "string_pattern_mismatch":
        return "应为 1 到 16 个字母、数字、下划线或连字符，如 12345。"
    if kind in {"string_too_long", "too_long"}:
        return f"最多 {context['max_length']} 个字。"
    if kind in {"greater_than_equal", "less_than_equal", "less_than"}:
        bound = context.get("ge", context.get("le", context.get("lt")))
        return f"超出范围（{'最小' if kind == 'greater_than_equal' else '最大'} {bound}）。"
    if kind == "literal_error":
        return f"应为 {context['expected'].replace(' or ', ', ')} 之一。"
    return str(_REASONS.get(kind, f"不可用（{each['msg']}）。"))
