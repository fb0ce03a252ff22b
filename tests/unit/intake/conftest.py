"""Profiles and files for the intake's tests; all calls are made up here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from config.files import ConfigFiles
from hotline.intake.profile import Profile, load_profiles, parse_profile

CITY = """
name = "某市热线"
line = "12345"
kinds = ["csv", "xlsx", "xls", "json", "jsonl"]

[file]
records = ["data.list", "records"]

[time]
formats = ["iso", "excel", "%Y%m%d%H%M%S", "epoch_ms"]

[phone]
area_code = "0731"
withheld = ["市民不留"]

[text]
join = ["title", "content"]
dialogue = true

[speakers]
caller = ["市民", "来电人"]
staff = ["坐席"]

[columns]
external_id = ["编号", "id"]
received_at = ["时间", "time"]
caller_number = ["电话", "手机", "contact.phone"]
caller_name = "姓名"
title = "标题"
content = ["内容", "text"]
region = { names = ["派出所"], pattern = "^(.+)派出所$" }
operator = ["坐席"]
lead_unit = ["主办"]
joint_units = ["协办"]
request_kind = ["类型"]
urgency = ["紧急"]
confidential = ["保密"]
ended_at = ["办结"]
talk_time_s = ["时长"]
satisfaction = ["满意"]

[constants]
channel = "phone"

[values.urgency]
"特急" = "critical"
"""


@pytest.fixture(scope="session")
def city() -> Profile:
    """A made-up city's profile that takes every kind of file."""
    return parse_profile("lines/city.toml", CITY)


@pytest.fixture(scope="session")
def shipped() -> dict[str, Profile]:
    """The profiles the project ships."""
    return load_profiles(ConfigFiles())


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file (text as UTF-8) and gives its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    return write
