"""Line profiles: what is taken, and errors that name file, line, key and reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.files import ConfigFiles
from hotline.intake.errors import ProfileError
from hotline.intake.profile import FIELDS, Profile, load_profiles, parse_profile, profile_for

MINIMAL = """\
name = "甲市"
line = "12345"
kinds = ["csv"]

[text]
join = ["content"]

[columns]
external_id = ["编号"]
received_at = ["时间"]
content = ["内容"]
"""


def fault(text: str) -> str:
    with pytest.raises(ProfileError) as caught:
        parse_profile("lines/甲.toml", text)
    return str(caught.value)


def test_a_small_profile_has_the_usual_rest() -> None:
    profile = parse_profile("lines/甲.toml", MINIMAL)
    assert str(profile.times.zone) == "Asia/Shanghai"
    assert profile.text.empty == "reject"
    assert profile.label("received_at") == "时间"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "甲市"', 'name = "甲市', ["line 1"]),
        ('line = "12345"', 'line = "12 345"', ["第 2 行", "line"]),
        ('kinds = ["csv"]', 'kinds = ["pdf"]', ["第 3 行", "kinds", "csv"]),
        ('join = ["content"]', 'join = ["content", "标题"]', ["第 6 行", "text.join", "标题"]),
        ('external_id = ["编号"]', "", ["第 8 行", "columns.external_id", "补上"]),
        ('received_at = ["时间"]', 'recieved_at = ["时间"]', ["第 10 行", "columns.recieved_at", "received_at"]),
        ('received_at = ["时间"]', "received_at = []", ["第 10 行", "columns.received_at", "列名"]),
        ('content = ["内容"]', 'content = { names = "内容", pattern = "(" }', ["第 11 行", "正则"]),
        ('content = ["内容"]', 'content = { names = "内容", pattern = "a" }', ["第 11 行", "括号"]),
        ("[columns]", '[time]\nzone = "Asia/Nowhere"\n[columns]', ["第 9 行", "time.zone", "Asia/Nowhere"]),
        ("[columns]", '[time]\nformats = ["iso", "%Y%Q"]\n[columns]', ["第 9 行", "time.formats", "%Q"]),
        ("[columns]", '[file]\nencoding = "utf-9"\n[columns]', ["第 9 行", "file.encoding", "utf-9"]),
        ("[columns]", '[file]\ndelimiter = "||"\n[columns]', ["第 9 行", "file.delimiter"]),
        ("[columns]", '[file]\nsheets = "a"\n[columns]', ["第 9 行", "file.sheets", "拼写"]),
        ("[columns]", '[phone]\narea_code = "731"\n[columns]', ["第 9 行", "phone.area_code"]),
        ("[columns]", '[constants]\nexternal_id = "1"\n[columns]', ["第 9 行", "constants.external_id"]),
        ("[columns]", '[values.request_kind]\n"问" = "ask"\n[columns]', ["第 9 行", "consultation"]),
        ("[columns]", '[constants]\ncontact = "fax"\n[columns]', ["第 9 行", "constants.contact", "callback"]),
    ],
)
def test_errors_name_file_line_key_and_reason(old: str, new: str, told: list[str]) -> None:
    message = fault(MINIMAL.replace(old, new))
    assert message.startswith("lines/甲.toml")
    assert all(part in message for part in told), message


def test_the_shipped_profiles_are_found_by_line(shipped: dict[str, Profile]) -> None:
    assert set(shipped) == {"110", "12345", "12348"}
    assert profile_for(ConfigFiles(), "110").text.empty == "accept"
    assert profile_for(ConfigFiles(), "12345").text.empty == "reject"


def test_a_city_adds_or_overlays_files_and_no_code(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.mkdir()
    (lines / "jia.toml").write_text(MINIMAL.replace("12345", "12329"), encoding="utf-8")
    (lines / "110.toml").write_text(MINIMAL.replace("12345", "110"), encoding="utf-8")
    files = ConfigFiles(tmp_path)
    assert set(load_profiles(files)) == {"110", "12345", "12348", "jia"}
    assert profile_for(files, "12329").path == "lines/jia.toml"
    assert profile_for(files, "jia").line == "12329"
    assert profile_for(files, "110").title == "甲市"


def test_an_unknown_or_ambiguous_line_is_told(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.mkdir()
    for name in ("a", "b"):
        (lines / f"{name}.toml").write_text(MINIMAL.replace("12345", "12329"), encoding="utf-8")
    with pytest.raises(ProfileError, match=r"a、b"):
        profile_for(ConfigFiles(tmp_path), "12329")
    with pytest.raises(ProfileError, match=r"110、12345、12348"):
        profile_for(ConfigFiles(), "999")


def test_the_documented_example_is_a_profile() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "line-profiles.md"
    (example,) = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    profile = parse_profile("lines/jia-12345.toml", example)
    documented = page.read_text(encoding="utf-8")
    assert all(f"`{field}`" in documented for field in FIELDS)
    assert profile.phone.area_code == "0731"


def test_who_is_the_caller(city: Profile) -> None:
    assert city.is_caller("市民")
    assert city.is_caller(" 市民：")
    assert city.is_caller("")
    assert not city.is_caller("坐席")
    assert not city.is_caller("旁人")
