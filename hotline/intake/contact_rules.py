"""How a caller wants to be called back, as a line or a person writes it: read and checked field by field."""

from __future__ import annotations

import re
from datetime import time

from pydantic import BaseModel, ConfigDict, Field

from hotline.intake.errors import FieldError
from hotline.intake.normalise import phone, short
from hotline.intake.profile import Profile
from routing.calls.contact_rules import NOTE_LENGTH, ContactRules

_CLOCK = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)")


class ApiContactRules(BaseModel):
    """The fields as they are sent; all may be left out. Unknown ones are refused: a typing error could lose a wish."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    safe_from: str | None = Field(None, max_length=10)
    safe_until: str | None = Field(None, max_length=10)
    no_sms: bool = False
    other_number: str | None = Field(None, max_length=40)
    note: str | None = Field(None, max_length=NOTE_LENGTH)


def read_rules(given: ApiContactRules, profile: Profile | None) -> ContactRules | tuple[FieldError, ...]:
    """The rules, without any of them where nothing was asked for; else every reason why they cannot be used.

    ``profile``: of the call's line, for numbers without an area code.
    """
    errors: list[FieldError] = []
    hours: dict[str, time | None] = {}
    for name in ("safe_from", "safe_until"):
        text = getattr(given, name)
        found = _CLOCK.fullmatch(text) if text else None
        hours[name] = time(int(found[1]), int(found[2])) if found else None
        if text and not found:
            errors.append(FieldError(name, "应为 24 小时制的时间，如 09:00。"))
    opens, closes = hours["safe_from"], hours["safe_until"]
    if not errors and (opens is None) != (closes is None):
        errors.append(
            FieldError("safe_until" if closes is None else "safe_from", "安全时段要有开始和结束，请补上另一个时间。")
        )
    if opens is not None and opens == closes:
        errors.append(FieldError("safe_until", "结束不能与开始相同；任何时间都可以的，两个都不填。"))
    number = None
    if given.other_number:
        number = phone(given.other_number, area_code=profile.phone.area_code if profile else "").e164
        if number is None:
            errors.append(FieldError("other_number", "不是完整的电话号码，请核对（手机 11 位，固定电话带区号）。"))
    if errors:
        return tuple(errors)
    return ContactRules(opens, closes, given.no_sms, number, short(given.note))
