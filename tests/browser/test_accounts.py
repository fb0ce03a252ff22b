"""Log-in with a second step, the idle lock over unsaved text, a leaver seen by the security administrator."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from playwright.async_api import expect

from hotline.accounts.second_factor import STEP_S, code_at
from tests.browser.house import PASSWORD, House

CONSULT = "我想咨询一下，公司没有和我签劳动合同，辞职以后能不能要双倍工资，仲裁要多久"


async def test_a_second_factor_is_set_up_and_asked_for(house: House) -> None:
    zhou = await house.enter("zhou", "operator", path="/me")
    page = zhou.page
    await zhou.tab_to("#factor-begin-form [name=password]")
    await page.keyboard.type(PASSWORD)
    await zhou.press("Enter")
    await expect(page.locator("#factor-confirm-form img")).to_be_visible()
    await page.locator("#factor-confirm-form img").evaluate("img => img.decode()")
    secret = base64.b32decode((await page.locator("#factor-secret").inner_text()).replace(" ", ""))
    step = int(datetime.now(UTC).timestamp()) // STEP_S
    await page.keyboard.type(code_at(secret, step))
    await zhou.press("Enter")
    await expect(page.locator("#recovery li")).to_have_count(10)
    await expect(page.locator("#recovery-kept")).to_be_focused()
    await zhou.press("Enter")
    await expect(page.locator("#factor")).to_have_attribute("data-set", "yes")
    await zhou.tab_to(".bar .user")
    await zhou.press("Enter")
    await expect(page.get_by_role("button", name="退出")).to_be_visible()
    await zhou.tab_to('form[action="/logout"] button')
    await zhou.press("Enter")
    await page.wait_for_url("**/login")
    await expect(page.locator("[name=name]")).to_be_focused()
    await page.keyboard.type("zhou")
    await zhou.press("Tab")
    await page.keyboard.type(PASSWORD)
    await zhou.press("Enter")
    await page.wait_for_url("**/login?next=/")
    await expect(page.locator("[name=code]")).to_be_focused()
    # no code counts twice, and none of long ago
    await page.keyboard.type(code_at(secret, max(step + 1, int(datetime.now(UTC).timestamp()) // STEP_S)))
    await zhou.press("Enter")
    await page.wait_for_url("**/operator")


async def test_the_idle_lock_waits_for_work_in_hand_and_keeps_what_was_typed(house: House) -> None:
    call_id = await house.call(CONSULT, line="12348")
    await house.service.call_in(call_id, "queued")
    he = await house.enter("he", "lawyer", path="/desk", expected=(423, 401))
    pool = house.service.pool

    async def absent(minutes: int = 20) -> None:
        async with pool.acquire() as connection:
            await connection.execute("update sessions set active_at = now() - make_interval(mins => $1)", minutes)

    async def unlock(word: str) -> None:
        await he.page.keyboard.type(word)
        await he.press("Enter")

    await he.press("Space")
    await expect(he.page.locator("#work-form")).to_be_visible()
    await absent()
    await expect(he.page.locator("#work-form [name=notes]")).to_be_focused()
    await he.page.keyboard.type("当事人工作两年")
    await expect(he.page.locator("#save-state")).to_contain_text("已保存")
    await absent(0)
    await he.press("Alt+1", "Control+Enter")
    await expect(he.page.locator("#work-form:not([data-wrap-up])")).to_have_count(0)

    # nothing in hand any more: what is sent next waits under the cover and goes out after the password
    await he.page.clock.install()
    await he.page.goto(f"{he.address}/me")
    form = he.page.locator("#password-form")
    for name, word in (("old", PASSWORD), ("new", "another long word"), ("again", "another long word")):
        await he.tab_to(f"#password-form [name={name}]")
        await he.page.keyboard.type(word)
    await absent()
    await he.press("Enter")
    cover = he.page.locator("#lock-dialog")
    await expect(cover).to_be_visible()
    await unlock("not the password")
    await expect(cover.locator("#unlock-form .problem")).to_contain_text("密码不对")
    await unlock(PASSWORD)
    await expect(cover).to_be_hidden()
    await he.see("密码已修改", within="#toasts")

    # and the page covers itself, without anything being sent
    await expect(form.locator("[name=old]")).to_have_value("")
    await he.tab_to("#password-form [name=old]")
    await he.page.keyboard.type("half a word")
    await absent()
    await he.page.clock.fast_forward(16 * 60 * 1000)
    await expect(cover).to_be_visible(timeout=15_000)
    await unlock("another long word")
    await expect(cover).to_be_hidden()
    await expect(form.locator("[name=old]")).to_have_value("half a word")


async def test_a_leaver_is_disabled_and_the_screen_names_what_is_left(house: House) -> None:
    call_id = await house.call(CONSULT, line="12348")
    await house.service.call_in(call_id, "queued")
    he = await house.enter("he", "lawyer", path="/desk", expected=(401, 404))
    await he.press("Space")
    await expect(he.page.locator("#work-form")).to_be_visible()
    bai = await house.enter("bai", "security")
    to_him = await bai.page.locator("#users tr", has_text="he").locator("a").first.get_attribute("href")
    await bai.tab_to(f'#users a[href="{to_him}"]')
    # a button stands there before its script does
    async with bai.page.expect_navigation():
        await bai.press("Enter")
    bai.page.on("dialog", lambda dialog: dialog.accept())
    await bai.tab_to("[data-act=disable]")
    await bai.press("Enter")
    await expect(bai.page.locator("#outcome")).to_contain_text("已接单的 1 通来电回到队列原位")
    await house.service.call_in(call_id, "queued")
    # the leaver's own screen asks for a log-in by itself
    await expect(he.page.locator("#login-dialog")).to_be_visible(timeout=15_000)
