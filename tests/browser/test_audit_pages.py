"""Looking at what is hidden by keyboard, finding calls, and the audit page."""

from __future__ import annotations

from dataclasses import replace

from hotline.accounts.store import add_user
from hotline.audit.linking import link_round
from hotline.audit.store import KnownActor, record
from tests.browser.house import House
from tests.service_fixtures import eventually

LAMP = "我们小区门口的路灯坏了半个月了，晚上黑漆漆的，麻烦派人来修一下"
NUMBER = "13677776543"


async def test_clear_values_other_calls_and_search_take_a_reason(house: House) -> None:
    await house.call("前几天反映过楼道堆放杂物的事，一直没有人来清理", caller_number=NUMBER)
    call_id = await house.call(LAMP, caller_number=NUMBER, caller_name="欧阳朗月", live=True)
    await house.service.call_in(call_id, "proposed")
    li = await house.enter("li", "operator", path=f"/calls/{call_id}", expected=(403,))
    await li.see("136****6543")
    await li.press("v", "Enter")
    await li.see("只能查看您正在接听或已接单的来电", within="#reason-dialog")
    await li.press("Escape")
    await li.page.wait_for_selector("#reason-dialog:not([open])", state="attached")
    async with house.service.pool.acquire() as connection:
        li_id = await connection.fetchval("select id from users where name = 'li'")
        await connection.execute("update calls set held_by = $1 where id = $2", li_id, call_id)
    await li.press("v")
    await li.page.wait_for_selector("#reason-dialog[open]")
    await li.press("2", "Enter")
    await li.see(f"+86{NUMBER}", within="#clear-dialog")
    await li.see("欧阳朗月", within="#clear-dialog")
    await li.press("Escape")

    async def gone() -> bool:
        return NUMBER not in await li.page.content()

    # for one view only; the dialog says that it is closed a moment after the key
    assert await eventually(gone)
    await li.tab_to("[data-timeline]")
    await li.press("Enter")
    await li.page.wait_for_selector("#reason-dialog[open]")
    async with li.context.expect_page() as opened:
        await li.press("Enter")
    other = await opened.value
    await other.get_by_text("楼道").first.wait_for()
    await li.page.goto(f"{li.address}/search")
    await li.tab_to("input[name=q]")
    await li.page.keyboard.type("小区 路灯")
    await li.press("Enter")
    await li.see("找到 1 条")
    await li.press("Control+a")
    await li.page.keyboard.type(NUMBER)
    await li.press("Enter")
    await li.see("按号码查找", within="#reason-dialog")
    await li.press("Enter")
    await li.see("找到 2 条")
    async with house.service.pool.acquire() as connection:
        acts = [row["action"] for row in await connection.fetch("select action from audit_entries order by id")]
    wanted = ["call_unmask_refused", "call_unmasked", "timeline_opened", "calls_searched", "person_searched"]
    assert [act for act in acts if act in wanted] == wanted


async def test_the_auditor_sees_alerts_first_and_walks_the_chain(house: House) -> None:
    own = house.service.services
    looker, _ = await add_user(own.pool, "looker", "manager", display_name="翻阅者", password="a long password")
    async with own.pool.acquire() as connection:
        for number in range(4):
            actor = KnownActor(looker, "manager")
            await record(connection, actor=actor, action="call_viewed", subject=f"call:{number}")
    limits = replace(own.audit_limits, allowed={**own.audit_limits.allowed, "calls_viewed": 3})
    await link_round(own.pool, own.audit_key, limits)
    auditor = await house.enter("shen", "auditor")
    await auditor.see("短时间内打开大量来电", within="#audit-alerts")
    await auditor.see("call:3", within="#audit-rows")
    await auditor.press("v")
    await auditor.see("审计链完整", within="#chain-state")
    await auditor.choose("select[name=action]", "alert_raised")
    await auditor.tab_to("form.filters [type=submit]")
    async with auditor.page.expect_navigation():
        await auditor.press("Enter")
    await auditor.see("user_id", within="#audit-rows")
    assert await auditor.page.locator("#audit-rows tr").count() == 1
    await auditor.press("a")
    await auditor.see("没有待核查的告警")
    security = await house.enter("an", "security", path="/audit")
    await security.see("已核查的告警")
    assert await security.page.locator("#audit-rows").count() == 0, "the log itself is the auditor's"
