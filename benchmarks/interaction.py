"""How long an operator waits for the screen after a key, in a real browser on the same machine.

    .venv/bin/python benchmarks/interaction.py [--times 40]

``hotline run`` with one worker and 60 calls waiting; Chromium without a window at 1366x768. Taken inside of the page:
from the key's event to the first frame in which what it asked for stands there. Beside the key that asks the server
stands one that does not (the help), for the share of the browser itself.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta

import aiohttp
from machine import machine
from playwright.async_api import Page, async_playwright
from running import ROOT, Running, quantile, running, spoken, told

from hotline.accounts.store import add_user

sys.path.insert(0, str(ROOT / "tools"))
from browser import executable

WORD = "a long password for a benchmark"
CALLS = 60
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
OPEN, SHUT = "document.querySelector('dialog[open]') !== null", "document.querySelector('dialog[open]') === null"


async def fill(service: Running) -> None:
    """Calls that wait at the operators' table."""
    chance = random.Random(5)
    token = await service.token("line")
    now = datetime.now(UTC)
    records = [
        {
            "line": ("12345", "110", "12348")[n % 3],
            "external_id": f"I{n:04d}",
            "received_at": (now - timedelta(seconds=30 * n)).isoformat(),
            "caller_number": f"138{n:08d}",
            "live": True,
            "transcript": spoken(chance),
        }
        for n in range(CALLS)
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


async def pressed(page: Page, key: str, sign: str) -> float:
    """Seconds from ``key`` to its answer."""
    await page.evaluate(WATCH.replace("SIGN", sign))
    await page.keyboard.press(key)
    return float(await page.evaluate("window.took")) / 1000


async def run(times: int) -> None:
    """Choose calls, open and shut the help."""
    async with running(workers=1) as service, async_playwright() as playwright:
        await add_user(service.pool, "bench", "operator", display_name="话务员", password=WORD)
        await fill(service)
        browser = await playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1366, "height": 768})
        await page.goto(f"{service.address}/login")
        await page.fill("input[name=name]", "bench")
        await page.fill("input[name=password]", WORD)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#call-list [data-call-id]")
        await page.focus("#call-list")
        choosing, helping = [], []
        for n in range(times):
            await page.evaluate(BEFORE)
            choosing.append(await pressed(page, "ArrowDown" if n % 50 < 25 else "ArrowUp", CHOSEN))
            helping.append(await pressed(page, "?", OPEN))
            await pressed(page, "Escape", SHUT)
        await browser.close()
    print(told("the next call chosen, read and proposed", choosing))
    print(told("the help opened (no server)", helping))
    print(f"ratio of the medians {quantile(choosing, 0.5) / quantile(helping, 0.5):.1f}")


def main() -> None:
    """Run and print."""
    print(machine(), flush=True)
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=40)
    asyncio.run(run(parser.parse_args().times))


if __name__ == "__main__":
    main()
