"""Mediators, departments and the police desk at their screens, by keyboard alone; one house for the three journeys."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.house import House, Person
from tests.integration.test_cases import LIGHT, NOISE
from tests.integration.test_first import works_for

KNIFE = "快来人，巷子里有人拿着刀追着另一个人砍，已经见血了"


async def _waits(house: House, text: str, queue: str) -> int:
    """A recorded call that waits in ``queue``; an operator sends it there where policy does not."""
    call_id = await house.call(text)
    page = await house.service.call_in(call_id, "queued")
    if page["queue_item"]["queue"] != queue:
        destination = house.service.services.published.policy.queue(queue).destination
        body = {"destination": destination, "reason": "类别判断有误", "consent": True}
        status, made = await house.service.request("POST", f"/calls/{call_id}/forward", role="operator", json=body)
        assert status == 200, made
    return call_id


async def test_the_three_desks_by_keyboard_alone(house: House) -> None:
    await _mediator(house, await _waits(house, NOISE, "mediators"))
    await _department(house, await _waits(house, LIGHT, "departments"), await _waits(house, LIGHT, "departments"))
    await _police(house)


async def test_a_ruling_names_the_department_and_callers_are_asked_whether_it_is_settled(house: House) -> None:
    service = house.service
    for user in ("sun", "li"):
        await service.token("department", user)
    call_id = await _waits(house, LIGHT, "departments")
    async with service.pool.acquire() as connection:
        await works_for(connection, "sun", "cg", "市城管局")
        await works_for(connection, "li", "sw", "市水务局")
        item = await connection.fetchval("select max(id) from queue_items where call_id = $1", call_id)

    async def act(path: str, user: str, **body: str) -> None:
        status, made = await service.request("POST", path, role="department", user=user, json=body)
        assert status in (200, 201), made

    await act(f"/items/{item}/object", "sun", reason="other", words="归水务")
    zheng = await house.enter("zheng", "manager", path="/feedback")
    await zheng.wait_live()
    await zheng.see("归水务", within="#lists")
    await zheng.press("u")
    await expect(zheng.page.locator("#uphold-dialog [value=departments]")).to_be_focused()
    await zheng.press("Enter")
    await expect(zheng.page.locator("#department-search")).to_be_focused()
    await zheng.page.keyboard.type("水务")
    await expect(zheng.page.locator('#department-choices [aria-selected="true"]')).to_contain_text("市水务局")
    await zheng.press("Enter")
    await zheng.see("没有待裁定的异议", within="#lists")
    await expect(zheng.page.locator("#uphold-dialog")).to_be_hidden()
    async with service.pool.acquire() as connection:
        named = "select o.name from queue_items i join organisations o on o.id = i.org_id where i.id = $1"
        assert await connection.fetchval(named, item) == "市水务局"

    await act(f"/items/{item}/undertake", "li")
    async with service.pool.acquire() as connection:
        own = await connection.fetchval("select max(id) from undertakings where call_id = $1", call_id)
    await act(f"/undertakings/{own}/reply", "li", outcome="resolved", text="井盖已更换")
    await zheng.page.locator(f'[data-undertaking-id="{own}"]').wait_for()
    await zheng.press("e")
    dialog = zheng.page.locator("#appraise-dialog")
    await expect(dialog.locator("[name=appraisal]").first).to_be_focused()
    # the keys go on from the first question to the second
    for key, answer in (("4", "yes"), ("6", "unasked"), ("5", "no")):
        await zheng.press(key)
        await expect(dialog.locator(f"[name=resolved][value={answer}]")).to_be_checked()
    await zheng.press("Enter")
    await zheng.see("没有待评价的案件", within="#lists")
    async with service.pool.acquire() as connection:
        kept = await connection.fetchrow("select state, appraisal, resolved from undertakings where id = $1", own)
    assert tuple(kept) == ("appraised", "satisfied", False)


async def _mediator(house: House, call_id: int) -> None:
    zhao = await house.enter("zhao", "mediator", display_name="赵调解员")
    await zhao.wait_live()
    await zhao.press("ArrowDown")
    await zhao.see("受理", within="#case-offer")
    await zhao.press("Enter")
    await zhao.see("办理中", within="#case-file")
    # what was taken on stands in the list where its deadline puts it, in sight
    await expect(zhao.page.locator('#side [data-choose^="undertaking-"][aria-current="true"]')).to_be_in_viewport()
    await zhao.press("m")
    await expect(zhao.page.locator("#step-dialog")).to_be_visible()
    note = zhao.page.locator("#step-dialog [name=note]")
    for _ in range(9):  # over the parts of the date and time, as many as the browser has
        if await note.evaluate("field => field === document.activeElement"):
            break
        await zhao.press("Tab")
    await expect(note).to_be_focused()
    await zhao.page.keyboard.insert_text("社区活动室，双方都来")
    await zhao.press("Enter")
    await zhao.see("社区活动室，双方都来", within="#case-file .steps .next")
    await zhao.see("调解会", within="#side .next-step")
    await zhao.press("d")
    await zhao.page.keyboard.insert_text("双方同意晚八点后不施工")
    await zhao.press("Control+Enter")
    await zhao.see("双方同意晚八点后不施工", within="#case-file .steps .done")
    await zhao.press("e")
    await zhao.page.keyboard.insert_text("晚八点后不施工，补偿八百元")
    await zhao.page.reload()
    await zhao.wait_live()
    await zhao.press("ArrowDown")
    await zhao.see("办理中", within="#case-file")
    await zhao.press("e")
    await expect(zhao.page.locator("#end-dialog textarea")).to_have_value("晚八点后不施工，补偿八百元")
    await zhao.press("Control+Enter")
    await zhao.see("已反馈，待评价", within="#case-file")
    await house.service.call_in(call_id, "completed")
    # what is no matter for mediation goes back before anybody takes it on, with a reason; its wait is kept
    other = await _waits(house, NOISE, "mediators")
    before = (await house.service.call_in(other, "queued"))["queue_item"]["enqueued_at"]
    await zhao.page.locator(f'[data-choose^="item-"][data-of-call="{other}"]').wait_for()
    await zhao.press("ArrowUp", "ArrowUp")
    await zhao.page.locator(f'#case-offer[data-call-id="{other}"]').wait_for()
    await zhao.press("b")
    dialog = zhao.page.locator("#return-dialog")
    await expect(dialog.locator("[name=reason]").first).to_be_focused()
    await zhao.press(str(await dialog.locator("[name=reason]").count()), "Enter")
    await expect(dialog.locator(".problem")).to_contain_text("请写明理由")
    await expect(dialog.locator("[name=words]")).to_be_focused()
    await zhao.page.keyboard.insert_text("工地已停工，来电人只问罚款去向")
    await zhao.press("Enter")
    await zhao.see("已退回话务台", within="#toasts")
    await zhao.page.locator(f'[data-of-call="{other}"]').wait_for(state="detached")
    page = await house.service.call_in(other, "queued")
    assert (page["queue_item"]["queue"], page["queue_item"]["enqueued_at"]) == ("operators", before)


async def _department(house: House, first: int, second: int) -> None:
    sun = await house.enter("sun", "department", display_name="孙科长", expected=(409,))
    await sun.wait_live()
    await sun.press("ArrowDown", "ArrowUp")
    await sun.see("待接单", within="#case-offer")
    await sun.press("y")
    await expect(sun.page.locator("#object-dialog")).to_be_visible()
    await sun.press("5", "Enter")
    await sun.see("异议待裁定", within="#case-file")
    # keys move from what the list marks; it is read anew after the objection
    await sun.page.locator('#side [data-choose^="undertaking-"][aria-current=true]').wait_for()
    await house.service.call_in(first, "claimed")
    # somebody else is faster: the conflict says who has it
    await sun.press("ArrowUp", "ArrowUp")
    await sun.see("待接单", within="#case-offer")
    item = await sun.page.locator("#case-offer").get_attribute("data-item-id")
    assert (await house.service.request("POST", f"/items/{item}/undertake", role="department", user="li"))[0] == 201
    await sun.press("Enter")
    await sun.see("已由li接办", within="#toasts")
    await sun.see("这件已由li接办", within="#work")
    third = await _waits(house, LIGHT, "departments")
    await sun.page.locator(f'[data-of-call="{third}"]').wait_for()
    await sun.press("ArrowUp")
    await sun.page.locator(f'#case-offer[data-call-id="{third}"]').wait_for()
    await sun.press("Enter")
    await sun.see("办理中", within="#case-file")
    await sun.press("r")
    await sun.page.keyboard.insert_text("井盖已于今日更换，并已电话告知")
    await sun.press("Control+Enter")
    await sun.see("已反馈，待评价", within="#case-file")
    await house.service.call_in(third, "completed")
    assert second != third
    await _others_one_key_away(house, sun, third)


async def _others_one_key_away(house: House, sun: Person, before: int) -> None:
    """What is dispatched to another department is left out of the inbox until it is asked for."""
    async with house.service.pool.acquire() as connection:
        topic = await connection.fetchval("select topics[1] from triages where call_id = $1", before)
        await works_for(connection, "sun", "rs", "市人社局", "labour")
        await works_for(connection, "li", "cg", "市城管局", topic)
    entry = sun.page.locator(f'[data-of-call="{await _waits(house, LIGHT, "departments")}"]')
    await entry.wait_for(state="attached")
    await expect(entry).to_be_hidden()
    await sun.see("按 0 看全部", within="#filtered-out")
    await sun.press("0")
    await sun.see("市城管局", within="#side .entry:not([hidden])")
    await expect(entry).to_be_visible()


async def _police(house: House) -> None:
    quiet = await _waits(house, NOISE, "mediators")
    body = {"destination": "police", "reason": "类别判断有误"}
    assert (await house.service.request("POST", f"/calls/{quiet}/forward", role="operator", json=body))[0] == 200
    loud = await house.call(KNIFE, line="110", live=True, operator="nobody")
    await house.service.call_in(loud, "proposed")
    assert (await house.service.request("POST", f"/calls/{loud}/forward", role="operator", json={}))[0] == 200
    # the desk may ask once more for work that has just ended
    zhou: Person = await house.enter("zhou", "police", display_name="周警官", expected=(404,))
    await zhou.wait_live()
    await expect(zhou.page.locator("#side [data-choose]").first).to_have_attribute("data-of-call", str(loud))
    await zhou.press("ArrowDown")
    await zhou.see("尚未接警", within="#police-look")
    # what the operator asks meanwhile comes in beside the call that is looked at
    answered = await house.service.request(
        "PUT", f"/calls/{loud}/danger/where", role="operator", json={"answer": "菜场后巷"}
    )
    assert answered[0] == 200, answered
    await zhou.see("菜场后巷", within="#police-look")
    await zhou.press("a")
    await zhou.see("警报已确认", within="#side")
    await zhou.press("Enter")
    await zhou.page.locator(f'#work-form[data-call-id="{loud}"]').wait_for()
    await zhou.press("Alt+1", "Control+Enter")
    await house.service.call_in(loud, "completed")
    await zhou.page.locator("#work-form[data-wrap-up]").wait_for()
    await zhou.press("Control+Enter")  # nothing to add to the notes
    await zhou.page.locator("#work-form").wait_for(state="detached")
    await zhou.press("ArrowDown", "b")
    await expect(zhou.page.locator("#no-police-dialog")).to_be_visible()
    await zhou.press("1", "Enter")
    await expect(zhou.page.locator("#no-police-dialog")).to_be_hidden()
    page = await house.service.call_in(quiet, "queued")
    assert page["queue_item"]["queue"] == "mediators"
