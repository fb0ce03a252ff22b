"""What is looked at on every page: accessibility, cut text, width, shifts, bytes, dialogs; and its pictures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
#: Where the pictures of all pages go: a folder that is kept by CI and not by git.
SCREENS = Path(os.environ.get("HOTLINE_SCREENS", ROOT / "build" / "screens"))
SIZES = ((1366, 768), (1920, 1080))
THEMES = ("light", "dark")
#: A page without the charts' library.
BYTES_AT_MOST = 100_000
NOT_COUNTED = "/vendor/echarts.min.js"
#: Below 0.1 is called good; here nothing may move that a person could notice.
SHIFT_AT_MOST = 0.02
LOADED_AGAIN = 3

WATCH_SHIFTS = """
window.shifted = 0;
window.shiftedParts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput || window.shiftsOff) continue;
    window.shifted += entry.value;
    for (const source of entry.sources) {
      const part = source.node && (source.node.nodeType === 1 ? source.node : source.node.parentElement);
      const way = `${Math.round(source.previousRect.y)}→${Math.round(source.currentRect.y)}`;
      if (part) window.shiftedParts.push(`${part.tagName}.${part.className}#${part.id} ${way}`);
    }
  }
}).observe({ type: "layout-shift", buffered: true });
"""

#: Text may be cut where the whole of it is one step away: a list's excerpt, an alarm's link, what has a title.
CUT = """(within) => {
  const deliberate = ".excerpt, .cell-excerpt, .banner.alarm a, [data-may-cut], .unseen, [data-may-cut] *, "
    + "[aria-hidden=true], option";
  const found = [];
  for (const element of document.querySelectorAll(`${within} *`)) {
    const own = Array.from(element.childNodes).filter((n) => n.nodeType === 3).map((n) => n.data).join("").trim();
    if (!/[\\u4e00-\\u9fff\\w]/.test(own) || element.matches(deliberate)) continue;
    if (element.closest("[title]") || element.offsetParent === null) continue;
    const style = getComputedStyle(element);
    const cuts = (way) => way === "hidden" || way === "clip";
    const wide = element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1;
    const high = element.clientHeight > 0 && element.scrollHeight > element.clientHeight + 3;
    const isButton = element.matches("button, [role=button], summary, .tag, .line, .contact, .danger");
    if ((wide && (cuts(style.overflowX) || isButton)) || (high && cuts(style.overflowY))) {
      found.push(`${element.tagName}.${element.className}: ${own.slice(0, 30)}`);
    }
  }
  return found;
}"""

TRANSFERRED = """(notCounted) => {
  const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter((entry) => !entry.name.includes(notCounted));
  // headers of an answer: what the browser itself counts for them
  const seen = new Map(entries.map((entry) => [entry.name, entry.encodedBodySize + 300]));
  return Array.from(seen.values()).reduce((sum, bytes) => sum + bytes, 0);
}"""

AXE_RUN = """async ([within, rules]) => {
  const only = rules || ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
  const { violations } = await axe.run(within, {
    runOnly: { type: rules ? "rule" : "tag", values: only },
    resultTypes: ["violations"],
  });
  const said = (node) => `${node.target.join(" ")}: ${node.failureSummary.split("\\n")[1] || ""}`;
  return violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 4).map(said).join(" | ")}`);
}"""
LARGE_TYPE = "document.documentElement.dataset.typeSize = '150'"
#: What depends on colours is all that the other theme can change.
COLOURS = ("color-contrast", "link-in-text-block")

HELP = "help-dialog"
#: The dialogs of a page; the help by its key, since its content comes with it.
OPEN_DIALOG = """(id) => {
  document.activeElement.blur();
  if (id === "help-dialog") document.dispatchEvent(new KeyboardEvent("keydown", { key: "?" }));
  else document.getElementById(id).showModal();
}"""
CLOSE_DIALOG = "(id) => document.getElementById(id).close()"
#: A dialog is whole where neither it nor what it holds is wider than the room it has.
NARROW = """(id) => {
  const dialog = document.getElementById(id);
  const { left, right } = dialog.getBoundingClientRect();
  const wide = (part) => part.scrollWidth > part.clientWidth + 1;
  return left < 0 || right > innerWidth || Array.from(dialog.querySelectorAll("article, form")).some(wide);
}"""


@dataclass(frozen=True)
class Look:
    """What was wrong with one page, in sentences."""

    name: str
    wrong: tuple[str, ...]


def make_folder() -> None:
    """The folder of the pictures."""
    SCREENS.mkdir(parents=True, exist_ok=True)


async def settle(page: Page) -> None:
    """Until the page has fetched its parts and painted them."""
    await page.wait_for_load_state("load")
    await expect(page.locator(".htmx-request, [aria-busy=true]")).to_have_count(0)
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


async def look(page: Page, name: str, dialogs: set[str]) -> Look:
    """Everything that is to be seen at once on the page that is open, at 1366x768, light.

    ``dialogs``: names of those that were looked at already; what is looked at here is added.
    """
    wrong: list[str] = []
    shifted, parts = await _shifts(page)
    if shifted > SHIFT_AT_MOST:
        wrong.append(f"moves while it loads ({shifted:.3f}): {parts}")
    await page.evaluate("window.shiftsOff = true")
    transferred = await page.evaluate(TRANSFERRED, NOT_COUNTED)
    if transferred > BYTES_AT_MOST:
        wrong.append(f"{transferred} bytes are sent for it")
    wrong += await measured(page)
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    wrong += [f"axe, light: {one}" for one in await page.evaluate(AXE_RUN, ["body", None])]
    opened = await _new_dialogs(page, dialogs)
    # its words are every page's own, the rest of it is the same everywhere
    helps = [HELP] if await page.locator(f"#{HELP}").count() else []
    for dialog in helps:
        await page.evaluate(OPEN_DIALOG, dialog)
        wrong += await _measured_dialog(page, dialog)
    for dialog in opened:
        await page.evaluate(OPEN_DIALOG, dialog)
        wrong += [f"axe, {dialog}: {one}" for one in await page.evaluate(AXE_RUN, [f"#{dialog}", None])]
        wrong += await _measured_dialog(page, dialog)
    wrong += await _pictures(page, name, "light")
    await page.evaluate("document.documentElement.dataset.theme = 'dark'")
    wrong += [f"axe, dark: {one}" for one in await page.evaluate(AXE_RUN, ["body", COLOURS])]
    await _pictures(page, name, "dark")
    wrong += await _measured_large(page)
    for dialog in (*helps, *opened):
        await page.evaluate(OPEN_DIALOG, dialog)
        wrong += await _measured_dialog(page, dialog)
    return Look(name, tuple(f"{name}: {one}" for one in wrong))


async def _shifts(page: Page) -> tuple[float, list[str]]:
    """How far the page moved while it loaded, and what did.

    On a busy machine a long table may be painted before its last row has come, and its columns then move: what the page
    itself does wrong happens each time it is loaded.
    """
    shifted, parts = await page.evaluate("[window.shifted, window.shiftedParts]")
    for _ in range(LOADED_AGAIN):
        if shifted <= SHIFT_AT_MOST:
            break
        await page.reload()
        await settle(page)
        again, parts = await page.evaluate("[window.shifted, window.shiftedParts]")
        shifted = min(shifted, again)
    return shifted, sorted(set(parts))[:6]


async def _new_dialogs(page: Page, dialogs: set[str]) -> list[str]:
    """Ids of the page's dialogs that nobody has looked at, by what stands in them."""
    found = await page.evaluate("Array.from(document.querySelectorAll('dialog[id]'), (one) => [one.id, one.innerHTML])")
    new = [id_ for id_, content in found if f"{id_} {content}" not in dialogs]
    dialogs.update(f"{id_} {content}" for id_, content in found)
    return new


async def _measured_large(page: Page) -> list[str]:
    """The same with type of 150 %, on the small screen and on the large one."""
    await page.evaluate(LARGE_TYPE)
    wrong = await measured(page)
    width, height = SIZES[1]
    await page.set_viewport_size({"width": width, "height": height})
    await settle(page)
    wrong += await measured(page)
    width, height = SIZES[0]
    await page.set_viewport_size({"width": width, "height": height})
    return wrong


async def measured(page: Page) -> list[str]:
    """Whether the page is wider than the screen, and which text is cut, as it stands there now."""
    width, inner, size = await page.evaluate(
        "[document.documentElement.scrollWidth, innerWidth, document.documentElement.dataset.typeSize || '100']"
    )
    at = f"at {size} %, {inner} wide"
    wrong = [f"{at} it is {width} wide"] if width > inner else []
    return wrong + [f"{at} text is cut: {one}" for one in (await page.evaluate(CUT, "body"))[:5]]


async def _measured_dialog(page: Page, dialog: str) -> list[str]:
    wrong = [f"{dialog} is too wide"] if await page.evaluate(NARROW, dialog) else []
    wrong += [f"{dialog}: text is cut: {one}" for one in (await page.evaluate(CUT, f"#{dialog}"))[:5]]
    await page.evaluate(CLOSE_DIALOG, dialog)
    return wrong


async def _pictures(page: Page, name: str, theme: str) -> list[str]:
    """Pictures of both sizes; what is wrong on the large screen."""
    wrong: list[str] = []
    for width, height in reversed(SIZES):
        await page.set_viewport_size({"width": width, "height": height})
        # what is drawn by a script follows the theme and the width when it is told, as by the button of the theme
        await page.evaluate("document.dispatchEvent(new CustomEvent('theme-changed'))")
        await settle(page)
        if theme == "light" and (width, height) == SIZES[1]:
            wrong = await measured(page)
        options: dict[str, Any] = {"type": "jpeg", "quality": 80}
        await page.screenshot(path=SCREENS / f"{name}-{theme}-{width}.jpg", **options)
    return wrong
