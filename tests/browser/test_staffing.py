"""Who is on duty beside a shown proposal follows by itself; the proposal, and what Enter does, stay."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.house import House

CONSULT = "我想咨询一下，公司没有和我签劳动合同，辞职以后能不能要双倍工资，仲裁要多久"
#: Where everything of the proposal stands but the figures themselves.
PLACES = (
    "Array.from(document.querySelectorAll('#proposal h2, #proposal button, #proposal .why, #proposal h3,"
    " #proposal .reasons'), (part) => [part.className, Object.values(part.getBoundingClientRect().toJSON())])"
)


async def test_who_is_on_duty_follows_while_the_proposal_stays(house: House) -> None:
    zhou = await house.enter("zhou", "operator")
    await zhou.wait_live()
    call_id = await house.call(CONSULT, live=True)
    await zhou.page.locator(f"#entry-{call_id}").wait_for()
    await zhou.press("ArrowDown")
    proposal = zhou.page.locator(f'.proposal[data-call-id="{call_id}"]')
    await proposal.locator('.primary-action[data-ready="yes"]').wait_for()
    crew = proposal.locator(".crew")
    await expect(crew).to_have_text("无人")
    places, signature = await zhou.page.evaluate(PLACES), await proposal.get_attribute("data-signature")
    button = await proposal.locator(".primary-action").element_handle()

    async def becomes(presence: str) -> None:
        await house.service.request("PUT", "/presence", role="lawyer", user="lin", json={"presence": presence})

    await becomes("available")
    await expect(crew.locator('.person[data-presence="available"]')).to_contain_text("lin")
    await expect(proposal.locator(".queue-facts")).not_to_contain_text("无人在岗")
    await becomes("paused")
    await expect(crew.locator('.person[data-presence="paused"]')).to_contain_text("lin")
    assert await zhou.page.evaluate(PLACES) == places, "nothing moves"
    assert await proposal.get_attribute("data-signature") == signature
    assert await button.evaluate("node => node.isConnected && node.dataset.ready === 'yes'"), "Enter is still as it was"
    await zhou.press("Enter")
    await zhou.page.locator(f'#forwards [data-call-id="{call_id}"]').first.wait_for()
    await house.service.call_in(call_id, "queued")
