"""A manager changes the lexicon by keyboard: a word added, tried and published; a danger word off only by its name."""

from __future__ import annotations

from tests.browser.house import House

#: A trial reads with two lexicons, which takes its time on a busy machine.
TRIED_MS = 90_000


async def test_words_are_added_tried_and_published_and_danger_words_confirmed_by_keys(house: House) -> None:
    await house.call("灵泉新苑的路灯坏了三天，晚上看不见路，请派人来修")
    li = await house.enter("li", "manager", path="/lexicon", expected=(409,))
    page = li.page
    await page.wait_for_selector("#words li")
    await li.see("与现行版本相同", within="#draft-state")
    await li.tab_to("#tables input:checked")
    while await page.locator("#tables input:checked").get_attribute("value") != "words":
        await li.press("ArrowRight")
    await li.press("Alt+n")
    await page.keyboard.type("灵泉新苑")
    await li.press("Enter")
    await li.see("草稿有 1 处改动", within="#draft-state")
    await page.wait_for_selector("#words li.own")
    # what cannot be is told, and stays where it was typed
    await page.keyboard.type("灵泉新苑")
    await li.press("Enter")
    await li.see("写了两次", within="#add-problem")
    assert await page.input_value("#add-form [name=text]") == "灵泉新苑"

    await li.press("Alt+s")
    await page.keyboard.type("灵泉新苑着火啦，快来人")
    await li.press("Control+Enter")
    await page.wait_for_selector("#sentence-result .compared", timeout=TRIED_MS)
    [before, after] = await page.locator("#sentence-result .tokens").all()
    assert "灵泉新苑" not in await before.locator("span").all_inner_texts()
    assert "灵泉新苑" in await after.locator("span").all_inner_texts()

    # a draft is nobody's but this window's until it is published, and outlives a reload
    await page.reload()
    await li.see("草稿有 1 处改动", within="#draft-state")
    await page.wait_for_selector("#words li")
    await li.tab_to("#find")
    await page.keyboard.type("着火啦")
    await page.wait_for_selector("#words li:only-child")
    await li.tab_to('#words button[aria-label="停用：着火啦"]')
    await li.press("Enter")
    await li.see("草稿有 2 处改动", within="#draft-state")

    await li.press("F10")
    await page.wait_for_selector("#publish-dialog[open] textarea:focus", timeout=TRIED_MS)
    await li.see("灵泉新苑", within="#publish-summary")
    await page.keyboard.type("新小区交付")
    await li.press("Control+Enter")
    # nothing is in force yet: who switches off a danger word says so by name, and why
    await page.wait_for_selector("#danger-dialog[open] textarea:focus")
    await li.see("着火啦", within="#danger-words")
    await page.keyboard.type("与本地方言的口头语相混")
    await li.press("Control+Enter")
    await li.see("请勾选确认", within="#danger-dialog .problem")
    await li.tab_to("#danger-dialog [name=sure]")
    await li.press("Space", "Control+Enter")
    await page.wait_for_selector("#lexicon-version:not(:text('…'))")
    await page.wait_for_selector("#tab-versions .count:text-is('1')")
    await li.see("与现行版本相同", within="#draft-state")
    async with house.service.pool.acquire() as connection:
        [act] = await connection.fetch("select detail from audit_entries where action = 'lexicon_published'")
        assert (act["detail"]["added"], act["detail"]["off"]) == (1, 1)
        assert (
            await connection.fetchval("select count(*) from audit_entries where action = 'danger_words_disabled'") == 1
        )
