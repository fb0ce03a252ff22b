"""Who sees what of a caller; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hotline.access.errors import CallerHidden, NotInHand
from hotline.accounts.store import Principal
from routing.errors import InvalidRequest

#: What may be shown in clear, with the words of the screens.
FIELDS: dict[str, str] = {
    "caller_number": "号码",
    "caller_name": "姓名",
    "address": "地址",
    "transcript": "转写原文",
    "recording_number": "录音编号",
    "contact_rules": "回拨须知",
}
#: These see any call in clear, with a reason; the others only what they have on the line or in hand.
SEES_ANY = frozenset({"manager"})


def caller_hidden(call: Mapping[str, Any], who: Principal) -> bool:
    """Whether this person may not learn who made the call, nor find their other calls (DESIGN section 5)."""
    return bool(call["confidential"] and who.role == "department")


def check_unmask(call: Mapping[str, Any], who: Principal, *, in_hand: bool, fields: list[str]) -> None:
    """Whether ``fields`` of ``call`` may be shown in clear. Raises CallerHidden, NotInHand or InvalidRequest."""
    unknown = [name for name in fields if name not in FIELDS]
    if unknown or not fields:
        raise InvalidRequest(f"fields：请给出要查看的字段，可选 {'、'.join(FIELDS)}。")
    if caller_hidden(call, who):
        raise CallerHidden("这是保密来电，承办单位不能查看来电人信息；确需联系来电人，请交话务台转达。")
    if not in_hand and who.role not in SEES_ANY:
        raise NotInHand("只能查看您正在接听或已接单的来电；其他来电请由承办人或管理者查看。")
