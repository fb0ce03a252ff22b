"""A rotation made and ended on the roster's page by keyboard, seen on the week before it is kept."""

from __future__ import annotations

from tests.browser.house import House


async def test_a_rotation_is_drawn_before_it_is_kept_and_ended_by_keys(house: House) -> None:
    service = house.service
    for name in ("wang", "zhao"):
        await service.token("lawyer", name)
    mao = await house.enter("mao", "admin", path="/rosters")
    page = mao.page
    await mao.see("还没有排班", within="#roster-state")
    await mao.press("r")
    await page.wait_for_selector("#rotation-dialog[open] [name=rotation]:focus")
    await mao.choose("#rotation-dialog [name=queue]", "lawyers")
    await mao.tab_to("#rotation-dialog [name=name]")
    await page.keyboard.type("白班")
    # without people there is nothing to keep, and what was entered stays
    await mao.press("Control+Enter")
    await mao.see("请至少加一个人", within="#rotation-dialog .problem")
    for name in ("wang", "zhao"):
        await mao.choose("#rotation-person", name)
        await mao.press("Tab", "Enter")
        await page.wait_for_selector(f"#rotation-people li:has-text('{name}')")
    await page.wait_for_selector("#rotation-board .block-turn")
    await mao.see("这一周排出 7 班", within="#rotation-state")
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from rotations") == 0, "only drawn"
    await mao.tab_to("#rotation-people li:nth-child(2) button:first-of-type", back=True)
    await mao.press("Enter")
    await page.wait_for_selector("#rotation-people li:first-child:has-text('zhao')")
    await mao.press("Control+Enter")
    await page.wait_for_selector("#board .block-turn")
    await mao.see("已保存轮值", within="#toasts")
    async with service.pool.acquire() as connection:
        [kept] = await connection.fetch("select name, body from rotations")
        names = await connection.fetchval(
            "select array_agg(u.name order by t.n)"
            " from jsonb_array_elements_text($1::jsonb) with ordinality as t(id, n)"
            " join users u on u.id = t.id::bigint",
            kept["body"]["participants"],
        )
    assert (kept["name"], names, kept["body"]["end"]) == ("lawyers·白班", ["zhao", "wang"], None)

    # another name by the same dialog
    await mao.tab_to("#board .block-turn")
    await mao.press("r")
    await page.wait_for_selector("#rotation-dialog[open] [name=rotation]:focus")
    assert await page.input_value("#rotation-dialog [name=name]") == "白班"
    await page.wait_for_selector("#rotation-board .block-turn")
    await mao.tab_to("#rotation-dialog [name=name]")
    await mao.press("Control+a")
    await page.keyboard.type("日班")
    await mao.press("Control+Enter")
    await page.wait_for_selector("#rotation-dialog:not([open])", state="attached")
    async with service.pool.acquire() as connection:
        assert [row["name"] for row in await connection.fetch("select name from rotations")] == ["lawyers·日班"]
    await page.wait_for_selector('#board .block-turn[title*="日班"]')
    await mao.see("已保存轮值", within="#toasts")

    await mao.tab_to("#board .block-turn")
    await mao.press("r")
    await page.wait_for_selector("#rotation-dialog[open] [name=rotation]:focus")
    await page.wait_for_selector("#rotation-board .block-turn")
    await mao.tab_to("#rotation-end")
    await mao.press("Enter")
    assert await page.input_value("#rotation-dialog [name=end]")
    await mao.press("Control+Enter")
    await page.wait_for_selector("#rotation-dialog:not([open])", state="attached")
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select body->>'end' from rotations") is not None
    # the week is read again: before that the page would act on the rotation as it was
    await mao.see("已保存轮值", within="#toasts")

    # gone from all weeks by its button; chosen by name: ended on a Monday, it has no turn left in this week
    await mao.press("r")
    await page.wait_for_selector("#rotation-dialog[open] [name=rotation]:focus")
    await mao.press("ArrowDown")
    await page.wait_for_selector("#rotation-remove:visible")
    page.once("dialog", lambda dialog: dialog.accept())
    await mao.tab_to("#rotation-remove")
    await mao.press("Enter")
    await mao.see("已删除轮值", within="#toasts")
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from rotations") == 0
