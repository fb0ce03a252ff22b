"""Rows of an export of calls: masked unless asked for in clear, marked with who took them, harmless to open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hotline.console.language import say
from hotline.console.sentences import tell
from hotline.formulas import harmless
from nlp.masking import mask_address, mask_name, mask_number
from routing.calls.record import CONTACTS, REQUEST_KINDS
from routing.calls.states import STATES
from routing.policy.facts import LOCAL_ZONE

COLUMNS: tuple[str, ...] = (
    "编号", "线路", "来电编号", "来电时间", "状态", "联系方式", "类别", "危险", "主题", "去向", "诉求", "区域",
    "来电号码", "姓名", "地址", "主办单位", "关闭原因",
)  # fmt: skip
HIDDEN = "（保密）"


def export_row(row: Mapping[str, Any], names: Mapping[str, Mapping[str, str]], *, clear: bool) -> list[str]:
    """One call as a row; ``names`` holds the screen words of routes, topics and destinations.

    Of confidential calls number, name and address are left out, whoever exports.
    """
    received: datetime = row["received_at"]
    number, name, address = (row["caller_number"] or "", row["caller_name"] or "", row["address"] or "")
    if row["confidential"]:
        number = name = address = say(HIDDEN)
    elif not clear:
        number = mask_number(number.removeprefix("+86"))
        name = mask_name(name) or ""
        address = mask_address(address)
    return [
        harmless(str(value))
        for value in (
            row["id"],
            row["line"],
            row["external_id"],
            received.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            say(STATES[row["state"]]),
            say(CONTACTS[row["contact"]]),
            say(names["routes"].get(row["route"], "")),
            "" if row["danger_level"] is None else row["danger_level"],
            say("、").join(say(names["topics"].get(code, code)) for code in (row["topics"] or [])[:3]),
            say(names["destinations"].get(row["destination"], "")),
            say(REQUEST_KINDS.get(row["request_kind"], "")) if row["request_kind"] else "",
            row["region"] or "",
            number,
            name,
            address,
            row["lead_unit"] or "",
            tell(row["close_reason"] or ""),
        )
    ]


def watermark(who: str, user_id: int, at: datetime, *, clear: bool, count: int) -> str:
    """The first row: who exported what and when."""
    kind = say("含明文，请妥善保管") if clear else say("已脱敏")
    moment = at.astimezone(LOCAL_ZONE).strftime("%Y-%m-%d %H:%M:%S")
    return say(
        "导出人 %(name)s（工号 %(number)s） %(at)s 共 %(count)s 条 %(kind)s 仅供内部工作使用",
        name=who,
        number=user_id,
        at=moment,
        count=count,
        kind=kind,
    )
