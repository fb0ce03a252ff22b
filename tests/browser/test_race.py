"""Two operators and three lawyers at their screens at once, racing for calls: none is lost, none taken twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from playwright.async_api import Route, expect

from tests.browser.house import House, Person

CONSULT = "我想咨询一下，公司没有和我签劳动合同，辞职以后能不能要双倍工资，仲裁要多久"
READY = '.primary-action[data-ready="yes"]'
FORWARD, HOLD, CLAIM = "**/forward", "**/hold", "**/desk/next"
#: What each operator presses, call by call: both hand it on, the one picks it up while the other hands it on.
TRIES = (
    (("Enter", FORWARD), ("Enter", FORWARD)),
    (("Enter", FORWARD), ("Enter", FORWARD)),
    (("h", HOLD), ("Enter", FORWARD)),
)


async def at_once(people: Sequence[Person], presses: Sequence[tuple[str, str]]) -> list[int]:
    """Everybody presses their key; what they send first goes on when all have sent it. The statuses of the answers."""
    all_there = asyncio.Barrier(len(people))

    async def hold_back(route: Route) -> None:
        await all_there.wait()
        await route.continue_()

    async def one(person: Person, key: str, path: str) -> int:
        await person.page.route(path, hold_back, times=1)
        async with person.page.expect_response(path) as answer:
            await person.press(key)
        return (await answer.value).status

    return await asyncio.gather(*(one(person, *press) for person, press in zip(people, presses, strict=True)))


async def test_operators_and_lawyers_race_and_every_call_is_taken_once(house: House) -> None:
    zhou = await house.enter("zhou", "operator", display_name="周敏", expected=(409,))
    lin = await house.enter("lin", "operator", display_name="林强", expected=(409,))
    lawyers = [await house.enter(name, "lawyer") for name in ("he", "tang", "lu")]
    operators = (zhou, lin)
    for person in (*operators, *lawyers):
        await person.wait_live()

    calls = [await _raced_for(house, operators, presses) for presses in TRIES]

    for lawyer in lawyers:
        await expect(lawyer.page.locator("#side .next-card")).to_have_attribute("data-next-call", str(calls[0]))
        await expect(lawyer.page.locator("#side .entries .entry")).to_have_count(len(calls) - 1)
    statuses = await at_once(lawyers, [(" ", CLAIM)] * 3)
    assert statuses == [200, 200, 200]
    taken = []
    for lawyer in lawyers:
        form = lawyer.page.locator("#work-form")
        await form.wait_for()
        taken.append(int(await form.get_attribute("data-call-id") or 0))
        # what the others have is gone from one's list
        await lawyer.see("队列是空的", within="#side")
    assert sorted(taken) == calls

    # one call and three keys: one has it, the others are told that there is nothing left
    last = await house.call(CONSULT, line="12348")
    await house.service.call_in(last, "queued")
    for lawyer in lawyers:
        await expect(lawyer.page.locator("#side .next-card")).to_have_attribute("data-next-call", str(last))
    statuses = await at_once(lawyers, [("Alt+j", CLAIM)] * 3)
    assert sorted(statuses) == [200, 204, 204]
    for lawyer, status in zip(lawyers, statuses, strict=True):
        if status == 200:
            await lawyer.page.locator(f'#work-form[data-call-id="{last}"]').wait_for()
        else:
            await lawyer.see("队列里现在没有您可接的来电", within="#toasts")
        await expect(lawyer.page.locator("#side .next-card")).to_have_attribute("data-next-call", "")

    async with house.service.pool.acquire() as connection:
        rows = await connection.fetch("select call_id, count(*) from assignments group by call_id order by call_id")
        assert [tuple(row) for row in rows] == [(call_id, 1) for call_id in (*calls, last)]
        rows = await connection.fetch("select call_id, count(*) from transfers group by call_id order by call_id")
        assert [tuple(row) for row in rows] == [(call_id, 1) for call_id in calls], "nobody was sent for twice"
        assert await connection.fetchval("select count(*) from calls where state <> 'claimed'") == 0


async def _raced_for(house: House, operators: Sequence[Person], presses: Sequence[tuple[str, str]]) -> int:
    """A call that both operators have open and act on in the same moment; at the end it waits for a lawyer."""
    call_id = await house.call(CONSULT, live=True)
    for person in operators:
        await person.page.locator(f"#entry-{call_id}").wait_for()
        await person.press("ArrowDown")
        await person.page.locator(f'.proposal[data-call-id="{call_id}"][data-destination="lawyers"] {READY}').wait_for()
    statuses = await at_once(operators, presses)
    assert sorted(statuses) == [200, 409]
    winner, loser = sorted(operators, key=lambda person: statuses[operators.index(person)])
    names = {"zhou": "周敏", "lin": "林强"}
    held = presses[operators.index(winner)] == ("h", HOLD)
    told = f"来电正由{names[winner.name]}处理" if held else f"来电已由{names[winner.name]}转出"
    await loser.see(told, within="#toasts")
    await loser.page.locator(f"#entry-{call_id}").wait_for(state="detached")
    await loser.see(f"{names[winner.name]} {'接听' if held else '已转出'}", within="#call")
    if held:
        await winner.page.locator(f'.proposal[data-call-id="{call_id}"][data-held="yes"] {READY}').wait_for()
        await winner.press("Enter")
    await winner.page.locator(f'#forwards [data-call-id="{call_id}"]').first.wait_for()
    await winner.page.locator(f"#entry-{call_id}").wait_for(state="detached")
    await house.service.call_in(call_id, "queued")
    return call_id
