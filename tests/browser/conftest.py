"""One browser for all tests, a service and windows of its own for each; no page may complain."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect
from pytest_asyncio import is_async_test

from config.settings import Settings
from nlp.classification import Reader
from tests.browser.house import PATIENCE_MS, House
from tests.service_fixtures import RunningService, running_service

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
]


#: The first that is there (docs/adr/0061); the same list stands in tools/browser.py.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _executable() -> str:
    named = os.environ.get("HOTLINE_TEST_BROWSER")
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        text = f"the browser tests need Chromium: apt-get install {NAMES[0]}, or name one in HOTLINE_TEST_BROWSER"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One loop for all tests of this folder, since one browser serves them all."""
    for item in items:
        if Path(__file__).parent in item.path.parents and is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The machine's Chromium, started once; every person gets a window without any memory of the others."""
    # nothing here is a measurement: what is expected comes, however busy the machine is
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=_executable(), args=ARGUMENTS)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def service(
    settings: Settings, database_url: str, redis_url: str, reader: Reader
) -> AsyncIterator[RunningService]:
    """The web, in the loop of the browser's tests."""
    async with running_service(settings, database_url, redis_url, reader) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def house(service: RunningService, browser: Browser) -> AsyncIterator[House]:
    """The service with a worker; afterwards no page may have complained."""
    await service.start_worker()
    opened = House(service, browser)
    yield opened
    complaints = {person.name: person.complaints for person in opened.people if person.complaints}
    for person in opened.people:
        await person.context.close()
    assert complaints == {}
