"""Line profiles: the list with the latest imports, and one profile to edit, to try out, to import by."""

from __future__ import annotations

from aiohttp import web

from hotline.console.render import page
from hotline.web.api.lines import INTAKES, listed_runs, profile_view
from hotline.web.keys import needs, services
from hotline.web.limits import MAX_BODY_BYTES
from routing.publishing import service as publishing

#: How the rows of a file count, in words.
INTAKE_WORDS = {
    "backlog": "积压：排队但不报警、不计时限",
    "history": "历史：只研判计数，不排队",
    "live": "当前：按刚来的电话办理",
}
#: What ended an import early.
PROBLEM_WORDS = {"interrupted": "中途停止", "unreadable": "文件没有读到底"}


@needs("lines.write")
async def listing(request: web.Request) -> web.StreamResponse:
    """GET /lines."""
    own = services(request)
    await own.profiles.refresh(own.pool)
    shown = {
        "profiles": [profile_view(own.profiles.entries[stem]) for stem in sorted(own.profiles.entries)],
        "runs": await listed_runs(own),
        "intakes": INTAKE_WORDS,
        "problems": PROBLEM_WORDS,
    }
    return await page(request, "lines.html", shown)


@needs("lines.write")
async def show(request: web.Request) -> web.StreamResponse:
    """GET /lines/{name}."""
    own = services(request)
    await own.profiles.refresh(own.pool)
    entry = own.profiles.entry(request.match_info["name"])
    async with own.pool.acquire() as connection:
        versions = await publishing.versions(connection, own.vault, ("line", entry.name))
    shown = {
        "profile": profile_view(entry),
        "text": entry.text,
        "versions": versions,
        "runs": await listed_runs(own, entry.stem),
        "intakes": {code: INTAKE_WORDS[code] for code in ("backlog", "history", "live") if code in INTAKES},
        "problems": PROBLEM_WORDS,
        "most_mb": MAX_BODY_BYTES >> 20,
    }
    return await page(request, "line.html", shown)
