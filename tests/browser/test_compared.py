"""Two periods of a manager's choice: in the charts, in the address, in a saved view, on to the export."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.house import House


async def test_any_two_periods_are_compared(house: House) -> None:
    qian = await house.enter("qian", "manager", path="/statistics/routing")
    page = qian.page
    await qian.see("更新于", within="#statistics-state")
    await qian.press("c")
    await expect(page.locator("[name=compare]")).to_be_focused()
    await qian.press("End")
    period = page.locator("#compare-period")
    await expect(period).to_be_visible()
    await period.locator("[name=compare_from]").fill("2026-02-02")
    await period.locator("[name=compare_until]").fill("2026-02-08")
    await expect(page.locator("#totals")).to_contain_text("对比期")
    await page.reload()
    await expect(period.locator("[name=compare_until]")).to_have_value("2026-02-08")
    await expect(page.locator("#totals")).to_contain_text("对比期")
    await qian.press("v")
    await expect(page.locator("#view-name")).to_be_focused()
    await page.keyboard.type("二月第二周")
    await qian.press("Enter")
    view = page.locator("#view-list a", has_text="二月第二周")
    await expect(view).to_have_attribute("href", "/statistics/routing?" + page.url.split("?")[1])
    await qian.tab_to("#export-link")
    await qian.press("Enter")
    await page.wait_for_url("**/statistics/exports*")
    form = page.locator("#export-form")
    await expect(form.locator("[name=compare]")).to_have_value("period")
    await expect(form.locator("[name=compare_from]")).to_have_value("2026-02-02")
    await qian.press("Control+Enter")
    await qian.see("已申请", within="#toasts")
