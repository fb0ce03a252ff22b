"""Organisations by keyboard alone: one is added and filled; an operator sends a call there by name."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.house import House

LAMP = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"
WELL = "路口的井盖裂了一条大缝，请市政派人来换一个新的，晚上骑车很容易摔"


async def test_a_department_is_added_filled_and_named_by_an_operator(house: House) -> None:
    await house.service.token("department", "rong")
    mao = await house.enter("mao", "admin", path="/organisations")
    await mao.page.wait_for_selector('body[data-ready="yes"]')
    await mao.press("n")
    dialog = mao.page.locator("#organisation-dialog")
    await expect(dialog.locator("[name=name]")).to_be_focused()
    await mao.page.keyboard.type("市水务集团")
    await mao.press("Enter")
    await expect(mao.page.locator("#organisation-detail h2")).to_have_text("市水务集团")
    await expect(mao.page.locator(".row-name:focus")).to_have_text("市水务集团")
    await mao.press("p")
    await expect(mao.page.locator("#people-search")).to_be_focused()
    await mao.page.keyboard.type("rong")
    await mao.press("ArrowDown", "Space", "Control+Enter")
    await expect(mao.page.locator(".staff li")).to_contain_text("rong")
    # nobody can be sent to a place that is gone, and nobody is left behind there
    await mao.press("r")
    await expect(mao.page.locator("#sure-dialog")).to_be_visible()
    mao.expected = (409,)
    await mao.press("Enter")
    await expect(mao.page.locator("#sure-dialog .problem")).to_contain_text("还有 1 人")
    await mao.press("Escape")

    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    call_id = await house.call(WELL, live=True, operator="zhou")
    shown = zhou.page.locator(f'.proposal[data-call-id="{call_id}"]:not([data-decision-id=""])')
    await shown.wait_for()
    proposed = await shown.get_attribute("data-destination")
    await zhou.press("F6")
    await expect(zhou.page.locator("#department-search")).to_be_focused()
    await zhou.page.keyboard.type("水务")
    await expect(zhou.page.locator('#department-choices [aria-selected="true"]')).to_contain_text("市水务集团")
    await zhou.press("Enter")
    if proposed != "departments":
        await expect(zhou.page.locator("#overrule-dialog")).to_be_visible()
        await zhou.press("1", "Enter")
    await zhou.see("市水务集团", within="#forwards")
    page = await house.service.call_in(call_id, "queued")
    assert page["transfers"][0]["department"] == "市水务集团"

    # by ticket, where the departments are proposed anyway: the name is asked for as well
    lamp = await house.call(LAMP, live=True, operator="zhou")
    await zhou.page.locator(f'.proposal[data-call-id="{lamp}"][data-destination="departments"]').wait_for()
    await zhou.press("t")
    await expect(zhou.page.locator("#department-search")).to_be_focused()
    await zhou.page.keyboard.type("水务")
    await expect(zhou.page.locator('#department-choices [aria-selected="true"]')).to_contain_text("市水务集团")
    await zhou.press("Enter")
    await zhou.page.locator(f'#forwards [data-call-id="{lamp}"]').first.wait_for()
    [ticket] = (await house.service.call_in(lamp, "queued"))["transfers"]
    assert (ticket["department"], ticket["requested_mode"]) == ("市水务集团", "ticket")
