"""A supervisor's day by keyboard alone: three calls judged with two keys each, a policy tried out and published."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.house import House

VAGUE = tuple("喂，那个事情你们上次说的，到底怎么样了" + "啊" * n for n in range(3))


async def shown(page: Page, *before: str) -> str:
    """Wait until a call other than those ``before`` is on the screen; the id of its review."""
    others = "".join(f':not([data-review-id="{one}"])' for one in before)
    return await page.locator(f"#review article{others}").get_attribute("data-review-id") or ""


async def test_three_calls_are_judged_and_a_policy_is_published(house: House) -> None:
    ids = [await house.call(text) for text in VAGUE]
    for call_id in ids:
        await house.service.call_in(call_id, "queued", "closed")
    boss = await house.enter("boss", "manager", path="/supervision")
    page = boss.page
    decide = page.locator("#decide .target")
    waiting = page.locator('[data-waiting=""]')
    await boss.wait_live()
    await expect(waiting).to_have_text("3")

    # as the machine has it
    await expect(decide).to_have_text("同意机器研判")
    first = await shown(page)
    await boss.press("Enter")
    await expect(waiting).to_have_text("2")
    second = await shown(page, first)
    # two keys for each head; what was pressed survives a reload
    await boss.press("c", "3", "d", "1")
    await expect(decide).to_have_text("提交更正")
    await page.reload()
    await expect(decide).to_have_text("提交更正")
    await expect(page.locator('[data-head="route"] [aria-pressed="true"]')).to_contain_text("矛盾纠纷")
    await boss.press("t")
    await page.keyboard.type("邻里")
    await boss.press("Enter")
    await expect(page.locator("#topic-name")).to_have_text("邻里相邻")
    await boss.press("Enter")
    await expect(waiting).to_have_text("1")
    await shown(page, first, second)
    # taken back, and corrected otherwise
    await boss.press("u")
    await expect(waiting).to_have_text("2")
    await expect(page.locator(f'#review article[data-review-id="{second}"]')).to_be_visible()
    await boss.press("c", "5")
    await expect(decide).to_have_text("提交更正")
    await boss.press("Enter")
    await expect(waiting).to_have_text("1")
    await shown(page, first, second)
    await boss.press("1", "Enter")
    await boss.see("这一类没有待判的来电")
    await expect(page.locator("#judged-today")).to_have_text("3")
    async with house.service.pool.acquire() as connection:
        rows = await connection.fetch("select id, route, danger, agreed from reviews order by decided_at")
        opened = await connection.fetchval("select count(*) from audit_entries where action = 'review_opened'")
    assert (str(rows[0]["id"]), rows[0]["agreed"]) == (first, True)
    assert [row["route"] for row in rows[1:]] == ["invalid", "police_incident"]
    assert opened == 3

    await page.goto(f"{boss.address}/policy")
    text = page.locator("#policy-text")
    await boss.tab_to("#policy-text")
    await boss.press("Control+End")
    await page.keyboard.type('[[rules]]\nname = "odd"\nwhen = { line = "12345" }\nqueue = "nowhere"\n')
    await expect(page.locator("#policy-problems")).to_contain_text("现为 'nowhere'")
    await expect(page.locator("#check-state")).to_have_attribute("data-state", "bad")
    # away with it, and another bar for confidence, from the top
    await boss.press("Control+a")
    await page.keyboard.insert_text((await text.evaluate("t => t.defaultValue")).replace("bar = 0.5 ", "bar = 0.05 "))
    await expect(page.locator("#check-state")).to_have_attribute("data-state", "good")
    await boss.press("Control+Enter")
    dialog = page.locator("#publish-dialog")
    await expect(dialog).to_be_visible(timeout=20_000)
    await expect(dialog.locator("#publish-trial")).to_contain_text("/ 3 通会去别处")
    await expect(dialog.locator(".differences .in")).to_contain_text("bar = 0.05")
    await boss.press("Control+Enter")
    await expect(dialog.locator("textarea:invalid")).to_have_count(1)
    await page.keyboard.type("少留一些给人工")
    await boss.press("Control+Enter")
    await boss.see("已发布")
    await page.wait_for_load_state()
    await page.goto(f"{boss.address}/policy#panel-versions")
    await expect(page.locator("#panel-versions tbody tr")).to_have_count(1)
    await expect(page.locator("#panel-versions")).to_contain_text("少留一些给人工")
