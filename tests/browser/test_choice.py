"""What a caller chooses while few people are on duty, recorded by keyboard."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Locator, Route, expect

from tests.browser.house import PASSWORD, House, Person

WAGES = "我想咨询一下，公司没有和我签劳动合同就把我辞退了，能不能要双倍工资，申请仲裁要准备什么材料"


async def _with_a_consultation(house: House, *, expected: tuple[int, ...] = ()) -> tuple[Person, int]:
    zhou = await house.enter("zhou", "operator", expected=expected)
    await zhou.wait_live()
    call_id = await house.call(WAGES, live=True, operator="zhou")
    await zhou.page.locator(f'.proposal[data-call-id="{call_id}"][data-target-queue="lawyers"]').wait_for()
    return zhou, call_id


async def _dialog(zhou: Person) -> Locator:
    """The dialog, opened by its key, once the choices can be read out."""
    await zhou.press("n")
    dialog = zhou.page.locator("#choice-dialog")
    await expect(dialog.locator('[data-says="wait"]')).to_contain_text("分钟")
    return dialog


async def _recorded(house: House, call_id: int) -> dict[str, Any]:
    (choice,) = (await house.service.call_in(call_id, "proposed"))["choices"]
    return dict(choice)


async def test_the_choice_of_a_call_back_is_read_out_and_recorded(house: House) -> None:
    zhou, call_id = await _with_a_consultation(house)
    dialog = await _dialog(zhou)
    await zhou.press("2")
    start, end = dialog.locator("[name=window_start]"), dialog.locator("[name=window_end]")
    offered = await start.input_value()
    await expect(end).not_to_have_value("")
    await zhou.put_time("#choice-dialog [name=window_end]", "2020-01-01T10:00")
    await zhou.press("Enter")
    await expect(dialog.locator(".problem")).to_contain_text("结束要晚于开始")
    await zhou.put_time("#choice-dialog [name=window_start]", "2035-01-01T09:30", back=True)
    await zhou.put_time("#choice-dialog [name=window_end]", "2035-01-01T11:00")
    assert offered != "2035-01-01T09:30"
    await zhou.press("Enter")
    await expect(dialog).to_be_hidden()
    await zhou.see("01-01 09:30 至 11:00", within="#call")
    choice = await _recorded(house, call_id)
    assert choice["choice"] == "callback"
    assert choice["window_start"].startswith("2035-01-01T01:30")
    assert choice["window_end"].startswith("2035-01-01T03:00")


async def test_waiting_is_recorded_with_the_time_that_was_told(house: House) -> None:
    zhou, call_id = await _with_a_consultation(house)
    await _dialog(zhou)
    await zhou.press("Enter")
    await zhou.see("已告知约", within="#call")
    choice = await _recorded(house, call_id)
    assert choice["choice"] == "wait"
    assert choice["expected_wait_s"] > 0


async def test_a_message_survives_an_ended_session(house: House) -> None:
    zhou, call_id = await _with_a_consultation(house, expected=(401,))
    dialog = await _dialog(zhou)
    await zhou.press("3", "Control+Enter")
    await expect(dialog.locator(".problem")).to_contain_text("请记下留言")
    await zhou.page.keyboard.type("双倍工资怎么算，1 号以后方便")
    await zhou.press("Escape")
    await expect(dialog).to_be_hidden()
    await zhou.press("n")
    text = dialog.locator("[name=message]")
    await expect(text).to_be_visible()
    await expect(text).to_have_value("双倍工资怎么算，1 号以后方便")
    async with house.service.pool.acquire() as connection:
        await connection.execute("delete from sessions")
    await zhou.press("Control+Enter")
    await expect(zhou.page.locator("#login-dialog")).to_be_visible()
    await zhou.page.keyboard.type(PASSWORD)
    await zhou.press("Enter")
    await expect(dialog).to_be_hidden()
    await zhou.see("来电人选：留言", within="#call")
    assert (await _recorded(house, call_id))["message"] == "双倍工资怎么算，1 号以后方便"


async def test_choices_that_cannot_be_read_are_told_and_read_again(house: House) -> None:
    zhou, call_id = await _with_a_consultation(house, expected=(503,))

    async def unavailable(route: Route) -> None:
        await route.fulfill(status=503, content_type="application/problem+json", body='{"detail": "请稍后再试。"}')

    await zhou.page.route("**/night-options", unavailable)
    await zhou.press("n")
    dialog = zhou.page.locator("#choice-dialog")
    await expect(dialog.locator(".problem")).to_contain_text("请稍后再试")
    await expect(dialog.locator("#choice-retry")).to_be_focused()
    await expect(dialog.locator("[name=choice]:enabled")).to_have_count(0)
    await zhou.page.unroute("**/night-options")
    await zhou.press("Enter")
    await expect(dialog.locator('[name=choice][value="wait"]')).to_be_focused()
    await zhou.press("1", "Enter")
    await zhou.see("来电人选：在线等候", within="#call")
    assert (await _recorded(house, call_id))["choice"] == "wait"


async def test_the_screen_offers_the_choice_where_callers_outnumber_lawyers(house: House) -> None:
    zhou, call_id = await _with_a_consultation(house)
    offer = zhou.page.locator(f'.proposal[data-call-id="{call_id}"] .choice-offer')
    await expect(offer).to_have_attribute("data-short", "no")
    stands = await offer.bounding_box()
    waiting = await house.call(WAGES, line="12348")
    await house.service.call_in(waiting, "queued")
    # beside a proposal that stays as it is, and in its place
    await expect(offer).to_have_attribute("data-short", "yes")
    await expect(offer).to_contain_text("人手不足")
    assert await offer.bounding_box() == stands
