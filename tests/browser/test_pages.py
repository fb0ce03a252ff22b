"""Every page of every role on one service with four weeks of calls: seen once, looked at in every respect."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import get_args

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from config.settings import load_settings
from hotline.accounts.login import log_in
from hotline.accounts.permissions import Role
from hotline.accounts.store import digest
from hotline.console.language_choice import COOKIE as LANGUAGE
from hotline.console.navigation import bar
from hotline.demo.fill import fill_demo
from hotline.web.authentication import COOKIE
from nlp.classification import Reader
from tests.browser.house import House, Person
from tests.browser.looking import LARGE_TYPE, WATCH_SHIFTS, Look, look, make_folder, measured, settle
from tests.service_fixtures import fresh_database, running_service

#: Pages outside of the bar, by whom they are looked at.
BESIDE: dict[Role, tuple[str, ...]] = {
    "operator": ("/me", "/nowhere"),
    "lawyer": ("/admin/users",),
    "manager": ("/notices",),
    "admin": ("/start",),
    "security": ("/admin/sessions",),
}
#: Who is at work at the same time: in three tests, since one would last longer than a test may.
SHIFTS: tuple[tuple[Role, ...], ...] = (
    ("operator", "lawyer", "mediator", "police", "department"),
    ("manager", "security"),
    ("admin", "auditor"),
)
#: Pages that are easily left out.
EXPECTED: dict[Role, set[str]] = {
    "operator": {"operator-operator", "lawyer-desk", "mediator-desk", "police-desk", "department-desk"},
    "manager": {"manager-notices", "manager-rosters", "manager-handover", "manager-calls-behind", "manager-alarms"},
    "admin": {"admin-start", "guest-wall-registered"},
}
#: Windows open at once: one paints while the other is measured.
AT_ONCE = 2
#: What tells these pages from where one is sent otherwise.
AWAITED = {
    "guest-login": "[name=password]",
    "guest-login-code": "[name=code]",
    "guest-locked": "form[action='/unlock']",
    "guest-wall": ".pairing-code",
}
#: Looks different to each role that has it.
OWN = "/desk"
#: Who works with these; to others they show less.
WORKED_WITH: dict[str, Role] = {"/rosters": "manager", "/handover": "manager", "/audit": "auditor"}


@dataclass
class Filled:
    """The demo's house and who works in it."""

    house: House
    names: dict[Role, str]
    passwords: dict[str, str]
    seen: set[str] = field(default_factory=set)
    """Pages that were looked at; and dialogs, by what stands in them."""
    dialogs: set[str] = field(default_factory=set)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(
    browser: Browser,
    postgres_urls: tuple[str, str],
    template_database: str,
    redis_server: str,
    reader: Reader,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Filled]:
    """A running service with the demo in it."""
    state = tmp_path_factory.mktemp("pages")
    settings = replace(load_settings({"HOTLINE_STATE_DIR": str(state)}), port=0, pool_size=10)
    async with (
        fresh_database(postgres_urls, template_database) as urls,
        running_service(settings, urls.database_url, redis_server, reader) as service,
    ):
        logins = await fill_demo(settings, urls, service.services.vault)
        rows = await service.pool.fetch(
            "select distinct on (role) role, name from users where name = any($1) order by role, id",
            [login.name for login in logins],
        )
        house = House(service, browser)
        yield Filled(house, {row["role"]: row["name"] for row in rows}, {one.name: one.password for one in logins})
        for person in house.people:
            await person.context.close()


async def guest(filled: Filled, name: str = "guest") -> Person:
    """A window in the light."""
    person = await filled.house.window(name, expected=(403, 404))
    await person.context.add_init_script(f"localStorage.setItem('theme', 'light');{WATCH_SHIFTS}")
    return person


async def at_work(filled: Filled, role: Role, due: str | None = None) -> Person:
    """Somebody of ``role`` at a screen; ``due``: what their session is set to, such as locked."""
    name, pool = filled.names[role], filled.house.service.pool
    person = await guest(filled, name)
    begun = await log_in(pool, name, filled.passwords[name], "127.0.0.1")
    if due is not None:
        await pool.execute(f"update sessions set {due} where id_hash = $1", digest(begun.cookie))  # noqa: S608
    await person.context.add_cookies([{"name": COOKIE, "value": begun.cookie, "url": person.address}])
    return person


def pattern(path: str) -> str:
    """Pages of different calls are one page; the calls behind a figure are another one than all calls."""
    page, _, query = path.partition("#")[0].partition("?")
    return re.sub(r"\d+", "N", page) + ("/behind" if "counted=" in query else "")


def key(path: str, role: Role) -> str:
    """What is looked at once."""
    return f"{role} {path}" if path == OWN or WORKED_WITH.get(path) == role else pattern(path)


async def links(person: Person) -> list[str]:
    """Pages of the same service that the open one leads to."""
    found = await person.page.evaluate(
        "Array.from(document.querySelectorAll('main a[href]'), (link) => link.getAttribute('href'))"
    )
    return [path for path in found if path.startswith("/") and not path.startswith(("/api/", "/static/", "/login"))]


async def walk(person: Person, role: Role, seen: set[str], dialogs: set[str]) -> list[Look]:
    """Every page that ``role`` has and nobody was on before."""
    links_of = bar(role, "/")
    waiting = [path for path, _ in (*links_of.shown, *links_of.more)] + list(BESIDE.get(role, ()))
    looks = []
    while waiting:
        path = waiting.pop(0)
        if key(path, role) in seen:
            continue
        seen.add(key(path, role))
        await person.page.set_viewport_size({"width": 1366, "height": 768})
        answer = await person.page.goto(f"{person.address}{path}")
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue
        await settle(person.page)
        found = await links(person)
        looks.append(await look(person.page, f"{role}{pattern(path).replace('/', '-')}", dialogs))
        looks[-1:] = [await in_english(person, path, looks[-1])]
        waiting += found
    return looks


async def in_english(person: Person, path: str, seen: Look) -> Look:
    """The same page in English, whose words are longer: neither wider than the screen nor cut."""
    await person.context.add_cookies([{"name": LANGUAGE, "value": "en", "url": person.address}])
    await person.page.goto(f"{person.address}{path}")
    await settle(person.page)
    wrong = await measured(person.page)
    await person.page.evaluate(LARGE_TYPE)
    wrong += await measured(person.page)
    await person.context.clear_cookies(name=LANGUAGE)
    return Look(seen.name, seen.wrong + tuple(f"{seen.name}, English: {one}" for one in wrong))


async def knock(filled: Filled) -> tuple[list[Look], list[str]]:
    """Pages of who is not let in: the log-in, its second step, a locked screen, a wall that nobody registered."""
    looks, complaints = [], []
    for name, path, due in (
        ("guest-login", "/login", None),
        ("guest-login-code", "/me", "stage = 'code'"),
        ("guest-locked", "/me", "locked_at = now()"),
        ("guest-wall", "/wall", None),
    ):
        person = await (at_work(filled, "auditor", due) if due else guest(filled))
        await person.page.goto(f"{person.address}{path}")
        await person.page.locator(AWAITED[name]).wait_for()
        await settle(person.page)
        looks.append(await look(person.page, name, set()))
        if name == "guest-wall":
            looks.append(await registered(filled, person))
        complaints += [f"{name}: {complaint}" for complaint in person.complaints]
        await person.context.close()
    return looks, complaints


async def registered(filled: Filled, wall: Person) -> Look:
    """The wall once a manager has registered the code that stands on it."""
    code = await wall.page.locator(".pairing-code").inner_text()
    body = {"code": code, "name": "值班室"}
    status, answer = await filled.house.service.request("POST", "/displays", role="manager", json=body)
    assert status == 201, answer
    await wall.page.locator("#wall-title").wait_for()
    await wall.page.reload()
    await wall.page.locator('[data-face="queues"] tbody tr').first.wait_for()
    await settle(wall.page)
    return await look(wall.page, "guest-wall-registered", set())


@pytest.mark.parametrize("roles", SHIFTS, ids=lambda roles: roles[0])
async def test_every_page_is_whole_quiet_and_open_to_all(filled: Filled, roles: tuple[Role, ...]) -> None:
    make_folder()
    assert {role for role in get_args(Role) if role != "line"} == set(filled.names), "the demo has every role"
    turns = asyncio.Semaphore(AT_ONCE)

    async def visit(role: Role) -> tuple[list[Look], list[str]]:
        async with turns:
            person = await at_work(filled, role)
            looks = await walk(person, role, filled.seen, filled.dialogs)
            await person.context.close()
            return looks, [f"{role}: {complaint}" for complaint in person.complaints]

    guests = [knock(filled)] if "auditor" in roles else []
    visits = await asyncio.gather(*(visit(role) for role in roles), *guests)
    looks = [one for found, _ in visits for one in found]
    wrong = [sentence for one in looks for sentence in one.wrong] + [said for _, heard in visits for said in heard]
    assert EXPECTED[roles[0]] <= {one.name for one in looks}
    assert wrong == [], "\n".join(wrong)
