"""Line profiles: how one system's export becomes call records (docs/line-profiles.md).

A profile is one file ``config/lines/NAME.toml``; a city adds or overlays files,
no code.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from config.errors import ConfigError
from config.files import ConfigFiles
from hotline.intake.errors import ProfileError
from hotline.intake.normalise import heading, short
from hotline.intake.times import NAMED_FORMS, TimeFormError, TimeReader, time_reader
from routing.calls.record import CONTACTS, REQUEST_KINDS

Kind = Literal["csv", "xlsx", "xls", "json", "jsonl"]
#: What every line code looks like.
LINE_PATTERN = re.compile(r"[0-9A-Za-z_-]{1,16}")

TIME_FIELDS = ("received_at", "dispatched_at", "received_by_unit_at", "ended_at")
TEXT_FIELDS = (
    "caller_name",
    "address",
    "region",
    "operator",
    "request_kind",
    "channel",
    "urgency",
    "lead_unit",
    "recording_number",
)
#: Of these only the seconds between them are kept (``CallRecord.ring_s``).
RINGING_TIMES = ("rang_at", "answered_at")
OTHER_FIELDS = (
    *("external_id", "caller_number", "confidential", "joint_units", "talk_time_s", "satisfaction", "contact"),
    *("connected", "ring_s"),
)
#: Every field of a call record a column may be mapped to.
FIELDS = TIME_FIELDS + RINGING_TIMES + TEXT_FIELDS + OTHER_FIELDS


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class FileTable(_Table):
    """[file]: how the rows stand in the file."""

    encoding: str = "auto"
    delimiter: str = "auto"
    sheet: str = ""
    header_search: int = Field(default=30, ge=1, le=1000)
    records: Names = ("records",)


class TimeTable(_Table):
    """[time]: zone and the forms tried in order."""

    zone: str = "Asia/Shanghai"
    formats: tuple[str, ...] = ("iso", "excel")


class PhoneTable(_Table):
    """[phone]: what the numbers of this city need."""

    area_code: str = Field(default="", pattern=r"^(0\d{2,3})?$")
    withheld: tuple[str, ...] = ()


class TextTable(_Table):
    """[text]: where the caller's words stand."""

    join: tuple[str, ...] = ("content",)
    empty: Literal["reject", "accept"] = "reject"
    talk_time_without_text: Literal["reject", "accept"] = "accept"
    dialogue: bool = False


class SpeakerTable(_Table):
    """[speakers]: who of the speakers is the caller."""

    caller: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    unknown: Literal["caller", "staff"] = "staff"


class SegmentTable(_Table):
    """[segment_columns]: the keys of one segment in JSON."""

    speaker: Names = ("speaker", "role", "说话人")
    text: Names = ("text", "content", "内容")
    at: Names = ("at", "time", "时间")
    seq: Names = ("seq",)
    confidence: Names = ("confidence",)
    language: Names = ("language", "lang")


class ColumnTable(_Table):
    """One entry of [columns]: headings in order of preference, and an optional pattern."""

    names: Names
    pattern: str = ""


class _ProfileFile(_Table):
    name: str = Field(min_length=1)
    line: str = Field(pattern=r"^[0-9A-Za-z_-]{1,16}$")
    kinds: tuple[Kind, ...] = Field(min_length=1)
    required: tuple[str, ...] = ("external_id", "received_at")
    file: FileTable = FileTable()
    time: TimeTable = TimeTable()
    phone: PhoneTable = PhoneTable()
    text: TextTable = TextTable()
    speakers: SpeakerTable = SpeakerTable()
    segment_columns: SegmentTable = SegmentTable()
    columns: dict[str, Annotated[ColumnTable, BeforeValidator(lambda v: v if isinstance(v, dict) else {"names": v})]]
    constants: dict[str, str | bool | int] = {}
    values: dict[str, dict[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Column:
    """Where one field stands: folded headings in order of preference."""

    names: tuple[str, ...]
    """As the profile writes them; the first is the name told to people."""
    keys: tuple[str, ...]
    """The same, folded for comparing."""
    pattern: re.Pattern[str] | None
    """Its first group is the value; a cell that does not match counts as it stands."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One validated line profile."""

    path: str
    """Name below the configuration folder, such as ``lines/110.toml``."""
    title: str
    line: str
    kinds: tuple[Kind, ...]
    required: tuple[str, ...]
    file: FileTable
    times: TimeReader
    time_forms: tuple[str, ...]
    phone: PhoneTable
    withheld: frozenset[str]
    text: TextTable
    caller_speakers: frozenset[str]
    staff_speakers: frozenset[str]
    unknown_is_caller: bool
    turn: re.Pattern[str] | None
    """Where in a text a turn begins (group 1 names the speaker); None: texts are not cut into turns."""
    segment_columns: SegmentTable
    columns: dict[str, Column]
    constants: dict[str, str | bool | int]
    values: dict[str, dict[str, str]]
    """Field -> folded cell -> value; an empty value drops the cell."""

    def label(self, field: str) -> str:
        """The heading people know a field by."""
        column = self.columns.get(field)
        return column.names[0] if column else field

    def is_caller(self, speaker: str) -> bool:
        """Whether ``speaker`` is the caller; an unnamed speaker is."""
        folded = heading(speaker)
        if folded in self.caller_speakers or not folded:
            return True
        return self.unknown_is_caller and folded not in self.staff_speakers


def load_profiles(files: ConfigFiles) -> dict[str, Profile]:
    """All profiles by file stem. Raises ProfileError for the first that cannot be used."""
    loaded = {}
    for name in files.names("lines", ".toml"):
        loaded[name.removeprefix("lines/").removesuffix(".toml")] = parse_profile(name, _read(files, name))
    return loaded


def profile_for(files: ConfigFiles, line: str) -> Profile:
    """The profile for ``--line``: a file's stem, else the only profile of that line code.

    Raises ProfileError listing what there is.
    """
    profiles = load_profiles(files)
    if line in profiles:
        return profiles[line]
    matching = sorted(stem for stem, profile in profiles.items() if profile.line == line)
    if len(matching) == 1:
        return profiles[matching[0]]
    if matching:
        raise ProfileError(f"线路 {line} 有多个档案，请用 --line 指明其一：{'、'.join(matching)}。")
    known = "、".join(sorted(profiles)) or "（无）"
    raise ProfileError(f"没有线路 {line} 的档案；现有：{known}。请改用其中之一，或在 lines/ 下新增 {line}.toml。")


def parse_profile(path: str, text: str) -> Profile:
    """Validate one profile file; raises ProfileError naming file, line, key and reason."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}：TOML 语法错误，{error}。") from error
    try:
        parsed = _ProfileFile.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        keys = [str(part) for part in first["loc"]]
        raise _fault(path, text, keys, _REASONS.get(first["type"], first["msg"])) from error
    _check_columns(path, text, parsed)
    _check_constants(path, text, parsed)
    return _build(path, text, parsed)


_REASONS = {
    "missing": "缺少这一项，请补上",
    "extra_forbidden": "没有这一项，请检查拼写",
    "string_type": "应为文字",
    "tuple_type": "应为列表",
    "dict_type": "应为表",
    "bool_type": "应为 true 或 false",
}


def _read(files: ConfigFiles, name: str) -> str:
    try:
        return files.read(name)
    except ConfigError as error:
        raise ProfileError(str(error)) from error


def _check_columns(path: str, text: str, parsed: _ProfileFile) -> None:
    for field in parsed.columns:
        if field not in FIELDS and field not in parsed.text.join:
            known = "、".join((*FIELDS, *parsed.text.join))
            raise _fault(path, text, ["columns", field], f"不是来电记录的字段，也不在 [text] join 里；可用：{known}")
        if not parsed.columns[field].names:
            raise _fault(path, text, ["columns", field], "至少要有一个列名")
    for part in parsed.text.join:
        if part not in parsed.columns:
            raise _fault(path, text, ["text", "join"], f"{part} 没有列在 [columns] 里")
    for field in ("external_id", "received_at"):
        if field not in parsed.columns:
            raise _fault(path, text, ["columns", field], "缺少这一项，请补上")
    for field in parsed.required:
        if field not in parsed.columns:
            raise _fault(path, text, ["required"], f"{field} 没有列在 [columns] 里")


def _check_constants(path: str, text: str, parsed: _ProfileFile) -> None:
    for field, value in parsed.constants.items():
        if field not in (*TEXT_FIELDS, "contact", "confidential"):
            raise _fault(path, text, ["constants", field], "这个字段不能是常量")
        _check_code(path, text, ["constants", field], field, value)
    for field, values in parsed.values.items():
        if field not in (*TEXT_FIELDS, "confidential", "satisfaction", "contact"):
            raise _fault(path, text, ["values", field], "这个字段没有取值对照")
        for cell, value in values.items():
            _check_code(path, text, ["values", field, cell], field, value)


def _check_code(path: str, text: str, keys: list[str], field: str, value: object) -> None:
    codes: tuple[str, ...] = {"request_kind": tuple(REQUEST_KINDS), "contact": tuple(CONTACTS)}.get(field, ())
    if codes and value != "" and value not in codes:
        raise _fault(path, text, keys, f"{value!r} 不可用，应为：{'、'.join(codes)}")
    if field == "confidential" and not isinstance(value, bool) and value not in {"true", "false", ""}:
        raise _fault(path, text, keys, "应为 true 或 false")
    if field == "satisfaction" and not re.fullmatch(r"\d{0,3}", str(value)):
        raise _fault(path, text, keys, "应为数字")


def _build(path: str, text: str, parsed: _ProfileFile) -> Profile:
    try:
        zone = ZoneInfo(parsed.time.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise _fault(path, text, ["time", "zone"], f"没有时区 {parsed.time.zone}") from error
    try:
        times = time_reader(parsed.time.formats, zone)
    except TimeFormError as error:
        known = "、".join(NAMED_FORMS)
        raise _fault(path, text, ["time", "formats"], f"{error} 不可用；可用：{known} 或 %Y%m%d 之类") from error
    if parsed.file.encoding != "auto":
        try:
            "".encode(parsed.file.encoding)
        except LookupError as error:
            raise _fault(path, text, ["file", "encoding"], f"没有编码 {parsed.file.encoding}") from error
    if parsed.file.delimiter != "auto" and len(parsed.file.delimiter) != 1:
        raise _fault(path, text, ["file", "delimiter"], "应为 auto 或一个字符")
    return Profile(
        path=path,
        title=parsed.name,
        line=parsed.line,
        kinds=parsed.kinds,
        required=parsed.required,
        file=parsed.file,
        times=times,
        time_forms=parsed.time.formats,
        phone=parsed.phone,
        withheld=frozenset(word.casefold() for word in parsed.phone.withheld),
        text=parsed.text,
        caller_speakers=frozenset(map(heading, parsed.speakers.caller)),
        staff_speakers=frozenset(map(heading, parsed.speakers.staff)),
        unknown_is_caller=parsed.speakers.unknown == "caller",
        turn=_turn(parsed.speakers) if parsed.text.dialogue else None,
        segment_columns=parsed.segment_columns,
        columns={field: _column(path, text, field, column) for field, column in parsed.columns.items()},
        constants=parsed.constants,
        values={
            field: {short(cell).casefold(): value for cell, value in values.items()}
            for field, values in parsed.values.items()
        },
    )


def _turn(speakers: SpeakerTable) -> re.Pattern[str] | None:
    names = sorted({*speakers.caller, *speakers.staff}, key=len, reverse=True)
    if not names:
        return None
    spelled = "|".join(map(re.escape, names))
    return re.compile(
        rf"(?:^|(?<=[\s。！？!?；;，,、….”」）)]))[【\[(（]?({spelled})\s?\d{{0,6}}号?[】\])）]?[ \t]*[：:][ \t]*",
        re.MULTILINE | re.IGNORECASE,
    )


def _column(path: str, text: str, field: str, column: ColumnTable) -> Column:
    pattern = None
    if column.pattern:
        try:
            pattern = re.compile(column.pattern)
        except re.error as error:
            raise _fault(path, text, ["columns", field], f"pattern 不是正则表达式：{error}") from error
        if pattern.groups < 1:
            raise _fault(path, text, ["columns", field], "pattern 要有一对括号，括住要取的部分")
    return Column(column.names, tuple(map(heading, column.names)), pattern)


def _fault(path: str, text: str, keys: list[str], reason: str) -> ProfileError:
    named = [key for key in keys if not key.isdecimal() or key in text]
    return ProfileError(f"{path} 第 {_line_of(text, named)} 行，{'.'.join(keys)}：{reason}。")


def _line_of(text: str, keys: list[str]) -> int:
    """The line of the deepest of ``keys`` that the file writes; of its table otherwise; else 1."""
    table: list[str] = []
    best, depth = 1, 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if header := re.fullmatch(r"\[+\s*([^\]]+?)\s*\]+\s*(?:#.*)?", stripped):
            table = [part.strip().strip("\"'") for part in header[1].split(".")]
            here = table
        elif key := re.match(r"([\w.-]+|\"[^\"]*\"|'[^']*')\s*=", stripped):
            here = [*table, *(part.strip("\"'") for part in ([key[1]] if key[1][0] in "\"'" else key[1].split(".")))]
        else:
            continue
        if len(here) > depth and here == keys[: len(here)]:
            best, depth = number, len(here)
    return best
