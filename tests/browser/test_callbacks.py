"""Call-backs: promised in the form after a call, waiting in the operator's list, and how the caller wants them."""

from __future__ import annotations

from playwright.async_api import Locator, expect

from tests.browser.house import House

LIGHT = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"


async def _number_of(form: Locator, outcome: str) -> str:
    """The number key of one of the outcomes."""
    values = await form.locator('[name="disposition"]').evaluate_all("all => all.map((one) => one.value)")
    return str(values.index(outcome) + 1)


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
    await zhou.tab_to('[name="disposition"]')
    await zhou.press(await _number_of(form, "约定回拨"))
    await zhou.press("Control+Enter")
    await zhou.see("请填写回拨时间", within="#wrap-up-dialog")
    await zhou.put_time('#wrap-up-dialog [name="callback_at"]', "2091-01-05T09:30")
    await zhou.press("Control+Enter")
    await form.wait_for(state="hidden")
    entry = zhou.page.locator(f'#entry-{call_id}[data-in-group="callbacks"]')
    await expect(entry).to_contain_text("回拨 01-05 09:30")
    await expect(entry).to_have_attribute("data-contact", "callback")
    await zhou.press("ArrowDown")
    await expect(entry).to_have_attribute("aria-selected", "true")
    await zhou.page.locator(f'.proposal[data-call-id="{call_id}"]').wait_for()
    await zhou.press("Enter")
    await zhou.see("回拨后按 B", within="#toasts")
    await zhou.press("b")
    await expect(entry).to_have_count(0)


async def test_a_call_back_is_moved_into_safe_hours_when_the_operator_says_so(house: House) -> None:
    zhou = await house.enter("zhou", "operator", expected=(422,))
    await zhou.wait_live()
    rules = {"safe_from": "09:00", "safe_until": "17:00", "other_number": "13988880000"}
    call_id = await house.call(LIGHT, live=True, operator="zhou", contact_rules=rules)
    await zhou.page.locator(f'.proposal[data-call-id="{call_id}"] .primary-action[data-ready="yes"]').wait_for()
    await expect(zhou.page.locator("#call .call-back-ruled")).to_contain_text("仅 09:00–17:00；改拨 139****0000")
    await zhou.press("Enter")
    await zhou.page.locator('#forwards [data-act="wrap-up"]').first.wait_for()
    await zhou.press("w")
    form, moving = zhou.page.locator("#wrap-up-dialog"), zhou.page.locator("#safe-hours-dialog")
    await zhou.tab_to('[name="disposition"]')
    await zhou.press(await _number_of(form, "约定回拨"))
    await zhou.put_time('#wrap-up-dialog [name="callback_at"]', "2091-01-05T07:30")
    await zhou.press("Control+Enter")
    await expect(moving).to_be_visible()
    await expect(moving).to_contain_text("可改为 01-05 09:00 至 10:00")
    await zhou.press("Escape")
    await expect(moving).to_be_hidden()
    await expect(form.locator(".problem")).to_contain_text("09:00")
    await zhou.press("Control+Enter")
    # its words are still those of before: only when it is open does Enter go to it
    await expect(moving).to_be_visible()
    await zhou.press("Enter")
    await expect(form).to_be_hidden()
    entry = zhou.page.locator(f'#entry-{call_id}[data-in-group="callbacks"]')
    await expect(entry).to_contain_text("回拨 01-05 09:00")
    await expect(entry.locator(".call-back-line")).to_have_text("回拨须知：仅 09:00–17:00；改拨 139****0000")


async def test_how_to_call_back_is_written_down_with_one_key(house: House) -> None:
    call_id = await house.call(LIGHT)
    await house.service.call_in(call_id, "queued")
    zhou = await house.enter("zhou", "operator", path=f"/calls/{call_id}")
    await zhou.wait_live()
    dialog = zhou.page.locator("#contact-rules-dialog")
    await zhou.page.locator("[data-contact-rules]").wait_for()
    await zhou.press("i")
    await expect(dialog.locator("[name=safe_from]")).to_be_focused()
    await zhou.put_time("#contact-rules-dialog [name=safe_from]", "19:00")
    await zhou.tab_to("#contact-rules-dialog [name=note]")
    await zhou.page.keyboard.type("只和本人说")
    await zhou.press("Enter")
    await zhou.see("安全时段要有开始和结束", within="#contact-rules-dialog")
    await zhou.press("Escape")
    await expect(dialog).to_be_hidden()
    await zhou.press("i")
    await expect(dialog.locator("[name=safe_from]")).to_have_value("19:00")
    await expect(dialog.locator("[name=note]")).to_have_value("只和本人说")
    await zhou.put_time("#contact-rules-dialog [name=safe_until]", "21:30")
    await zhou.tab_to("#contact-rules-dialog [name=no_sms]")
    await zhou.press("Space", "Enter")
    await expect(dialog).to_be_hidden()
    await expect(zhou.page.locator("#call .call-back-ruled")).to_contain_text("仅 19:00–21:30；不发短信；只和本人说")
