"""Log-in, lists, accounts, skills, policy, by keyboard."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.house import PASSWORD, House

CONSULT = "我想咨询一下，公司没有和我签劳动合同，辞职以后能不能要双倍工资，仲裁要多久"
LIGHT = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"


async def test_a_wrong_password_is_told_and_next_stays_in_the_house(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    guest = await house.window("guest", expected=(401,))
    await guest.page.goto(f"{guest.address}/login?next=//example.org/")
    await guest.page.keyboard.type("zhou")
    await guest.press("Tab")
    await guest.page.keyboard.type("not the password")
    await guest.press("Enter")
    await guest.see("用户名或密码不对")
    await expect(guest.page.locator("input[name=password]")).to_be_focused()
    await guest.page.keyboard.type(PASSWORD)
    await guest.press("Enter")
    await guest.page.wait_for_url(f"{guest.address}/operator*")
    cookies = {cookie["name"]: cookie for cookie in await guest.context.cookies()}
    assert cookies["hotline_session"]["httpOnly"] is True
    assert cookies["hotline_session"]["sameSite"] == "Lax"
    await guest.log_out()
    await guest.page.wait_for_url(f"{guest.address}/login")
    await guest.page.goto(f"{guest.address}/operator")
    await guest.page.wait_for_url("**/login?next=/operator")
    assert await zhou.page.locator(".bar .user").count() == 1, "the other window stays logged in"


async def test_no_permission_and_no_such_page_are_told(house: House) -> None:
    he = await house.enter("he", "lawyer", expected=(403, 404))
    for path, title in (("/admin/users", "没有权限"), ("/calls/999999", "没有这通来电"), ("/nowhere", "没有这个页面")):
        await he.page.goto(f"{he.address}{path}")
        await expect(he.page.locator("h1")).to_have_text(title)
        await expect(he.page.get_by_role("button", name="回到我的首页")).to_be_visible()


async def test_the_list_of_calls_filters_and_goes_on(house: House) -> None:
    for _ in range(3):
        await house.call(CONSULT, line="12348")
    ids = [await house.call(LIGHT, line="12345") for _ in range(52)]
    await house.service.call_in(ids[-1], "queued")
    zhou = await house.enter("zhou", "operator", path="/calls")
    rows = zhou.page.locator("#call-rows tr:not(.more)")
    await expect(rows).to_have_count(50)
    # the one that goes on is the page's last stop but for the foot
    await zhou.page.locator("#call-rows .more button").focus()
    await zhou.press("Enter")
    await expect(rows).to_have_count(55)
    await zhou.page.goto(f"{zhou.address}/calls")
    await expect(rows).to_have_count(50)
    await zhou.choose("select[name=line]", "12348")
    await zhou.tab_to("form.filters [type=submit]")
    await zhou.press("Enter")
    await expect(rows).to_have_count(3)
    await expect(rows.first).to_contain_text("138****")
    await zhou.tab_to("#call-rows a")
    await zhou.press("Enter")
    await zhou.see("劳动合同", within=".transcript")


async def test_an_account_is_added_and_its_password_works_once_shown(house: House) -> None:
    root = await house.enter("root", "security")
    await root.press("n")
    await root.page.wait_for_selector("#user-dialog[open] input[name=name]:focus")
    await root.page.keyboard.type("newlawyer")
    await root.choose("#user-dialog select[name=role]", "lawyer")
    await root.tab_to("#user-dialog [type=submit]")
    await root.press("Enter")
    password = await root.page.locator("#first-password code").inner_text()
    fresh = await house.window("fresh")
    await fresh.page.goto(f"{fresh.address}/login")
    await fresh.page.keyboard.type("newlawyer")
    await fresh.press("Tab")
    await fresh.page.keyboard.type(password)
    await fresh.press("Enter")
    await fresh.page.wait_for_url("**/me")
    await fresh.see("初始密码", within="#due")
    for name, words in (("old", password), ("new", "another long word"), ("again", "another long word")):
        await fresh.tab_to(f"#password-form [name={name}]")
        await fresh.page.keyboard.type(words)
    await fresh.press("Enter")
    await fresh.page.wait_for_url("**/desk")


async def test_a_refusal_names_the_field_as_it_is_called_and_keeps_what_was_typed(house: House) -> None:
    await house.enter("he", "lawyer", display_name="何律师")
    mao = await house.enter("mao", "admin", path="/agents", expected=(422,))
    dialog = mao.page.locator("#skills-dialog")
    await mao.tab_to('[data-skills][data-name="何律师"]')
    await mao.press("Enter")
    await expect(dialog).to_be_visible()
    grids = dialog.locator("[name=grids]")
    await mao.tab_to("#skills-dialog [name=grids]")
    await mao.page.keyboard.type("99.88")
    await mao.press("Enter")
    await expect(dialog.locator(".problem")).to_have_text("网格编码：没有编码为“99.88”的网格，请在网格页核对编码。")
    await expect(grids).to_be_focused()
    await expect(grids).to_have_attribute("aria-invalid", "true")
    await expect(grids).to_have_value("99.88")
    await mao.press("Backspace")
    await expect(grids).not_to_have_attribute("aria-invalid", "true")


async def test_a_policy_with_errors_names_the_line_and_is_kept(house: House) -> None:
    qian = await house.enter("qian", "manager", path="/policy", expected=(422,))
    text = qian.page.locator("#policy-text")
    await qian.tab_to("#policy-text")
    await qian.press("Control+Home")
    await qian.page.keyboard.type("bar = 5.0\n")
    await qian.press("Control+Enter")
    await expect(qian.page.locator("#policy-problems button").first).to_have_text("第 1 行")
    await qian.page.reload()
    assert (await text.input_value()).startswith("bar = 5.0\n"), "what was typed survives a reload"
