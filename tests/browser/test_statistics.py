"""A manager's journey by keyboard: today, definitions, charts and their tables, the calls behind, an export, a wall."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.house import House

CONSULT = "我想咨询一下，公司没有和我签劳动合同，辞职以后能不能要双倍工资，仲裁要多久"
LIGHT = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"


async def test_figures_lead_to_calls_and_out_as_a_report(house: House) -> None:
    calls = [await house.call(CONSULT, line="12348", region="城东区") for _ in range(3)]
    calls += [await house.call(LIGHT, line="12345", region="城西区") for _ in range(2)]
    for call_id in calls:
        await house.service.call_in(call_id, "queued")
    qian = await house.enter("qian", "manager", display_name="钱经理")
    page = qian.page
    await qian.wait_live()
    await expect(page.locator('[data-tile="calls"] .figure')).to_have_text("5")
    await expect(page.locator('script[src*="echarts"]')).to_have_count(0)
    # one more comes in: the figure follows by itself
    await house.service.call_in(await house.call(LIGHT, line="110"), "queued")
    await expect(page.locator('[data-tile="calls"] .figure')).to_have_text("6")
    await qian.press("d")
    await expect(page.locator("#definitions")).to_be_visible()
    await qian.see("转办时人工改变了建议去向的来电 ÷ 转办过的来电", within="#definitions")
    await qian.press("Escape", "2")
    await page.wait_for_url("**/statistics/routing*")
    for chart in ("flow", "week", "time"):
        await expect(page.locator(f'[data-chart="{chart}"] canvas').first).to_be_visible()
    # what lies below is drawn when it comes into sight
    await expect(page.locator('[data-chart="intake"] canvas')).to_have_count(0)
    await page.wait_for_selector("#figures:not([aria-busy])")
    await qian.press("End")
    for chart in ("line", "intake"):
        await expect(page.locator(f'[data-chart="{chart}"] canvas').first).to_be_visible()
    # topics and regions as bars, as shares, over time; the reader's choice is kept
    for form in ("pie", "line", "bar"):
        await qian.tab_to(f'[data-forms="region"] [data-form="{form}"]', back=form == "bar")
        await qian.press("Enter")
        await expect(page.locator('[data-chart="region"]')).to_have_attribute("data-drawn", form)
    height = await page.evaluate("document.documentElement.scrollHeight")
    await qian.press("t")
    rows = page.locator('[data-chart="line"] tbody tr')
    await expect(rows).to_have_count(3)
    shown = {tuple(row.split("\t")[:2]) for row in await rows.all_inner_texts()}
    assert shown == {("12348", "3"), ("12345", "2"), ("110", "1")}
    assert await page.evaluate("document.documentElement.scrollHeight") == height, "tables stand where charts stood"
    await qian.press("v")
    await page.keyboard.type("三线合计")
    await qian.press("Enter")
    await qian.see("三线合计", within="#view-list")
    await qian.tab_to('[data-chart="line"] tbody a')
    await qian.press("Enter")
    await page.wait_for_url("**/calls?*")
    await expect(page.locator("#behind-count")).to_have_text("共 3 通")
    await expect(page.locator("#call-rows tr")).to_have_count(3)
    await page.go_back()
    await page.wait_for_selector("[data-chart] canvas")
    await qian.press("e")
    await page.wait_for_url("**/statistics/exports*")
    await qian.press("Control+Enter")
    await expect(page.get_by_role("button", name="下载")).to_be_visible(timeout=30_000)
    await qian.tab_to("a[download]")
    async with page.expect_download() as waiting:
        await qian.press("Enter")
    assert re.fullmatch(r"hotline-\d+-\d{14}\.pdf", (await waiting.value).suggested_filename)

    wall = await house.window("wall", expected=(404,))
    await wall.page.goto(f"{wall.address}/wall")
    code = await wall.page.locator(".pairing-code").inner_text()
    await page.goto(f"{qian.address}/statistics/displays")
    await page.keyboard.type(code)
    await qian.press("Tab")
    await page.keyboard.type("值班室")
    await qian.press("Enter")
    await expect(wall.page.locator("#wall-title")).to_have_text("各队列现在")
    await expect(wall.page.locator('[data-face="queues"] tbody tr').first).to_be_visible()
    assert "钱经理" not in await wall.page.content()
    # who ends it sees it go: the wall falls back to its code by itself
    await qian.tab_to("[data-end]")
    await qian.press("Enter")
    await expect(wall.page.locator(".pairing-code")).to_be_visible(timeout=30_000)
