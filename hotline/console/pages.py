"""Every page of the console, in one table."""

from __future__ import annotations

from aiohttp import web

from config.accounts import RETURN_PATH
from hotline.console import (
    accounts,
    administration,
    calls,
    casework,
    danger,
    desk,
    handover,
    knowledge,
    language_choice,
    lexicon,
    operator,
    police,
    policy,
    rulings,
    search,
    sheets,
    start,
    statistics,
    supervision,
    wrap_up,
)
from hotline.console.answers import answer_people
from hotline.console.first_steps import set_up_first_steps
from hotline.console.render import STATIC, set_up_templates
from hotline.web.authentication import answer_errors


def add_console(app: web.Application) -> None:
    """Add every page to ``app``."""
    set_up_templates(app)
    set_up_first_steps(app)
    # outside of the middleware that answers errors, inside of the one that sets the security headers
    app.middlewares.insert(app.middlewares.index(answer_errors), answer_people)
    app.middlewares.insert(0, language_choice.speak)
    app.router.add_static("/static/", STATIC, name="static")
    _add_frame(app)
    app.router.add_get("/operator", operator.table)
    app.router.add_get("/operator/calls", operator.call_list)
    app.router.add_get("/operator/forwards", operator.forwards)
    app.router.add_get("/operator/staffing", operator.staffing)
    app.router.add_get(r"/operator/calls/{id:\d{1,18}}", operator.call_in_parts)
    app.router.add_get("/console/alarms", danger.alarms)
    app.router.add_get(r"/console/calls/{id:\d{1,18}}/danger", danger.panel)
    app.router.add_get(r"/console/calls/{id:\d{1,18}}/wrap-up", wrap_up.form)
    app.router.add_get("/alarms", danger.load)
    app.router.add_get("/alarms/calls", danger.load_calls)
    app.router.add_get(r"/console/calls/{id:\d{1,18}}", calls.fragment_of_call)
    app.router.add_get("/desk", desk.desk)
    app.router.add_get("/desk/side", desk.side)
    app.router.add_post("/desk/next", desk.take_next)
    app.router.add_get("/feedback", rulings.show)
    app.router.add_get("/feedback/lists", rulings.lists)
    app.router.add_get(r"/desk/cases/{id:\d{1,18}}", casework.file)
    app.router.add_get(r"/desk/items/{id:\d{1,18}}", casework.offer)
    app.router.add_get(r"/console/calls/{id:\d{1,18}}/police", police.look)
    app.router.add_get(r"/desk/work/{id:\d{1,18}}", desk.work)
    app.router.add_get(r"/desk/wrap-up/{id:\d{1,18}}", desk.wrap_up)
    app.router.add_get("/calls", calls.listing)
    app.router.add_get("/search", search.show)
    app.router.add_post("/console/search", search.find)
    app.router.add_get(r"/calls/{id:\d{1,18}}", calls.show)
    statistics.add_pages(app)
    app.router.add_get("/policy", policy.show)
    app.router.add_get("/lexicon", lexicon.show)
    knowledge.add_pages(app)
    handover.add_pages(app)
    app.router.add_get("/supervision", supervision.show)
    app.router.add_get(r"/supervision/reviews/{id:\d{1,18}}", supervision.review)
    app.router.add_get("/supervision/agreement", supervision.agreement)
    app.router.add_get("/supervision/agreement/calls", supervision.agreement_calls)
    administration.add_pages(app)


def _add_frame(app: web.Application) -> None:
    """What surrounds the pages, log-in and one's own account."""
    app.router.add_get("/", accounts.home)
    app.router.add_get("/console/words.js", language_choice.script)
    app.router.add_get("/console/console.css", sheets.joined)
    app.router.add_get("/login", accounts.login_page)
    app.router.add_post("/login", accounts.log_in_here)
    app.router.add_post("/login/code", accounts.give_code)
    app.router.add_get("/login/oidc", accounts.log_in_elsewhere)
    app.router.add_get(RETURN_PATH, accounts.come_back)
    app.router.add_get("/locked", accounts.locked_page)
    app.router.add_post("/unlock", accounts.unlock_here)
    app.router.add_post("/logout", accounts.log_out_here)
    app.router.add_get("/me", accounts.profile)
    app.router.add_get("/start", start.guide)
    app.router.add_get("/start/steps", start.steps)
