"""The administrator's day by keyboard alone: a shift moved, a grid tree imported, an export tried out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from routing.rosters.planning import monday_of, week_begin
from tests.browser.house import House, Person
from tests.integration.test_administration import GOOD, HEADS, NO_TIME, sheet
from tests.integration.test_rosters_api import EXCEL
from tests.service_fixtures import eventually


async def test_a_shift_is_moved_a_tree_imported_and_an_export_tried_out_by_keys(house: House) -> None:
    service = house.service
    await service.token("lawyer", "wang")
    await service.token("lawyer", "zhao")
    begin = week_begin(monday_of(datetime.now(UTC)))
    async with service.pool.acquire() as connection:
        for name, day in (("wang", 0), ("zhao", 3)):
            await connection.execute(
                "insert into shifts (queue, user_id, starts_at, ends_at) select 'lawyers', id, $2, $3 from users"
                " where name = $1",
                name,
                begin + timedelta(days=day, hours=8),
                begin + timedelta(days=day, hours=16),
            )
    mao = await house.enter("mao", "admin", path="/rosters", expected=(409,))
    await mao.page.locator("[data-shift]").first.wait_for()
    await mao.tab_to("[data-shift]")
    await mao.press("Control+ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowRight")
    await mao.see("zhao · 值班律师 · 周二 08:30–17:00", within="#move-state")
    await mao.press("Enter")

    async def moved() -> bool:
        async with service.pool.acquire() as connection:
            row = await connection.fetchrow(
                "select u.name, s.starts_at, s.ends_at from shifts s join users u on u.id = s.user_id"
                " order by s.id limit 1"
            )
        start = begin + timedelta(days=1, hours=8.5)
        return (row["name"], row["starts_at"], row["ends_at"]) == ("zhao", start, start + timedelta(hours=8.5))

    assert await eventually(moved)
    await mao.see("已保存", within="#toasts")
    await mao.page.wait_for_selector("[data-shift]:not(.editing):focus")
    # somebody else is faster: who it was is told, the move stays and is saved on top of theirs
    async with service.pool.acquire() as connection:
        await connection.execute(
            "update roster_weeks set version = version + 1, changed_by = (select id from users where name = 'wang')"
        )
    await mao.press("Control+ArrowRight", "Enter")
    await mao.see("wang在", within="#toasts")
    await mao.page.wait_for_selector("[data-shift].editing:focus")
    await mao.press("Enter")
    await mao.page.wait_for_selector("[data-shift]:not(.editing):focus")
    await mao.see("已保存", within="#toasts")
    await mao.press("ArrowRight", "Escape")
    assert await mao.page.locator("#move-state").is_hidden()
    await _dragged(house, mao, begin)

    heads = ("编码", "名称", "上级编码", "级别", "负责人", "调解组")
    tree = sheet(heads, ("99", "澜江市", "", "市", "", ""), ("9901", "东澜区", "99", "区县", "郑区长", "东澜区调委会"))
    await mao.page.goto(f"{mao.address}/grids")
    await mao.see("还没有网格")
    await mao.press("i")
    await mao.page.set_input_files(
        "#import-dialog input[type=file]",
        {"name": "grids.xlsx", "mimeType": EXCEL["Content-Type"], "buffer": tree},
    )
    await mao.press("Control+Enter")
    await mao.see("新增 2", within="#import-outcome")
    await mao.page.wait_for_selector("#apply-import:focus")
    await mao.press("Enter")
    await mao.page.wait_for_selector('[role="treeitem"]')
    await mao.tab_to('[role="treeitem"]')
    await mao.press("ArrowDown")
    await mao.see("东澜区调委会", within="#grid-detail")

    await mao.page.goto(f"{mao.address}/lines/12345")
    await mao.page.set_input_files(
        "input[type=file]",
        {"name": "export.csv", "mimeType": "text/csv", "buffer": "\n".join((HEADS, GOOD, NO_TIME, "")).encode()},
    )
    await mao.press("t")
    await mao.see("读到 2 行，可用 1 行，退回 1 行", within="#file-outcome")
    await mao.see("昨天上午", within="#file-outcome")
    async with service.pool.acquire() as connection:
        assert await connection.fetchval("select count(*) from calls") == 0, "nothing was stored"


async def test_periods_are_tried_before_they_are_published_by_keys(house: House) -> None:
    mao = await house.enter("mao", "admin", path="/retention")
    dialog = mao.page.locator("#periods-dialog")
    publish = dialog.locator("[type=submit]")
    await mao.press("e")
    first = dialog.locator("[data-part]").first
    await expect(first).to_be_focused()
    await expect(dialog.locator("#tried-state")).to_contain_text("请先试算")
    await expect(publish).to_be_disabled()
    days = int(await first.input_value())
    await mao.press("Control+a")
    await mao.page.keyboard.type(str(days - 1))
    await mao.press("F9")
    await expect(dialog.locator("#tried-state")).to_contain_text("照此发布")
    await expect(publish).to_be_enabled()
    # another figure has not been tried
    await mao.press("Control+a")
    await mao.page.keyboard.type(str(days - 2))
    await expect(publish).to_be_disabled()
    await mao.press("F9")
    await expect(publish).to_be_enabled()
    await mao.tab_to("[name=note]")
    await mao.page.keyboard.type("按新规缩短")
    await mao.press("Control+Enter")
    await mao.see("retention-1", within="h1")
    await mao.see(f"{days - 2} 天", within="#rules")


async def _dragged(house: House, mao: Person, begin: datetime) -> None:
    """The other shift, of Thursday, pulled by mouse to the day after."""
    async with house.service.pool.acquire() as connection:
        shift = await connection.fetchval("select max(id) from shifts")
    block = mao.page.locator(f'[data-shift="{shift}"]')
    await block.scroll_into_view_if_needed()
    held = await block.bounding_box()
    lane = await mao.page.locator(".lane", has=block).bounding_box()
    assert held is not None
    assert lane is not None
    x, y = held["x"] + held["width"] / 2, held["y"] + held["height"] / 2
    await mao.page.mouse.move(x, y)
    await mao.page.mouse.down()
    await mao.page.mouse.move(x + lane["width"] / 14, y)
    await mao.page.mouse.move(x + lane["width"] / 7, y)
    await mao.see("zhao · 值班律师 · 周五 08:00–16:00", within="#move-state")
    await mao.page.mouse.up()
    await mao.see("已保存", within="#toasts")
    async with house.service.pool.acquire() as connection:
        starts_at = await connection.fetchval("select starts_at from shifts where id = $1", shift)
    assert starts_at == begin + timedelta(days=4, hours=8)
