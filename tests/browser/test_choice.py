"""What a caller chooses while few people are on duty, recorded by keyboard."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.house import House

WAGES = "我想咨询一下，公司没有和我签劳动合同就把我辞退了，能不能要双倍工资，申请仲裁要准备什么材料"


async def test_the_choice_of_a_call_back_is_read_out_and_recorded(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    call_id = await house.call(WAGES, live=True, operator="zhou")
    await zhou.page.locator(f'.proposal[data-call-id="{call_id}"][data-target-queue="lawyers"]').wait_for()
    await zhou.press("n")
    dialog = zhou.page.locator("#choice-dialog")
    await expect(dialog).to_be_visible()
    await expect(dialog.locator('[data-says="wait"]')).to_contain_text("分钟")
    await zhou.press("3", "Enter")
    await expect(dialog.locator(".problem")).to_contain_text("请记下留言")
    await zhou.press("2", "Enter")
    await expect(dialog).to_be_hidden()
    await zhou.see("来电人选择", within="#call")
    page = await house.service.call_in(call_id, "proposed")
    (choice,) = page["choices"]
    assert choice["choice"] == "callback"
    assert choice["window_start"] < choice["window_end"]


async def test_waiting_is_recorded_with_the_time_that_was_told(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    call_id = await house.call(WAGES, live=True, operator="zhou")
    await zhou.page.locator(f'.proposal[data-call-id="{call_id}"][data-target-queue="lawyers"]').wait_for()
    await zhou.press("n")
    await expect(zhou.page.locator("#choice-dialog")).to_be_visible()
    await zhou.press("Enter")
    await zhou.see("已告知约", within="#call")
    page = await house.service.call_in(call_id, "proposed")
    assert page["choices"][0]["choice"] == "wait"
    assert page["choices"][0]["expected_wait_s"] > 0
