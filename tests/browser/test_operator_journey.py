"""An operator's hour by keyboard alone: danger, its panel, shift leader, forwarding, undo, the form after a call."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.house import House

WAGES = "我想咨询一下，公司没有和我签劳动合同就把我辞退了，能不能要双倍工资，申请仲裁要准备什么材料"
LIGHT = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"
SELF_HARM = "我不想活了，我现在就站在楼顶上，马上就跳下去，你们别管我"
READY = '.primary-action[data-ready="yes"]'


async def test_an_operators_hour_by_keyboard_alone(house: House) -> None:
    zhou = await house.enter("zhou", "operator", display_name="周敏")
    police = await house.enter("gao", "police", display_name="高远")
    leader = await house.enter("mei", "manager", path="/me", display_name="梅红")
    await zhou.wait_live()
    await leader.wait_live()

    # a caller in danger of self-harm: on top, locked, with a card
    wages = await house.call(WAGES, line="12348", live=True, operator="zhou", caller_number="13800000777")
    await house.service.call_in(wages, "proposed")
    danger = await house.call(SELF_HARM, live=True, operator="zhou")
    await zhou.page.locator(f'.banner.alarm[data-call-id="{danger}"][data-sounds="yes"]').wait_for()
    await expect(zhou.page.locator("#call-list [role=option]").first).to_have_attribute("data-call-id", str(danger))
    quiet = police.page.locator(f'.banner.alarm[data-call-id="{danger}"]')
    await expect(quiet).to_have_attribute("data-sounds", "no")
    await zhou.press("a")
    await quiet.wait_for(state="detached")
    await zhou.press("ArrowUp")
    panel = zhou.page.locator(f'.danger-panel[data-call-id="{danger}"]')
    await panel.wait_for()
    await expect(zhou.page.locator(".script-card")).to_contain_text("我不会挂断")

    # short answers by keyboard, saved as typed, seen by the next holder at once
    await zhou.press("p")
    await zhou.page.keyboard.type("澄湖路 8 号楼顶")
    await zhou.press("Enter", "Enter", "Enter", "Alt+1")
    await expect(panel.locator('[data-question="weapon"] input')).to_have_value("没有")
    await expect(zhou.page.locator("#danger-saved")).to_have_text("已保存")
    await zhou.press("Escape")
    await expect(zhou.page.locator("#call-list")).to_be_focused()
    await police.page.goto(f"{house.service.address}/calls/{danger}")
    await expect(police.page.locator(".danger-told")).to_contain_text("澄湖路 8 号楼顶")

    # neither closed nor transferred blind; the shift leader joins
    await zhou.press("F8")
    await zhou.see("不能直接结束", within="#toasts")
    await zhou.press("l")
    await leader.see("请班长加入", within="#alarms")
    await leader.press("g")
    await zhou.see("班长 梅红 已加入", within=".script-card")
    await zhou.page.locator(READY).wait_for()
    await expect(zhou.page.locator(".primary-action")).to_contain_text("三方通话 110 民警")
    await zhou.press("Enter")
    page = await house.service.call_in(danger, "queued")
    assert (page["transfers"][0]["destination"], page["transfers"][0]["requested_mode"]) == ("police", "conference")

    # the next call: filtered to, forwarded with one key, taken back, forwarded again
    await expect(zhou.page.locator(f"#entry-{danger}")).to_have_count(0)
    await expect(zhou.page.locator(f"#entry-{wages}")).to_have_attribute("aria-selected", "true")
    await zhou.press("1")
    await expect(zhou.page.locator(f"#entry-{wages}")).to_be_hidden()
    await zhou.press("0")
    await expect(zhou.page.locator(f"#entry-{wages}")).to_be_visible()
    await zhou.page.locator(f'.proposal[data-call-id="{wages}"] {READY}').wait_for()
    await zhou.press("Enter")
    await house.service.call_in(wages, "queued")
    await zhou.page.locator(f'#forwards [data-call-id="{wages}"]').first.wait_for()
    await zhou.press("u")
    await zhou.page.locator(f'.proposal[data-call-id="{wages}"] {READY}').wait_for()
    await zhou.press("Enter")
    await house.service.call_in(wages, "queued")

    # the same number again: what is open, and who owes the next step
    again = await house.call(LIGHT, live=True, operator="zhou", caller_number="13800000777")
    await zhou.see("此号码在办的事", within=f'.call[data-call-id="{again}"]')
    await expect(zhou.page.locator(".matters")).to_contain_text("下一步：接单，由值班律师")

    # the form after a call, filled in; only the outcome is changed
    await zhou.page.locator('#forwards [data-act="wrap-up"]').first.wait_for()
    await zhou.press("w")
    form = zhou.page.locator("#wrap-up-dialog")
    await expect(form.locator('[name="route"]')).to_have_value("legal_consultation")
    assert "已转12348 律师" in await form.locator('[name="summary"]').input_value()
    await zhou.press("Control+Enter")
    await form.wait_for(state="hidden")
    async with house.service.pool.acquire() as connection:
        assert await connection.fetchval("select route from wrap_ups where call_id = $1", wages) == "legal_consultation"

    # the shift leader looks where alarms fell: by shift and place, not as a ranking of persons
    await leader.page.goto(f"{house.service.address}/alarms")
    load = leader.page.locator("#alarm-load tbody tr")
    await expect(load).to_have_count(1)
    await expect(load).to_contain_text("周敏 1")
    await expect(leader.page.locator("main")).to_contain_text("共 1 次警报")
    await leader.tab_to("select[name=days]")
    await leader.page.keyboard.type("1 天")
    await leader.tab_to("main button[type=submit]")
    await leader.press("Enter")
    await leader.page.wait_for_url("**/alarms?days=1")
    await expect(load).to_have_count(1)
