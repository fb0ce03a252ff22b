"""A browser of one's own for each test; no page may complain."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.house import House
from tests.service_fixtures import RunningService

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
]


def _executable() -> str:
    named = os.environ.get("HOTLINE_TEST_BROWSER")
    found = named or next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    if found is None:
        text = "the browser tests need Chromium: apt-get install chromium, or name it in HOTLINE_TEST_BROWSER"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    return found


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=_executable(), args=ARGUMENTS)
        yield opened
        await opened.close()


@pytest.fixture
async def house(service: RunningService, browser: Browser) -> AsyncIterator[House]:
    """The service with a worker; afterwards no page may have complained."""
    await service.start_worker()
    opened = House(service, browser)
    yield opened
    complaints = {person.name: person.complaints for person in opened.people if person.complaints}
    for person in opened.people:
        await person.context.close()
    assert complaints == {}
