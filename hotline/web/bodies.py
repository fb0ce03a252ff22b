"""Reading request bodies and query strings into checked values."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from hotline.web.problems import problem
from routing.errors import InvalidRequest
from routing.policy.facts import LOCAL_ZONE

Model = TypeVar("Model", bound=BaseModel)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: Every escape of a JSON text, so that none is mistaken for a part of another; pairs of surrogates are one.
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)")
_LONE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def json_value(raw: bytes) -> Any:
    """The value of a JSON text. Raises orjson.JSONDecodeError.

    A byte order mark is passed over. Half a surrogate pair, which senders that
    cut texts by UTF-16 length leave behind, becomes U+FFFD: one torn smiley
    must not cost the other records of a batch.
    """
    text = raw.removeprefix(_BYTE_ORDER_MARK)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        mended = _ESCAPE.sub(_without_lone_surrogate, text)
        if mended == text:
            raise
        return orjson.loads(mended)


def _without_lone_surrogate(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if _LONE_SURROGATE.fullmatch(escape[0]) else escape[0]


class Body(BaseModel):
    """Base of every request body: unknown fields are refused so that a typing error is not lost."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class BodyRejected(Exception):
    """A body that cannot be used; carries the answer."""

    def __init__(self, response: web.Response) -> None:
        super().__init__("body rejected")
        self.response = response


#: Pydantic's error types in words for the person who sends.
_MESSAGES = {
    "missing": "缺少此字段",
    "extra_forbidden": "没有这个字段",
    "string_type": "应为文本",
    "string_unicode": "应为文本",
    "string_pattern_mismatch": "写法不对",
    "int_parsing": "应为整数",
    "int_parsing_size": "应为整数",
    "int_from_float": "应为整数",
    "int_type": "应为整数",
    "float_parsing": "应为数字",
    "float_type": "应为数字",
    "finite_number": "应为数字",
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "list_type": "应为列表",
    "dict_type": "应为一组字段",
    "model_type": "应为一组字段",
    "model_attributes_type": "应为一组字段",
    "literal_error": "不在允许的取值内",
    "datetime_parsing": "应为带时区的时间，如 2026-11-20T08:00:00+08:00",
    "datetime_from_date_parsing": "应为带时区的时间，如 2026-11-20T08:00:00+08:00",
    "datetime_type": "应为带时区的时间，如 2026-11-20T08:00:00+08:00",
    "timezone_aware": "时间要带时区，如 2026-11-20T08:00:00+08:00",
    "date_parsing": "应为日期，如 2026-11-20",
    "date_from_datetime_parsing": "应为日期，如 2026-11-20",
    "date_type": "应为日期，如 2026-11-20",
}


def _message(kind: str, limits: Mapping[str, Any]) -> str:
    """A fault that ``kind`` (pydantic's) names, with the limit that was passed."""
    match kind:
        case "string_too_long":
            return f"文本过长，最多 {limits['max_length']} 个字符"
        case "string_too_short":
            least = limits["min_length"]
            return "不能为空" if least == 1 else f"至少 {least} 个字符"
        case "too_long":
            return f"最多 {limits['max_length']} 项"
        case "too_short":
            return f"至少 {limits['min_length']} 项"
        case "greater_than_equal":
            return f"不能小于 {limits['ge']}"
        case "less_than_equal":
            return f"不能大于 {limits['le']}"
        case _:
            return _MESSAGES.get(kind, "内容有误")


def field_errors(error: ValidationError) -> list[dict[str, str]]:
    """``[{field, message}]`` of a pydantic error; what was sent is not repeated."""
    return [
        {
            "field": ".".join(str(part) for part in item["loc"]) or "(body)",
            "message": _message(item["type"], item.get("ctx", {})),
        }
        for item in error.errors(include_url=False, include_input=False)
    ]


async def read_body(request: web.Request, model: type[Model]) -> Model:
    """The request's JSON as ``model``; an empty body counts as ``{}``. Raises BodyRejected."""
    raw = await request.read()
    try:
        value: Any = json_value(raw) if raw.strip() else {}
    except orjson.JSONDecodeError as error:
        raise BodyRejected(problem(400, "bad-json", "不是合法的 JSON", f"请求体不是合法的 JSON：{error}。")) from error
    try:
        return model.model_validate(value)
    except ValidationError as error:
        errors = field_errors(error)
        detail = "；".join(f"{e['field']}：{e['message']}" for e in errors)
        raise BodyRejected(problem(422, "invalid-request", "请求内容有误", detail, errors=errors)) from error


def path_id(request: web.Request, name: str = "id") -> int:
    """A numeric id in the path (the route's pattern allows digits only)."""
    return int(request.match_info[name])


def moment(request: web.Request, name: str) -> datetime | None:
    """A query time: with zone, or a local date or time of Asia/Shanghai. Raises InvalidRequest."""
    text = request.query.get(name)
    if not text:
        return None
    try:
        # a plus sign in a query string arrives as a blank when the sender did not encode it
        value = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError as error:
        raise InvalidRequest(f"{name}：应为日期或时间，如 2026-11-20 或 2026-11-20T08:00:00+08:00。") from error
    return value if value.tzinfo else value.replace(tzinfo=LOCAL_ZONE)


def whole(request: web.Request, name: str, default: int, *, low: int, high: int) -> int:
    """A whole number of the query. Raises InvalidRequest."""
    text = request.query.get(name)
    if not text:
        return default
    if not re.fullmatch(r"-?[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise InvalidRequest(f"{name}：应为 {low} 到 {high} 的整数。")
    return int(text)


@web.middleware
async def answer_rejected_bodies(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A body that could not be used is answered where it was read."""
    try:
        return await handler(request)
    except BodyRejected as rejected:
        return rejected.response
