"""A part of a page that could not be read says so in its place, and is asked for again by one key."""

from __future__ import annotations

from playwright.async_api import Route, expect

from tests.browser.house import House

LIGHT = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"
NOISE = "楼下烧烤店每天半夜还在放音响，吵得孩子睡不着，找过物业没有用"


async def _refuse(route: Route) -> None:
    await route.fulfill(status=503, json={"title": "忙", "detail": "忙", "status": 503})


async def test_a_call_that_could_not_be_read_is_not_the_one_before(house: House) -> None:
    calls = [await house.call(LIGHT, live=True, operator="zhou"), await house.call(NOISE, live=True, operator="zhou")]
    for call_id in calls:
        await house.service.call_in(call_id, "queued", "proposed")
    zhou = await house.enter("zhou", "operator", expected=(503,))
    await zhou.wait_live()
    await zhou.page.locator(f'.proposal[data-call-id="{calls[0]}"]').wait_for()
    path = f"**/operator/calls/{calls[1]}"
    await zhou.page.route(path, _refuse)
    await zhou.press("ArrowDown")
    failed = zhou.page.locator("#call > .pane-failed")
    await expect(failed).to_contain_text("没有读到")
    await expect(zhou.page.locator("#call")).not_to_contain_text("路灯")
    await expect(zhou.page.locator(".proposal")).to_have_count(0)
    await zhou.page.unroute(path)
    await zhou.press("Alt+z")
    await zhou.page.locator(f'.proposal[data-call-id="{calls[1]}"]').wait_for()
    await expect(zhou.page.locator("#call")).to_contain_text("烧烤店")
    await expect(failed).to_have_count(0)


async def test_a_list_that_is_not_up_to_date_says_so_above_what_it_shows(house: House) -> None:
    call_id = await house.call(LIGHT, live=True, operator="zhou")
    await house.service.call_in(call_id, "queued", "proposed")
    zhou = await house.enter("zhou", "operator", expected=(503,))
    await zhou.wait_live()
    await zhou.page.locator(f"#entry-{call_id}").wait_for()
    await zhou.page.route("**/operator/calls", _refuse)
    # one event and no more: the next one would read the list again before the button does
    async with house.service.pool.acquire() as connection:
        await connection.execute("insert into events (kind, call_id) values ('call_claimed', $1)", call_id)
    await house.service.services.signals.ring()
    failed = zhou.page.locator(".pane-failed")
    await expect(failed.first).to_contain_text("没有读到最新的内容")
    await expect(zhou.page.locator(f"#entry-{call_id}")).to_be_visible()
    await zhou.page.unroute("**/operator/calls")
    # by the button, which Tab reaches: it stands before the list
    await zhou.tab_to("#main .pane-failed [data-retry]", back=True)
    async with zhou.page.expect_response("**/operator/calls") as answered:
        await zhou.press("Enter")
    assert (await answered.value).status == 200
    await expect(zhou.page.locator(f"#entry-{call_id}")).to_be_visible()
    await expect(failed).to_have_count(0)


async def test_lines_saved_views_and_more_rows_are_asked_for_again(house: House) -> None:
    calls = [await house.call(NOISE, line="110", region="城东区") for _ in range(51)]
    for call_id in calls:
        await house.service.call_in(call_id, "queued", "proposed")
    zheng = await house.enter("zheng", "manager", path="/calls", expected=(503,))
    page, failed = zheng.page, zheng.page.locator(".pane-failed")
    await page.route("**/calls?*", _refuse)
    await zheng.tab_to(".more button", back=True)
    await zheng.press("Enter")
    await expect(page.locator(".more .pane-failed")).to_contain_text("没有读到")
    await page.unroute("**/calls?*")
    await zheng.press("Alt+z")
    await expect(page.locator("#call-rows tr:not(.more)")).to_have_count(len(calls))
    await expect(failed).to_have_count(0)

    await page.goto(f"{zheng.address}/statistics/routing")
    await zheng.see("更新于", within="#statistics-state")
    region = page.locator('[data-chart="region"]')
    # a chart is drawn once it comes into sight, and the focus brings it there
    await zheng.tab_to('[data-forms="region"] [data-form="line"]')
    await expect(region).to_have_attribute("data-drawn", "bar")
    await page.route("**/api/v1/statistics/routing*", _refuse)
    await zheng.press("Enter")
    await expect(region.locator(".pane-failed")).to_be_visible()
    await expect(region).to_have_attribute("data-drawn", "bar")
    await page.unroute("**/api/v1/statistics/routing*")
    await zheng.press("Alt+z")
    await expect(region).to_have_attribute("data-drawn", "line")
    await expect(failed).to_have_count(0)

    await page.route("**/api/v1/statistics/views", _refuse)
    await zheng.press("v")
    await expect(page.locator("#views .pane-failed")).to_be_visible()
    await page.unroute("**/api/v1/statistics/views")
    await zheng.press("Alt+z")
    await zheng.see("还没有保存的视图", within="#view-list")
    await expect(failed).to_have_count(0)


async def test_figures_that_could_not_be_read_are_asked_for_again(house: House) -> None:
    zheng = await house.enter("zheng", "manager", path="/statistics", expected=(503,))
    await zheng.page.route("**/api/v1/statistics/charts*", _refuse)
    await zheng.page.goto(f"{zheng.address}/statistics/routing")
    failed = zheng.page.locator("#figures > .pane-failed")
    await expect(failed).to_be_visible()
    await zheng.page.unroute("**/api/v1/statistics/charts*")
    await zheng.press("Alt+z")
    await zheng.see("更新于", within="#statistics-state")
    await expect(failed).to_have_count(0)
