"""A call that opens at a desk opens whole, whatever happens while its parts are still on the way."""

from __future__ import annotations

import asyncio

from playwright.async_api import Route, expect

from tests.browser.house import House

KNIFE = "快来人，巷子里有人拿着刀追着另一个人砍，已经见血了"


async def test_what_is_told_of_a_call_that_is_opening_does_not_take_its_work_away(house: House) -> None:
    call_id = await house.call(KNIFE, line="110", live=True, operator="nobody")
    await house.service.call_in(call_id, "proposed")
    assert (await house.service.request("POST", f"/calls/{call_id}/forward", role="operator", json={}))[0] == 200
    zhou = await house.enter("zhou", "police", display_name="周警官")
    await zhou.wait_live()
    await expect(zhou.page.locator("#side [data-choose]").first).to_have_attribute("data-of-call", str(call_id))
    told = asyncio.Event()

    async def slow(route: Route) -> None:
        await told.wait()
        await route.continue_()

    await zhou.page.route("**/desk/work/*", slow)
    await zhou.press("Enter")
    # the event of the claim has come: the list of the desk was read again for it
    await zhou.page.locator("#side [data-assignment-id]").wait_for()
    # and another one of this call
    status, _ = await house.service.request("POST", f"/calls/{call_id}/acknowledge", role="operator", json={})
    assert status == 200
    await expect(zhou.page.locator("#alarms [data-acknowledge]")).to_have_count(0)
    told.set()
    await zhou.page.locator(f'#work-form[data-call-id="{call_id}"]').wait_for()
