"""Language of a request, what scripts are given of it, the bar of each role, and tokens that differ each time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args

import pytest
from aiohttp.test_utils import make_mocked_request

from hotline.accounts.permissions import Role
from hotline.console import language, language_choice, render
from hotline.console.navigation import AT_ONCE, GUIDE, NAVIGATION, bar
from hotline.web import authentication


@pytest.fixture
def english() -> Iterator[None]:
    token = language._current.set("en")
    yield
    language._current.reset(token)


def test_a_text_without_english_is_shown_in_chinese(english: object) -> None:
    assert language.say("热线分流") == "Hotline triage"
    assert language.say("这句话谁也没有译过") == "这句话谁也没有译过"
    assert language.say("来了 %(n)s 通，谁也没有译过", n=3) == "来了 3 通，谁也没有译过"


def test_only_a_known_cookie_changes_the_language() -> None:
    for cookie, shown in (("lang=en", "en"), ("lang=zh", "zh"), ("lang=../../etc", "zh"), ("", "zh")):
        assert language_choice.chosen(make_mocked_request("GET", "/", headers={"Cookie": cookie})) == shown


def test_times_and_numbers_in_both_languages(english: object) -> None:
    moment = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert render.local(moment) == "11-23 00:30"
    assert render.day(moment) == "Mon 23 Nov"
    assert (render.duration(3725), render.duration(75)) == ("1h 02m", "1m 15s")
    language._current.set("zh")
    assert render.day(moment) == "11月23日周一"
    assert (render.duration(3725), render.duration(75)) == ("1时02分", "1分15秒")
    assert (render.number(12345), render.number(None), render.number(0.5, 1)) == ("12,345", "—", "0.5")


async def test_scripts_get_the_words_they_say_and_no_others() -> None:
    body = language_choice._script_words("en")
    words = json.loads(body.removeprefix(b"window.hotlineWords=").removesuffix(b";"))
    assert words["实时"] == "Live"
    assert "忘记密码请联系安全管理员。" not in words, "said by a template only"
    assert language_choice.spoken('t("一"); toast("二"); x.t("三"); t(\n  "四", { n })') == ["一", "四"]
    versioned = await language_choice.script(make_mocked_request("GET", language_choice.script_address()))
    assert "immutable" in versioned.headers["Cache-Control"]
    bare = await language_choice.script(make_mocked_request("GET", "/console/words.js"))
    assert bare.headers["Cache-Control"] == "no-cache"


def test_every_page_of_a_role_is_in_the_line_or_in_the_menu() -> None:
    for role in get_args(Role):
        found = bar(role, "/calls/12")
        paths = [path for path, _ in (*found.shown, *found.more)]
        assert len(paths) == len(set(paths))
        assert set(paths) <= {path for path, _, _ in NAVIGATION}
        assert len(found.shown) <= AT_ONCE + 1
        assert found.current in ("", "/calls")
    assert bar("admin", "/", guide=True).shown[0] == GUIDE
    assert bar("manager", "/calls").current == "/calls"


def test_a_page_of_the_menu_is_named_on_it() -> None:
    found = bar("admin", "/nowhere")
    path, name = found.more[0]
    assert bar("admin", path).current_in_menu == name
    assert found.current_in_menu is None


def test_a_token_looks_different_each_time_and_stays_the_same() -> None:
    token = "token-of-a-session_1"
    one, other = authentication.masked(token), authentication.masked(token)
    assert one != other
    assert token not in one
    assert {authentication._unmasked(sent) for sent in (one, other, token)} == {token.encode()}
    for broken in ("m.", "m.zz", "m.00", one[:-2], "\udcff"):
        assert authentication._unmasked(broken) != token.encode()
