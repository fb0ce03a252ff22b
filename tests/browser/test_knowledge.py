"""An article is found and cited in an answer, and a shift handed over, by keyboard alone."""

from __future__ import annotations

from datetime import date, timedelta

from playwright.async_api import expect

from routing.knowledge.article import ArticleText
from routing.knowledge.service import publish_text, queries
from tests.browser.house import House

ASKS = "小区停水一天了，什么时候能恢复供水"
ANSWER = "抢修队一小时内到场，十二小时内恢复；需要送水请留地址。"


async def publish(house: House, title: str, answer: str) -> int:
    """An article in force; its id."""
    until = date.today() + timedelta(days=90)  # noqa: DTZ011 - any day far enough
    text = ArticleText(title, answer, "# 依据\n- <i>供水条例</i>", "utilities", 1, until, "首次发布")
    async with house.service.pool.acquire() as connection, connection.transaction():
        article_id = int(await queries.insert_article(connection))
        await publish_text(connection, article_id, text, None)
    return article_id


async def test_an_answer_is_cited_and_the_shift_handed_over(house: House) -> None:
    await publish(house, "夜间施工噪声怎么投诉", "请告知工地位置和时间。")
    water = await publish(house, "停水了怎么办", ANSWER)
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    call_id = await house.call(ASKS, live=True, operator="zhou")
    other = await house.call(ASKS, live=True, operator="zhou")
    await zhou.page.locator(f'.proposal[data-call-id="{call_id}"]').wait_for()
    await zhou.press("F8")
    dialog = zhou.page.locator("#answer-dialog")
    await expect(dialog.locator('[aria-selected="true"]')).to_contain_text("停水了怎么办")
    await zhou.page.keyboard.type("噪声")
    await expect(dialog.locator('[aria-selected="true"]')).to_contain_text("夜间施工噪声")
    await zhou.press("Control+a")
    await zhou.page.keyboard.type("停水")
    await expect(dialog.locator('[aria-selected="true"]')).to_contain_text("停水了怎么办")
    await zhou.press("Control+Enter")
    await expect(dialog.locator(".problem")).to_contain_text("请填写答复内容")
    await zhou.press("Enter")
    await expect(dialog.locator("[name=answer]")).to_have_value(ANSWER)
    await zhou.press("Control+Enter")
    await expect(dialog).to_be_hidden()
    await house.service.call_in(call_id, "completed")
    async with house.service.pool.acquire() as connection:
        cited = await connection.fetchrow("select article_id, article_version from direct_answers")
    assert tuple(cited) == (water, 1)

    # the manager writes the next version and takes over the shift that was prepared meanwhile
    status, made = await house.service.request("POST", "/handovers", role="manager", user="li", json={"note": "平稳"})
    assert status == 201, made
    sun = await house.enter("sun", "manager", path=f"/knowledge#{water}")
    await sun.wait_live()
    await sun.see("供水条例", within="#article")
    await expect(sun.page.locator(".article-body i")).to_have_count(0)
    await sun.press("/")
    await sun.page.keyboard.type("停水")
    await expect(sun.page.locator("#article-list [data-article-id]")).to_have_count(1)
    await sun.press("Enter", "e")
    await sun.page.locator("#article-form [name=answer]").wait_for()
    await sun.page.keyboard.type("（新）")
    await sun.tab_to("#article-form [name=change_note]")
    await sun.page.keyboard.type("补充说明")
    await sun.press("Control+s")
    await sun.see("已保存", within="#article")
    await sun.press("Control+Enter")
    await sun.see("第 2 版", within="#article")

    await sun.page.goto(f"{house.service.address}/handover")
    await sun.wait_live()
    await sun.page.locator(f'[data-kind="duty"][data-ref="{other}"][aria-current="true"]').wait_for()
    await sun.press("Control+Enter")
    await sun.see("还有 1 项没有确认")
    await sun.press("Enter")
    await expect(sun.page.locator(f'[data-ref="{other}"]')).to_contain_text("✓ sun")
    await sun.press("Control+Enter")
    await sun.see("现在没有进行中的交接班")
    await expect(sun.page.locator(".records")).to_contain_text("li → sun")
