"""The desk of lawyers, police and the others, by keyboard alone."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.house import House

CONSULT = "我想咨询一下，公司没有和我签劳动合同，辞职以后能不能要双倍工资，仲裁要多久"


async def _waits_for_a_lawyer(house: House) -> int:
    call_id = await house.call(CONSULT, line="12348")
    await house.service.call_in(call_id, "queued")
    return call_id


async def test_the_next_call_is_one_key_away_and_notes_survive(house: House) -> None:
    call_id = await _waits_for_a_lawyer(house)
    he = await house.enter("he", "lawyer", display_name="何律师")
    await he.wait_live()
    await he.press(" ")
    notes = he.page.locator("#notes")
    await expect(notes).to_be_focused()
    await he.page.keyboard.type("告知双倍工资最多十一个月")
    await he.see("已保存", within="#save-state")
    await he.page.reload()
    await expect(notes).to_have_value("告知双倍工资最多十一个月")
    await expect(notes).to_be_focused()
    await he.press("Control+Enter")
    await he.see("请选择处理结果", within="#work")
    await he.press("Alt+1")
    await he.press("Alt+s")
    await he.page.keyboard.type("已告知仲裁途径")
    await he.press("Alt+y", "Control+Enter")
    page = await house.service.call_in(call_id, "completed")
    assert page["assignments"][0]["disposition"] == "已解答"
    assert page["assignments"][0]["summary"] == "已告知仲裁途径"
    assert page["assignments"][0]["notes"] is None, "managers do not read lawyers' notes"
    async with house.service.pool.acquire() as connection:
        kept = await connection.fetchval("select notes from assignments where call_id = $1", call_id)
    assert house.service.services.vault.open(kept, "assignments.notes") == "告知双倍工资最多十一个月"
    await he.see("整理中", within="#side")


async def test_a_live_call_rings_and_is_taken_with_enter(house: House) -> None:
    he = await house.enter("he", "lawyer")
    await he.wait_live()
    await he.press("1")
    await he.page.wait_for_selector('#presence-available[aria-pressed="true"]')
    call_id = await house.call(CONSULT, live=True)
    await house.service.call_in(call_id, "proposed")
    status, transfer = await house.service.request("POST", f"/calls/{call_id}/forward", role="operator", json={})
    assert status == 200, transfer
    await he.see("来电振铃", within="#side")
    await he.press("Enter")
    await he.page.locator(f'#work-form[data-call-id="{call_id}"]').wait_for()
    await house.service.call_in(call_id, "claimed")


async def test_a_call_is_given_back_with_a_reason_and_keeps_its_place(house: House) -> None:
    call_id = await _waits_for_a_lawyer(house)
    he = await house.enter("he", "lawyer")
    await he.wait_live()
    before = (await house.service.call_in(call_id, "queued"))["queue_item"]["enqueued_at"]
    await he.press(" ")
    await he.page.locator("#work-form").wait_for()
    await he.press("Alt+r")
    await expect(he.page.locator("#release-dialog")).to_be_visible()
    await he.press("1", "Enter")
    page = await house.service.call_in(call_id, "queued")
    assert page["queue_item"]["enqueued_at"] == before
    assert page["assignments"][0]["disposition"] == "回避（利益冲突）"


async def test_a_lawyers_morning_by_keyboard_alone(house: House) -> None:
    conflict, consult = await _waits_for_a_lawyer(house), await _waits_for_a_lawyer(house)
    path = f"/calls/{conflict}/counterparty"
    await house.service.request("PUT", path, role="operator", json={"name": "启程装饰公司"})
    await house.service.request("GET", "/me", role="lawyer", user="luo")  # somebody else is left to take the conflict
    he = await house.enter("he", "lawyer")
    await he.wait_live()
    await he.press("1")
    await he.page.wait_for_selector('#presence-available[aria-pressed="true"]')
    await he.see("启程装饰公司", within=".next-card")
    await he.press("x")
    await he.page.locator(f'.next-card[data-next-call="{consult}"]').wait_for()
    assert (await house.service.call_in(conflict, "queued"))["assignments"] == [], "before anybody picked it up"

    await he.press(" ")
    notes = he.page.locator("#notes")
    await expect(notes).to_be_focused()
    await he.page.keyboard.type("先问：再答。")
    await he.press("ArrowLeft", "ArrowLeft", "ArrowLeft", "Alt+k")
    await he.page.keyboard.type("双倍")
    await he.see("没有找到", within="#snippet-list")
    await he.press("Alt+n", "Tab")
    await he.page.keyboard.type("劳动合同法82")
    await he.press("Tab")
    await he.page.keyboard.type("最多十一个月")
    await he.press("Control+Enter")
    await he.see("最多十一个月", within="#snippet-list")
    await he.press("Enter")
    await expect(notes).to_have_value("先问：《劳动合同法》第八十二条：最多十一个月再答。")

    await he.press("Alt+s")
    await he.page.keyboard.type("可以申请劳动仲裁")
    await he.press("Alt+y", "Alt+5", "Alt+5", "Control+Enter")
    await he.see("话后整理", within="#work")
    await he.see("到时回到您这里", within="#work")
    await he.press("Alt+e")
    await he.see("已延长", within="#side")
    await he.press("n")
    await he.page.keyboard.type("补一句；")
    await he.see("已保存", within="#save-state")
    await he.press("Control+Enter")
    await he.page.wait_for_selector('#presence-available[aria-pressed="true"]')

    # the time has come: the call is the promiser's, whose notes are there
    async with house.service.pool.acquire() as connection:
        await connection.execute("update queue_items set not_before = now() where call_id = $1", consult)
    await he.see("到点", within=".next-card")
    await he.press(" ")
    await expect(notes).to_be_focused()
    await he.see("补一句", within="#call")
    await he.press("Alt+s")
    await he.page.keyboard.type("愿意和公司坐下来谈")
    await he.press("Alt+y", "F3")
    page = await house.service.call_in(consult, "queued")
    while page["queue_item"]["queue"] != "mediators":
        page = await house.service.call_in(consult, "queued")
    await he.see("接单后在这里记录和办结", within="#work")
    _, seen = await house.service.request("GET", f"/calls/{consult}", role="mediator")
    assert [a["summary"] for a in seen["assignments"]] == ["可以申请劳动仲裁", "愿意和公司坐下来谈"]
    assert [a["notes"] for a in seen["assignments"]] == [None, None]


async def test_the_lease_is_kept_while_the_desk_is_open(house: House) -> None:
    call_id = await _waits_for_a_lawyer(house)
    he = await house.enter("he", "lawyer")
    await he.wait_live()
    await he.press(" ")
    await he.page.locator("#work-form").wait_for()
    async with he.page.expect_response("**/heartbeat") as beat:
        await he.page.evaluate(
            "() => document.querySelectorAll('[data-heartbeat-s]').forEach((b) => { b.dataset.heartbeatS = '1'; })"
        )
    assert (await beat.value).status == 200
    await house.service.call_in(call_id, "claimed")
