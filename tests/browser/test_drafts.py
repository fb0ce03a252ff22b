"""No lost input: what is typed is there again after a reload, and after a session that ended in the middle."""

from __future__ import annotations

from playwright.async_api import Locator, expect

from tests.browser.house import PASSWORD, House, Person

CONSULT = "我想咨询一下，房东不退押金，合同上写的是到期退还，我能不能去起诉他，需要什么证据"


async def _open(person: Person, key: str, dialog: str, *, path: str) -> Locator:
    """Go to ``path`` anew and open ``dialog`` by its key."""
    await person.page.goto(f"{person.address}{path}")
    await person.press(key)
    opened = person.page.locator(f"#{dialog}")
    await expect(opened).to_be_visible()
    return opened


async def test_a_whole_form_outlives_a_reload_until_it_is_sent(house: House) -> None:
    zheng = await house.enter("zheng", "manager", path="/statistics/exports")
    form = zheng.page.locator("#export-form")
    await zheng.choose("#export-form [name=what]", "calls")
    await zheng.choose("#export-form [name=form]", "csv")
    # the browser's own field for a day: in which order its parts are typed depends on the machine
    await form.locator("[name=from]").fill("2026-01-05")
    await zheng.choose("#export-form [name=line]", "12348")
    await zheng.tab_to("#export-form [name=reason]")
    await zheng.press("ArrowDown")
    await zheng.tab_to("#export-form [name=note]")
    await zheng.page.keyboard.type("专项检查")
    await zheng.tab_to("#export-form [name=unmasked]")
    await zheng.press(" ")
    await expect(form.locator("[name=unmasked]")).to_be_checked()
    await zheng.page.reload()
    await expect(form.locator("[name=note]")).to_have_value("专项检查")
    for name, value in (("what", "calls"), ("form", "csv"), ("from", "2026-01-05"), ("line", "12348")):
        await expect(form.locator(f"[name={name}]")).to_have_value(value)
    await expect(form.locator("[name=reason]")).not_to_have_value("")
    await expect(form.locator("[name=unmasked]")).to_be_checked()
    await zheng.press("Control+Enter")
    await zheng.see("已申请", within=".toast")
    await zheng.page.reload()
    await expect(form.locator("[name=note]")).to_have_value("")
    await expect(form.locator("[name=unmasked]")).not_to_be_checked()


async def test_a_dialog_keeps_its_fields_by_what_it_is_about(house: House) -> None:
    zheng = await house.enter("zheng", "manager", path="/rosters")
    await house.enter("he", "lawyer", display_name="何律师")
    shift = await _open(zheng, "n", "shift-dialog", path="/rosters")
    await shift.locator("[name=queue]").select_option("lawyers")
    await shift.locator("[name=user_id]").select_option(label="何律师")
    await shift.locator("[name=from]").fill("13:30")
    shift = await _open(zheng, "n", "shift-dialog", path="/rosters")
    await expect(shift.locator("[name=from]")).to_have_value("13:30")
    await expect(shift.locator("[name=queue]")).to_have_value("lawyers")
    await expect(shift.locator("[name=user_id] option:checked")).to_have_text("何律师")
    await zheng.press("Escape")
    rotation = await _open(zheng, "r", "rotation-dialog", path="/rosters")
    await rotation.locator("[name=queue]").select_option("lawyers")
    await rotation.locator("[name=name]").fill("夜间值守")
    await rotation.locator("#rotation-person").select_option(label="何律师")
    await rotation.locator("#rotation-add").click()
    await rotation.locator("#window-add").click()
    rotation = await _open(zheng, "r", "rotation-dialog", path="/rosters")
    await expect(rotation.locator("[name=name]")).to_have_value("夜间值守")
    await expect(rotation.locator("#rotation-people .name")).to_have_text("何律师")
    await expect(rotation.locator(".rotation-window")).to_have_count(1)


async def test_the_outcome_of_a_call_in_hand_outlives_a_reload(house: House) -> None:
    call_id = await house.call(CONSULT, line="12348")
    await house.service.call_in(call_id, "queued")
    he = await house.enter("he", "lawyer")
    await he.wait_live()
    await he.press(" ")
    work = he.page.locator("#work-form")
    await expect(he.page.locator("#notes")).to_be_focused()
    callback = await work.locator(".callback").get_attribute("data-for")
    outcomes = await work.locator("[name=disposition]").evaluate_all("all => all.map((one) => one.value)")
    await he.press(f"Alt+{outcomes.index(callback) + 1}")
    await expect(work.locator("[name=callback_at]")).to_be_focused()
    await he.put_time("#callback-at", "2031-03-04T10:30")
    await he.page.reload()
    await expect(work.locator("[name=callback_at]")).to_have_value("2031-03-04T10:30")
    await expect(work.locator(f'[name=disposition][value="{callback}"]')).to_be_checked()
    await expect(work.locator(".callback")).to_be_visible()


async def test_an_ended_session_loses_no_form_and_shows_it_to_nobody_else(house: House) -> None:
    guo = await house.enter("guo", "security", path="/admin/users", expected=(401,))
    user = await _open(guo, "n", "user-dialog", path="/admin/users")
    await expect(user.locator("[name=name]")).to_be_focused()
    await guo.page.keyboard.type("qian")
    await guo.tab_to("#user-dialog [name=display_name]")
    await guo.page.keyboard.type("钱律师")
    await guo.choose("#user-dialog [name=role]", "lawyer")
    await guo.tab_to("#user-dialog [type=submit]")
    async with house.service.pool.acquire() as connection:
        await connection.execute("delete from sessions")
    # sent into the ended session: the log-in comes over the form, and the same request is sent again
    await guo.press("Enter")
    again = guo.page.locator("#login-dialog")
    await expect(again).to_be_visible()
    await expect(again.locator("[name=password]")).to_be_focused()
    await guo.page.keyboard.type(PASSWORD)
    await guo.press("Enter")
    await guo.see("账号 qian 已建立", within="#first-password")
    # a page that is asked for after the end: by the log-in page, then the dialog is opened again
    user = await _open(guo, "n", "user-dialog", path="/admin/users")
    await expect(user.locator("[name=name]")).to_have_value("")
    await expect(user.locator("[name=name]")).to_be_focused()
    await guo.page.keyboard.type("sun")
    await guo.choose("#user-dialog [name=role]", "mediator")
    async with house.service.pool.acquire() as connection:
        await connection.execute("delete from sessions")
    await guo.page.goto(f"{guo.address}/admin/users")
    await guo.page.locator("[name=name]").fill("guo")
    await guo.page.locator("[name=password]").fill(PASSWORD)
    await guo.press("Enter")
    await guo.page.wait_for_selector(".bar .user")
    user = await _open(guo, "n", "user-dialog", path="/admin/users")
    await expect(user.locator("[name=name]")).to_have_value("sun")
    await expect(user.locator("[name=role]")).to_have_value("mediator")
    # whoever logs in at this window next finds nothing of it
    await guo.press("Escape")
    await house.enter("shen", "security")
    await guo.log_out()
    await guo.page.locator("[name=name]").fill("shen")
    await guo.page.locator("[name=password]").fill(PASSWORD)
    await guo.press("Enter")
    await guo.page.wait_for_selector(".bar .user")
    user = await _open(guo, "n", "user-dialog", path="/admin/users")
    await expect(user.locator("[name=name]")).to_have_value("")
