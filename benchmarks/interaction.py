"""How long operator, lawyer, mediator and manager wait for the screen after a key, in a real browser on this machine.

    .venv/bin/python benchmarks/interaction.py [--times 40]

``hotline run`` with one worker and 60 calls waiting at each desk; Chromium without a window at 1366x768. Taken inside
of the page: from the key's event to the first frame in which what it asked for stands there. Beside the key that asks
the server stands one that does not (the help), for the share of the browser itself.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import aiohttp
from machine import machine
from playwright.async_api import Browser, Page, async_playwright
from running import ROOT, Running, quantile, running, spoken, told

from hotline.accounts.permissions import Role
from hotline.accounts.store import add_user

sys.path.insert(0, str(ROOT / "tools"))
from browser import executable

WORD = "a long password for a benchmark"
CALLS = 60
WAGES = "公司拖欠我四个月工资，想问申请劳动仲裁要带哪些材料，时效怎么算"
NOISE = "楼上邻居半夜装修吵得睡不着，说了几次不听，两家吵起来了，想请社区调解一下"
#: Promises milliseconds from the next key's event to the frame after the one in which SIGN is true.
WATCH = """(() => { window.took = new Promise((done) => {
  document.addEventListener("keydown", (event) => {
    const look = () => (SIGN) ? requestAnimationFrame(() => done(performance.now() - event.timeStamp))
                              : requestAnimationFrame(look);
    requestAnimationFrame(look);
  }, { capture: true, once: true });
}); })()"""
CHOSEN = (
    "(() => { const to = document.querySelector('#call-list [aria-selected=true]');"
    " const call = document.querySelector('#call article'); const act = document.querySelector('#proposal article');"
    " return to && call && act && to.dataset.callId !== window.before"
    " && call.dataset.callId === to.dataset.callId && act.dataset.callId === to.dataset.callId; })()"
)
BEFORE = "window.before = (document.querySelector('#call-list [aria-selected=true]') || {dataset: {}}).dataset.callId"
#: A lawyer has so many calls in hand at the end.
TAKEN = 20
TAKEN_BEFORE = "window.before = (document.querySelector('#work-form') || {dataset: {}}).dataset.callId"
TAKEN_NOW = (
    "(() => { const form = document.querySelector('#work-form'); const call = document.querySelector('#call article');"
    " return form && call && form.dataset.callId !== window.before && call.dataset.callId === form.dataset.callId; })()"
)
OFFERED_BEFORE = "window.before = (document.querySelector('#case-offer') || {dataset: {}}).dataset.callId"
OFFERED_NOW = TAKEN_NOW.replace("#work-form", "#case-offer")
SEEN_BEFORE = "window.before = document.getElementById('figures').dataset.seen"
#: What is on the screen stands there; the charts below it are drawn once they are scrolled to.
SEEN_NOW = "document.getElementById('figures').dataset.seen !== window.before"
ALL_READ = "!document.getElementById('figures').hasAttribute('aria-busy')"
BELOW_DRAWN = (
    "scrollY > 0 && document.querySelector('[data-chart=intake] canvas') !== null"
    " && !document.querySelector('[data-chart=intake]').classList.contains('older')"
)
#: Interaction in less than this (issue 5), by the median and with nothing else on the machine.
AIM_S = 0.1
OPEN, SHUT = "document.querySelector('dialog[open]') !== null", "document.querySelector('dialog[open]') === null"


async def fill(service: Running) -> None:
    """Calls that wait at the operators' table, for the lawyers and for the mediators."""
    chance = random.Random(5)
    token = await service.token("line")
    now = datetime.now(UTC)
    said = [(("12345", "110", "12348")[n % 3], True, spoken(chance)) for n in range(CALLS)]
    said += [("12348", False, WAGES)] * CALLS + [("12345", False, NOISE)] * CALLS
    records = [
        {
            "line": line,
            "external_id": f"I{n:04d}",
            "received_at": (now - timedelta(seconds=30 * n)).isoformat(),
            "caller_number": f"138{n:08d}",
            "live": live,
            "transcript": words,
        }
        for n, (line, live, words) in enumerate(said)
    ]
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.post(f"{service.address}/api/v1/calls", json=records) as answer,
    ):
        body = await answer.json()
        answer.raise_for_status()
    read = 0
    async with service.pool.acquire() as connection, asyncio.timeout(60):
        while read < len(body["accepted"]):
            await asyncio.sleep(0.1)
            read = await connection.fetchval("select count(*) from calls where triage_id is not null")
    noise = [entry["call_id"] for entry in body["accepted"][-CALLS:]]
    token = await service.token("operator")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        for call_id in noise:
            wanted = {"destination": "mediators", "reason": "邻里纠纷，双方愿意调解"}
            async with session.post(f"{service.address}/api/v1/calls/{call_id}/forward", json=wanted) as answer:
                answer.raise_for_status()


async def pressed(page: Page, key: str, sign: str) -> float:
    """Seconds from ``key`` to its answer."""
    await page.evaluate(WATCH.replace("SIGN", sign))
    await page.keyboard.press(key)
    return float(await page.evaluate("window.took")) / 1000


async def logged_in(browser: Browser, service: Running, role: Role, path: str) -> Page:
    """A page of somebody of ``role`` at ``path``."""
    name = f"bench-{role}-{secrets.token_hex(3)}"
    await add_user(service.pool, name, role, display_name=role, password=WORD)
    page = await browser.new_page(viewport={"width": 1366, "height": 768})
    await page.goto(f"{service.address}/login?next={path}")
    await page.fill("input[name=name]", name)
    await page.fill("input[name=password]", WORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector('#live-sign[data-state="on"]')
    return page


async def helped(page: Page) -> float:
    """Seconds until the help stands there, which no server is asked for; shut again."""
    took = await pressed(page, "?", OPEN)
    await pressed(page, "Escape", SHUT)
    return took


async def operator(page: Page, times: int) -> tuple[list[float], list[float]]:
    """Calls chosen one after the other."""
    await page.wait_for_selector("#call-list [data-call-id]")
    await page.focus("#call-list")
    choosing, helping = [], []
    for n in range(times):
        await page.evaluate(BEFORE)
        choosing.append(await pressed(page, "ArrowDown" if n % 50 < 25 else "ArrowUp", CHOSEN))
        helping.append(await helped(page))
    return choosing, helping


async def lawyer(page: Page, times: int) -> tuple[list[float], list[float]]:
    """The next call claimed, while those before stay in hand."""
    taking, helping = [], []
    for _ in range(min(times, TAKEN)):
        await page.evaluate(TAKEN_BEFORE)
        taking.append(await pressed(page, "Alt+j", TAKEN_NOW))
        await page.keyboard.press("Escape")  # out of the notes, where ? is a letter
        helping.append(await helped(page))
    return taking, helping


async def mediator(page: Page, times: int) -> tuple[list[float], list[float]]:
    """Waiting cases looked at one after the other."""
    await page.wait_for_selector("#side [data-choose]")
    count = await page.locator("#side [data-choose]").count()
    choosing, helping = [], []
    for n in range(times):
        await page.evaluate(OFFERED_BEFORE)
        choosing.append(await pressed(page, "ArrowDown" if n % (2 * count - 2) < count - 1 else "ArrowUp", OFFERED_NOW))
        helping.append(await helped(page))
    return choosing, helping


async def manager(page: Page, times: int) -> tuple[list[float], list[float]]:
    """Another period in the charts that are seen; the figures of the others have come before the next key."""
    await page.wait_for_selector("[data-chart=flow] canvas")
    await page.wait_for_selector("#figures:not([aria-busy])")
    drawing, helping = [], []
    for n in range(times):
        await page.evaluate(SEEN_BEFORE)
        drawing.append(await pressed(page, "321"[n % 3], SEEN_NOW))
        await page.wait_for_selector("#figures:not([aria-busy])")
        helping.append(await helped(page))
    return drawing, helping


async def manager_below(page: Page, times: int) -> tuple[list[float], list[float]]:
    """To the end of the page after another period was chosen: its charts are drawn when they come into sight."""
    await page.wait_for_selector("[data-chart=flow] canvas")
    await page.wait_for_selector("#figures:not([aria-busy])")
    coming, helping = [], []
    for n in range(times):
        await page.evaluate(SEEN_BEFORE)
        await pressed(page, "321"[n % 3], f"{SEEN_NOW} && {ALL_READ}")
        coming.append(await pressed(page, "End", BELOW_DRAWN))
        await pressed(page, "Home", "scrollY === 0")
        helping.append(await helped(page))
    return coming, helping


#: Role, where it works, what is measured there, and the aim of the issue.
PAGES: tuple[tuple[Role, str, str, Callable[[Page, int], Awaitable[tuple[list[float], list[float]]]]], ...] = (
    ("operator", "/operator", "the next call chosen, read and proposed", operator),
    ("lawyer", "/desk", "the next call claimed, read and its form open", lawyer),
    ("mediator", "/desk", "the next waiting case chosen and read", mediator),
    ("manager", "/statistics/routing", "another period in what is seen of the charts", manager),
    ("manager", "/statistics/routing", "the charts at the page's end scrolled to", manager_below),
)


async def run(times: int) -> None:
    """Each role at its page, one after the other."""
    async with running(workers=1) as service, async_playwright() as playwright:
        await fill(service)
        browser = await playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        for role, path, what, measure in PAGES:
            page = await logged_in(browser, service, role, path)
            asked, helping = await measure(page, times)
            await page.context.close()
            print(told(f"{role}: {what}", asked))
            print(told(f"{role}: the help opened (no server)", helping))
            middle = quantile(asked, 0.5)
            print(
                f"{role}: ratio of the medians {middle / quantile(helping, 0.5):.1f}, "
                f"the median is {middle / AIM_S:.0%} of the aim of {AIM_S * 1000:.0f} ms"
            )
        await browser.close()


def main() -> None:
    """Run and print."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=40)
    asyncio.run(run(parser.parse_args().times))


if __name__ == "__main__":
    main()
