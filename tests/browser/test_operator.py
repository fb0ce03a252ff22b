"""The operator's table, by keyboard alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Request, Route, expect

from hotline.console.words import confidence_word
from routing.events.store import Cursor, events_after
from tests.browser.house import PASSWORD, House, Person
from tests.service_fixtures import eventually

WAGES = "我想咨询一下，公司没有和我签劳动合同就把我辞退了，能不能要双倍工资，申请仲裁要准备什么材料"
LIGHT = "小区门口的路灯坏了半个多月，晚上看不见路，麻烦派人来修一修"
THREAT = "快来人啊，我前夫拿着菜刀在砸门，孩子吓得直哭，他说要砍死我们"
#: Enter counts only after a proposal has been on screen long enough to be read.
READY = '.primary-action[data-ready="yes"]'

#: Ids of the events a page was sent, in their order.
KEEP_EVENTS = """
window.eventsHeard = [];
const Told = window.EventSource;
window.EventSource = class extends Told {
  addEventListener(kind, listener) {
    super.addEventListener(kind, listener);
    if (kind === "alive" || kind === "reload") return;
    super.addEventListener(kind, (event) => window.eventsHeard.push(event.lastEventId));
  }
};
"""


async def test_a_live_call_goes_on_with_one_key_and_comes_back(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    await zhou.see("现在没有等待的来电")
    call_id = await house.call(WAGES, live=True, operator="zhou")
    entry = zhou.page.locator(f"#entry-{call_id}")
    await entry.wait_for()
    await expect(entry).to_contain_text("在线")
    await expect(entry).to_contain_text("我的")
    proposal = zhou.page.locator(f'.proposal[data-call-id="{call_id}"][data-destination="lawyers"]')
    await proposal.wait_for()
    await expect(proposal).to_contain_text("12348 律师")
    await expect(proposal.locator(".reasons li").first).not_to_be_empty()
    await expect(zhou.page.locator("#call-list")).to_be_focused()
    await zhou.page.locator(READY).wait_for()
    await zhou.press("Enter")
    await zhou.see("请拨", within="#forwards")
    await expect(zhou.page.locator("#forwards")).to_contain_text("12348")
    await entry.wait_for(state="detached")
    page = await house.service.call_in(call_id, "queued")
    assert page["queue_item"]["queue"] == "lawyers"
    assert page["transfers"][0]["mode"] == "manual"
    await zhou.press("c")
    await zhou.see("已确认接通", within="#forwards")
    await zhou.press("u")
    await entry.wait_for()
    page = await house.service.call_in(call_id, "proposed")
    assert page["transfers"][0]["state"] == "cancelled"


async def test_another_destination_asks_for_a_reason(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    call_id = await house.call(WAGES, live=True, operator="zhou")
    await zhou.page.locator('.proposal[data-destination="lawyers"]').wait_for()
    await zhou.press("F6")
    dialog = zhou.page.locator("#overrule-dialog")
    await expect(dialog).to_be_visible()
    await zhou.press("6", "Enter")
    await expect(dialog.locator(".problem")).to_contain_text("请写明理由")
    await zhou.page.keyboard.type("来电人只要投诉电话")
    await zhou.press("Enter")
    page = await house.service.call_in(call_id, "queued")
    assert page["transfers"][0]["overruled"] is True
    assert page["transfers"][0]["reason"] == "来电人只要投诉电话"
    assert page["queue_item"]["queue"] == "departments"


async def test_the_facts_of_a_proposal_and_every_destinations_key(house: House) -> None:
    await house.service.request("PUT", "/presence", role="lawyer", user="he", json={"presence": "available"})
    waiting = await house.call(WAGES, line="12348")
    await house.service.call_in(waiting, "queued")
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    call_id = await house.call(WAGES, live=True, operator="zhou")
    proposal = zhou.page.locator(f'.proposal[data-call-id="{call_id}"]')
    await expect(proposal.locator(".target")).to_have_text("转 12348 律师")
    facts = proposal.locator(".queue-facts > div")
    await expect(facts.nth(0)).to_have_text(re.compile(r"^\s*等待\s*1\s*$"))
    await expect(facts.nth(1)).to_have_text(re.compile(r"^\s*约等\s*\d+ ?(秒|分)"))
    await expect(facts.nth(2)).to_contain_text("he空闲")
    page = await house.service.call_in(call_id, "proposed")
    sure = zhou.page.locator(f"#entry-{call_id} .confidence")
    word = confidence_word(page["triage"]["confidence"], review=page["triage"]["review"])
    await expect(sure.locator(".word")).to_have_text(word)
    shown = float(await sure.locator("meter").get_attribute("value") or 0)
    assert shown == pytest.approx(page["triage"]["confidence"], abs=0.001)

    # nobody is rung, so that each forward waits in its queue until it is taken back
    await house.service.request("PUT", "/presence", role="lawyer", user="he", json={"presence": "paused"})

    # each key sends where it says; what is not proposed asks why first; all is taken back
    for key, destination in (("F3", "mediators"), ("F4", "police"), ("F2", "lawyers")):
        await zhou.press(key)
        if destination != "lawyers":
            await expect(zhou.page.locator("#overrule-dialog [name=reason]").first).to_be_focused()
            await zhou.press("1", "Enter")
        page = await house.service.call_in(call_id, "queued")
        assert page["queue_item"]["queue"] == destination
        made = page["transfers"][-1]
        assert (made["destination"], made["overruled"]) == (destination, destination != "lawyers")
        await _taken_back(house, zhou, made)
    await zhou.press("F7")
    page = await house.service.call_in(call_id, "queued")
    assert (page["transfers"][-1]["destination"], page["transfers"][-1]["requested_mode"]) == ("lawyers", "conference")


async def _taken_back(house: House, zhou: Person, transfer: dict[str, Any]) -> None:
    call_id = transfer["call_id"]
    undo = zhou.page.locator(f'#forwards [data-act="undo"][data-transfer-id="{transfer["id"]}"]')
    await undo.wait_for()
    await zhou.press("u")
    await house.service.call_in(call_id, "proposed")
    await undo.wait_for(state="detached")
    await zhou.page.locator(f'.proposal[data-call-id="{call_id}"][data-destination="lawyers"] {READY}').wait_for()


async def test_a_changed_proposal_is_looked_at_before_enter_acts(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    call_id = await house.call(
        [{"speaker": "来电人", "text": LIGHT, "seq": 0}], live=True, operator="zhou", line="12345"
    )
    await zhou.page.locator(f'.proposal[data-call-id="{call_id}"] {READY}').wait_for()
    assert await zhou.page.locator(".proposal").get_attribute("data-destination") != "police"
    status, answer = await house.service.request(
        "POST", f"/calls/{call_id}/segments", role="line", json=[{"speaker": "来电人", "text": THREAT, "seq": 1}]
    )
    assert status == 200, answer
    await zhou.page.locator('.proposal[data-destination="police"]').wait_for()
    await expect(zhou.page.locator(".changed")).to_be_visible()
    await zhou.press("Enter")
    await zhou.see("看过再按一次 Enter", within="#toasts")
    page = await house.service.call_in(call_id, "proposed")
    assert page["transfers"] == []
    await zhou.page.locator(READY).wait_for()
    await zhou.press("Enter")
    page = await house.service.call_in(call_id, "queued")
    assert page["transfers"][0]["destination"] == "police"


async def test_who_has_the_call_is_told_to_the_other_operator(house: House) -> None:
    zhou = await house.enter("zhou", "operator", display_name="周敏")
    lin = await house.enter("lin", "operator", display_name="林强", expected=(409,))
    await zhou.wait_live()
    await lin.wait_live()
    call_id = await house.call(WAGES, live=True)
    for person in (zhou, lin):
        await person.page.locator(f'.proposal[data-call-id="{call_id}"][data-destination="lawyers"]').wait_for()
    await zhou.press("h")
    await lin.page.locator(f"#entry-{call_id}").wait_for(state="detached")
    await lin.see("周敏 接听", within="#call")
    await lin.page.locator(READY).wait_for()
    await lin.press("Enter")
    await lin.see("来电正由周敏处理", within="#toasts")
    assert (await house.service.call_in(call_id, "proposed"))["transfers"] == []


async def test_direct_answers_survive_an_ended_session(house: House) -> None:
    zhou = await house.enter("zhou", "operator", expected=(401,))
    await zhou.wait_live()
    call_id = await house.call(LIGHT, live=True, operator="zhou")
    await zhou.page.locator(f'.proposal[data-call-id="{call_id}"]').wait_for()
    await zhou.press("F8", "Alt+0")
    await zhou.page.keyboard.type("市政路灯还没有条目")
    await zhou.tab_to("#answer-form [name=answer]", back=True)
    await zhou.page.keyboard.type("已告知市政维修电话，三天内修好")
    async with house.service.pool.acquire() as connection:
        await connection.execute("delete from sessions")
    await zhou.press("Control+Enter")
    await expect(zhou.page.locator("#login-dialog")).to_be_visible()
    await zhou.page.keyboard.type(PASSWORD)
    await zhou.press("Enter")
    await house.service.call_in(call_id, "completed")
    async with house.service.pool.acquire() as connection:
        kept = await connection.fetchrow("select * from direct_answers where call_id = $1", call_id)
    opened = house.service.services.vault.open
    assert opened(kept["answer"], "direct_answers.answer") == "已告知市政维修电话，三天内修好"
    assert opened(kept["no_article_reason"], "direct_answers.no_article_reason") == "市政路灯还没有条目"


async def test_danger_stays_on_top_until_somebody_acknowledges(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    lawyer = await house.enter("he", "lawyer")
    await zhou.wait_live()
    await house.call(LIGHT, live=True, operator="zhou")
    call_id = await house.call(THREAT, line="110", live=True, operator="zhou")
    banner = zhou.page.locator(f'.banner.alarm[data-call-id="{call_id}"]')
    await banner.wait_for()
    await expect(banner).to_contain_text("危险正在发生")
    # banner and list are read one after the other
    await expect(zhou.page.locator("#call-list .entry").first).to_have_attribute("data-call-id", str(call_id))
    assert await lawyer.page.locator(".banner.alarm").count() == 0, "no noise at desks that do not act on it"
    await zhou.page.reload()
    await banner.wait_for()
    await zhou.press("a")
    await banner.wait_for(state="detached")
    page = await house.service.call_in(call_id, "proposed")
    assert page["alarm"]["acknowledged_by"] == "zhou"


async def test_a_dropped_stream_shows_and_nothing_is_missed(house: House) -> None:
    zhou = await house.enter("zhou", "operator", path="/me")
    zhou.expected = (503,)
    await zhou.page.add_init_script(KEEP_EVENTS)
    asked: list[Request] = []
    zhou.page.on("request", lambda request: asked.append(request) if "/api/v1/events" in request.url else None)
    await zhou.page.goto(f"{zhou.address}/operator")
    await zhou.wait_live()
    since = Cursor.parse(await zhou.page.get_attribute("body", "data-live-since") or "")
    first = await house.call(LIGHT, live=True, operator="zhou")
    await zhou.page.locator(f'.proposal[data-call-id="{first}"]').wait_for()

    # the server ends the stream: the browser comes back by itself with the last event it heard
    begun = len(asked)
    _end_streams(house)

    async def came_back() -> bool:
        return len(asked) > begun

    assert await eventually(came_back)
    between = await house.call(LIGHT, live=True, operator="zhou")
    await zhou.page.locator(f"#entry-{between}").wait_for()
    await zhou.wait_live()
    assert any(["last-event-id" in await request.all_headers() for request in asked[begun:]])

    # refused for a while: the page goes on from there as soon as it is let in again
    async def unavailable(route: Route) -> None:
        await route.fulfill(status=503, body="")

    await zhou.page.route("**/api/v1/events*", unavailable)
    _end_streams(house)
    await zhou.page.wait_for_selector('#live-sign[data-state="off"]')
    await zhou.see("实时更新已中断", within="#live-sign")
    call_id = await house.call(WAGES, live=True, operator="zhou")
    await house.service.call_in(call_id, "proposed")
    assert await zhou.page.locator(f"#entry-{call_id}").count() == 0
    await zhou.page.unroute("**/api/v1/events*")
    await zhou.wait_live()
    await expect(zhou.page.locator(f"#entry-{call_id}")).to_be_visible()
    await zhou.press("ArrowDown", "ArrowDown")
    await expect(zhou.page.locator(f'.proposal[data-call-id="{call_id}"] .target')).to_have_text("转 12348 律师")
    assert "last_event_id=" in asked[-1].url

    # and not only what the page read anew is there: every event came, once, in the order of their commits
    async with house.service.pool.acquire() as connection:
        all_events = [str(event.cursor) for event in await events_after(connection, since, 500)]

    async def heard_all() -> bool:
        heard = await zhou.page.evaluate("window.eventsHeard")
        return bool(heard[: len(all_events)] == all_events)

    assert len(all_events) >= 6
    assert await eventually(heard_all)


def _end_streams(house: House) -> None:
    for subscription in list(house.service.services.hub._subscriptions):
        subscription.put(None)


async def test_what_is_typed_and_focused_stays_while_calls_come_in(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    first = await house.call(LIGHT, live=True, operator="zhou")
    await zhou.page.locator(f'.proposal[data-call-id="{first}"]').wait_for()
    # the focus is on the search for an article; the answer is the next field
    await zhou.press("F8", "Tab")
    field = zhou.page.locator("#answer-dialog textarea")
    await zhou.page.keyboard.type("正在写")
    second = await house.call(WAGES, live=True, operator="zhou")
    await zhou.page.locator(f"#entry-{second}").wait_for(state="attached")
    await zhou.page.keyboard.type("的答复")
    await expect(field).to_have_value("正在写的答复")
    await expect(field).to_be_focused()
    await zhou.press("Escape")
    await zhou.press("F8")
    await expect(field).to_have_value("正在写的答复")


async def test_transcripts_are_shown_as_text(house: House) -> None:
    hostile = (
        "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\"> \"'&lt;b&gt; 路灯坏了"
    )
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    call_id = await house.call(hostile, live=True, operator="zhou", caller_name="<b>王", region="<i>城东")
    transcript = zhou.page.locator(f'.call[data-call-id="{call_id}"] .transcript')
    await transcript.wait_for()
    await expect(transcript).to_contain_text("<script>document.title='hacked'</script>")
    await expect(transcript).to_contain_text("&lt;b&gt;")
    assert await transcript.locator("script, img, b").count() == 0
    assert await zhou.page.title() == "话务台 · 热线分流"


async def test_danger_is_marked_over_its_own_words_after_wide_characters(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    said = [
        {"speaker": "接警员", "text": "您好，请讲😀", "seq": 0},
        {"speaker": "来电人", "text": "😀𠮷𠮷" + THREAT, "seq": 1},
    ]
    call_id = await house.call(said, line="110", live=True, operator="zhou")
    marks = zhou.page.locator(f'.call[data-call-id="{call_id}"] mark.danger2')
    await marks.first.wait_for()
    page = await house.service.call_in(call_id, "proposed")
    heard = {signal["text"] for signal in page["triage"]["danger"]["signals"] if signal["level"] == 2}
    shown = await marks.all_text_contents()
    assert any(word in "".join(shown) or "".join(shown) in word for word in heard)
    assert all(any(text in word or word in text for word in heard) for text in shown)
    assert not any("😀" in text or "𠮷" in text for text in shown)


async def test_help_lists_the_keys(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    await zhou.press("?")
    dialog = zhou.page.locator("#help-dialog")
    await expect(dialog).to_contain_text("按建议转办")
    await expect(dialog).to_contain_text("F8")
    await zhou.press("Escape")
    await expect(dialog).not_to_be_visible()
