"""What surrounds every page: finding, help, theme, type size, language, the guide of a city that begins."""

from __future__ import annotations

import re

from playwright.async_api import expect

from hotline.accounts.store import add_user
from tests.browser.house import PASSWORD, House

LIGHT = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"
WAGES = "我想咨询一下，公司没有和我签劳动合同就把我辞退了，能不能要双倍工资"


async def test_calls_are_found_from_any_page_by_keyboard(house: House) -> None:
    wanted = await house.call(LIGHT, caller_number="13900001234")
    other = await house.call(WAGES)
    for call_id in (wanted, other):
        await house.service.call_in(call_id, "queued", "proposed")
    zhou = await house.enter("zhou", "operator", path="/rosters")
    dialog = zhou.page.locator("#find-dialog")
    await zhou.press("/")
    await expect(dialog.locator("input[name=q]")).to_be_focused()
    await zhou.page.keyboard.type("路灯")
    await zhou.press("Enter")
    await expect(dialog.locator("tbody tr")).to_have_count(1)
    await zhou.press("Escape")
    await expect(dialog).not_to_be_visible()
    await zhou.press("Control+k")
    await zhou.page.keyboard.type("13900001234")
    await zhou.press("Enter")
    reason = zhou.page.locator("#reason-dialog")
    await expect(reason).to_be_visible()
    await zhou.press("Enter")
    await expect(reason).not_to_be_visible()
    await expect(dialog.locator("tbody tr")).to_have_count(1)
    await expect(dialog.locator("input[name=q]")).to_be_focused()
    await zhou.press("ArrowDown", "Enter")
    await zhou.page.wait_for_url(f"**/calls/{wanted}")
    await zhou.press("?")
    help_keys = zhou.page.locator("#help-keys")
    for words in ("打开这个帮助", "查找来电", "打开菜单"):
        await expect(help_keys).to_contain_text(words)


async def test_theme_type_size_and_language_stay_with_the_browser(house: House) -> None:
    zhou = await house.enter("zhou", "operator", path="/calls")
    root = zhou.page.locator("html")
    await zhou.tab_to(".bar .user")
    await zhou.press("Enter")
    before = await root.get_attribute("data-theme")
    await zhou.tab_to("#theme-button")
    await zhou.press("Enter")
    await expect(root).to_have_attribute("data-theme", "light" if before == "dark" else "dark")
    small = await zhou.page.evaluate("getComputedStyle(document.body).fontSize")
    await zhou.tab_to("#type-sizes input:checked")
    await zhou.press("ArrowRight", "ArrowRight")
    await expect(root).to_have_attribute("data-type-size", "150")
    assert float((await zhou.page.evaluate("getComputedStyle(document.body).fontSize"))[:-2]) == 1.5 * float(small[:-2])
    await zhou.tab_to("#languages input:checked")
    await zhou.press("ArrowRight")
    await expect(root).to_have_attribute("lang", "en")
    await expect(zhou.page.locator(".bar .brand")).to_have_text("Hotline triage")
    await zhou.wait_live()
    await zhou.press("?")
    await expect(zhou.page.locator("#help-keys")).to_contain_text("Open this help")
    await zhou.page.goto(f"{zhou.address}/me")
    await expect(root).to_have_attribute("lang", "en")
    await expect(root).to_have_attribute("data-type-size", "150")
    await zhou.tab_to("#password-form [name=old]")
    await zhou.page.keyboard.type("not it")
    for name in ("new", "again"):
        await zhou.tab_to(f"#password-form [name={name}]")
        await zhou.page.keyboard.type("quite another word")
    zhou.expected = (401, 403, 422)
    await zhou.press("Enter")
    await expect(zhou.page.locator("#password-form .problem")).to_be_visible()
    assert await zhou.page.evaluate("document.documentElement.scrollWidth") <= 1366


async def test_a_new_city_is_led_through_its_first_steps(house: House) -> None:
    root = await house.enter("root", "admin")
    await expect(root.page).to_have_url(re.compile("/start$"))
    steps = root.page.locator(".steps > li")
    await expect(steps.nth(0)).to_have_class("done")
    await expect(steps.nth(1)).to_have_class("next")
    await expect(steps.nth(1)).to_contain_text("值班律师")
    for role in ("operator", "lawyer", "mediator", "police", "department", "manager"):
        await add_user(house.service.pool, f"one_{role}", role, display_name=role, password=PASSWORD)
    call_id = await house.call(LIGHT)
    await house.service.call_in(call_id, "queued")
    await root.page.reload()
    await expect(root.page.locator(".steps > .next")).to_contain_text("排班")
    async with house.service.pool.acquire() as connection:
        await connection.execute(
            "insert into shifts (queue, user_id, starts_at, ends_at) "
            "select 'lawyers', id, now(), now() + interval '8 hours' from users where name = 'one_lawyer'"
        )
    await root.page.reload()
    await root.see("都准备好了")
    await expect(root.page.locator(".bar nav")).not_to_contain_text("开始使用")
