"""A call-back promised in the form after a call: it waits in the operator's list until it is made."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.house import House

LIGHT = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"


async def test_a_promised_call_back_waits_in_the_list(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    call_id = await house.call(LIGHT, live=True, operator="zhou")
    await zhou.page.locator(f'.proposal[data-call-id="{call_id}"] .primary-action[data-ready="yes"]').wait_for()
    await zhou.press("Enter")
    await zhou.page.locator('#forwards [data-act="wrap-up"]').first.wait_for()
    await zhou.press("w")
    form = zhou.page.locator("#wrap-up-dialog")
    await expect(form.locator('[name="callback_at"]')).to_be_hidden()
    await form.locator('[name="disposition"][value="约定回拨"]').check()
    await zhou.press("Control+Enter")
    await zhou.see("请填写回拨时间", within="#wrap-up-dialog")
    await form.locator('[name="callback_at"]').fill("2091-01-05T09:30")
    await zhou.press("Control+Enter")
    await form.wait_for(state="hidden")
    entry = zhou.page.locator(f'#entry-{call_id}[data-in-group="callbacks"]')
    await expect(entry).to_contain_text("回拨 01-05 09:30")
    await expect(entry).to_have_attribute("data-contact", "callback")
    await entry.click()
    await expect(entry).to_have_attribute("aria-selected", "true")
    await zhou.page.locator(f'.proposal[data-call-id="{call_id}"]').wait_for()
    await zhou.press("Enter")
    await zhou.see("回拨后按 B", within="#toasts")
    await zhou.press("b")
    await expect(entry).to_have_count(0)
