"""The people in a browser test: who sits at which screen, what they press and see."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect

from hotline.accounts.login import log_in
from hotline.accounts.store import add_user
from hotline.web.authentication import COOKIE
from tests.service_fixtures import RunningService, eventually

PASSWORD = "a long demo password"
#: How long a page may take to show what a test waits for, on a machine that runs much else.
PATIENCE_MS = 60_000
#: Chromium reports every answer of 400 and more as an error; tests that provoke one say so.
REFUSED = "Failed to load resource: the server responded with a status of "
#: And htmx says it again of a part of a page.
PART_REFUSED = "Response Status Error Code "
#: Short messages go again after seconds, which on a busy machine is before a test has looked: they are kept.
KEEP_TOASTS = """
window.toastsSaid = [];
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) for (const node of addedNodes) {
    if (node.nodeType === 1 && node.classList.contains("toast")) window.toastsSaid.push(node.textContent);
  }
}).observe(document, { childList: true, subtree: true });
"""
#: More stops than any page has before what a person goes to.
TABS_AT_MOST = 80
FOCUSED = """(selector) => {
  const at = document.activeElement;
  return [at.matches(selector), `${at.tagName} ${at.id || at.name || at.className}`];
}"""
CHOSEN = "[document.activeElement.value, document.activeElement.selectedOptions[0].text]"
#: How Chromium shows a moment, by the language it was started in: the parts of a date in their order, hours of a clock.
MOMENTS = (((0, 1, 2), 24), ((1, 2, 0), 12), ((0, 1, 2), 12))
#: More than a field of a moment has parts.
PARTS = 6
#: Whether TEXT was said; once for each time it was.
SAID = """(text) => {
  const at = window.toastsSaid.findIndex((said) => said.includes(text));
  if (at >= 0) window.toastsSaid.splice(at, 1);
  return at >= 0;
}"""


@dataclass
class Person:
    """Somebody at a screen of 1366x768."""

    name: str
    context: BrowserContext
    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    expected: tuple[int, ...] = ()
    """Statuses that this test provokes."""

    def hear(self, message: ConsoleMessage) -> None:
        """Keep what the console calls an error, but for the statuses that are expected."""
        if message.type not in ("error", "warning"):
            return
        if any(message.text.startswith((f"{REFUSED}{status}", f"{PART_REFUSED}{status}")) for status in self.expected):
            return
        self.complaints.append(f"{message.text} ({message.location.get('url')})")

    async def press(self, *keys: str) -> None:
        """Keys one after another."""
        for key in keys:
            await self.page.keyboard.press(key)

    async def tab_to(self, selector: str, *, back: bool = False) -> None:
        """Tab until the focus is on what ``selector`` names: who has no mouse gets there as well."""
        focused: list[str] = []
        for _ in range(TABS_AT_MOST):
            await self.press("Shift+Tab" if back else "Tab")
            there, name = await self.page.evaluate(FOCUSED, selector)
            if there:
                return
            focused.append(name)
        raise AssertionError(f"no Tab leads to {selector}, only to {focused}")

    async def choose(self, selector: str, wanted: str, *, back: bool = False) -> None:
        """Tab to a list of choices and go down to the one whose value or words are ``wanted``."""
        await self.tab_to(selector, back=back)
        await self.press("Home")
        for _ in range(await self.page.locator(f"{selector} option").count()):
            value, words = await self.page.evaluate(CHOSEN)
            if wanted in (value, words):
                return
            await self.press("ArrowDown")
        raise AssertionError(f"{selector} has no choice {wanted}")

    async def put_time(self, selector: str, value: str, *, back: bool = False) -> None:
        """Tab to a field of a date, a time or both, and type ``value``, which is as the field gives it back."""
        if not (await self.page.evaluate(FOCUSED, selector))[0]:
            await self.tab_to(selector, back=back)
            if back:  # its calendar comes first from behind
                await self.press("Shift+Tab")
        date, _, time = value.partition("T") if "-" in value else ("", "", value)
        for order, clock in MOMENTS:
            await self.press(*["ArrowLeft"] * PARTS)
            for at in order if date else ():
                await self.page.keyboard.type(date.split("-")[at])
                if at == 0:  # a year may be longer: it does not go on by itself
                    await self.press("ArrowRight")
            if time:
                hour, minute = (int(part) for part in time.split(":"))
                told = (hour % 12 or 12) if clock == 12 else hour
                await self.page.keyboard.type(f"{told:02d}{minute:02d}" + ("ap"[hour >= 12] if clock == 12 else ""))
            if await self.page.evaluate("document.activeElement.value") == value:
                return
        raise AssertionError(f"{selector} takes no {value}")

    async def see(self, text: str, *, within: str = "body") -> None:
        """Wait until ``text`` stands there; in the short messages: until it was said, each time once."""
        if within == "#toasts":
            await eventually(lambda: self._said(text))
            return
        await self.page.locator(within).get_by_text(text).first.wait_for(timeout=PATIENCE_MS)

    async def _said(self, text: str) -> bool:
        try:
            return bool(await self.page.evaluate(SAID, text))
        except Error:  # the page is just being left
            return False

    async def log_out(self) -> None:
        """By the menu behind one's name, whose last entry it is."""
        await self.press("Alt+u", "ArrowUp")
        await expect(self.page.locator('.bar form[action="/logout"] button')).to_be_focused()
        await self.press("Enter")

    async def wait_live(self) -> None:
        """Wait until the live sign is on."""
        await self.page.wait_for_selector('#live-sign[data-state="on"]', timeout=PATIENCE_MS)


@dataclass(slots=True)
class House:
    """The running service and everybody who works in it."""

    service: RunningService
    browser: Browser
    people: list[Person] = field(default_factory=list)

    async def enter(
        self, name: str, role: str, *, path: str = "/", display_name: str | None = None, expected: tuple[int, ...] = ()
    ) -> Person:
        """Make the account, open a browser window with a session of theirs and go to ``path``.

        Logging in by keyboard has tests of its own; here it would cost each test a second.
        """
        await add_user(self.service.pool, name, role, display_name=display_name or name, password=PASSWORD)
        person = await self.window(name, expected=expected)
        begun = await log_in(self.service.pool, name, PASSWORD, "127.0.0.1")
        await person.context.add_cookies([{"name": COOKIE, "value": begun.cookie, "url": self.service.address}])
        await person.page.goto(f"{self.service.address}{path}")
        await person.page.wait_for_selector(".bar .user")
        return person

    async def window(self, name: str, *, expected: tuple[int, ...] = ()) -> Person:
        """A browser window without a session."""
        context = await self.browser.new_context(
            viewport={"width": 1366, "height": 768}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        context.set_default_timeout(PATIENCE_MS)
        await context.add_init_script(KEEP_TOASTS)
        page = await context.new_page()
        person = Person(name, context, page, self.service.address, expected=expected)
        page.on("console", person.hear)
        page.on("pageerror", lambda error: person.complaints.append(f"script error: {error}"))
        self.people.append(person)
        return person

    async def call(self, text: str | list[dict[str, Any]], **fields: Any) -> int:
        """A call comes in; its id."""
        number = _new_number()
        record = {
            "line": "12345",
            "external_id": f"B{number}",
            "received_at": (datetime.now(UTC) - timedelta(seconds=20)).isoformat(),
            "caller_number": f"138{number:08d}",
            "transcript": text,
            **fields,
        }
        answer = await self.service.post_calls(record)
        assert len(answer["accepted"]) == 1, answer
        return int(answer["accepted"][0]["call_id"])


_numbers = iter(range(10_000_000, 99_999_999))


def _new_number() -> int:
    """A number nobody had before in this run."""
    return next(_numbers)
