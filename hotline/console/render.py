"""Templates: the environment, filters for times and numbers, pages and fragments."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
import orjson
from aiohttp import web
from babel.dates import format_skeleton

from hotline.access.rules import FIELDS
from hotline.accounts.permissions import ROLES, allowed
from hotline.audit.reasons import REASONS
from hotline.console import language, language_choice, words
from hotline.console.alarms import open_alarms
from hotline.console.first_steps import guide_is_open
from hotline.console.navigation import AT_ONCE, AT_ONCE_ENGLISH, NO_BAR, Bar, bar
from hotline.console.notices import told_now
from hotline.console.scripts import Scripts, find_scripts
from hotline.console.sentences import tell
from hotline.console.sheets import sheets_address
from hotline.web.authentication import masked
from hotline.web.keys import PRINCIPAL, services
from routing.calls.record import CONTACTS, REQUEST_KINDS
from routing.calls.states import STATES
from routing.policy.facts import LOCAL_ZONE

#: The last event before the request was answered: what the page shows is at least as new.
LIVE_SINCE = web.RequestKey("live_since", str)

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"


def as_moment(value: datetime | str | None) -> datetime | None:
    """A time of a row or of an API answer."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def local(value: datetime | str | None, form: str = "%m-%d %H:%M") -> str:
    """A time on the wall clock of Asia/Shanghai; a dash for none."""
    moment = as_moment(value)
    return "—" if moment is None else moment.astimezone(LOCAL_ZONE).strftime(form)


def iso(value: datetime | str | None) -> str:
    """For ``datetime`` attributes and for scripts."""
    moment = as_moment(value)
    return "" if moment is None else moment.astimezone(UTC).isoformat()


def waited(since: datetime | str | None, now: datetime | None = None) -> str:
    """Minutes and seconds below an hour, hours and minutes below a day, else days; the script counts on like this."""
    moment = as_moment(since)
    if moment is None:
        return "—"
    return duration(((now or datetime.now(UTC)) - moment).total_seconds())


def duration(seconds: float | None) -> str:
    """A length of time in words; a dash for none."""
    if seconds is None:
        return "—"
    whole = max(0, int(seconds))
    if whole < 3600:
        return language.say("%(m)s分%(s)s秒", m=whole // 60, s=f"{whole % 60:02d}")
    if whole < 86_400:
        return language.say("%(h)s时%(m)s分", h=whole // 3600, m=f"{whole % 3600 // 60:02d}")
    return language.say("%(d)s天%(h)s时", d=whole // 86_400, h=whole % 86_400 // 3600)


def day(value: datetime | date | str | None) -> str:
    """A day on the wall calendar of Asia/Shanghai with its weekday, in the page's language; a dash for none."""
    if value is None:
        return "—"
    moment = as_moment(value) if isinstance(value, str) else value
    shown = moment.astimezone(LOCAL_ZONE).date() if isinstance(moment, datetime) else moment
    return format_skeleton("MMMEd", shown, locale="en_GB" if language.current() == "en" else "zh_Hans_CN")


def span(begin: datetime, until: datetime) -> str:
    """A period of whole days by its first and last day; any other by its times, ``until`` not included."""
    first, end = begin.astimezone(LOCAL_ZONE), until.astimezone(LOCAL_ZONE)
    if first.time() == end.time() == time.min and first < end:
        last = end.date() - timedelta(days=1)
        return f"{first:%Y-%m-%d}" if first.date() == last else f"{first:%Y-%m-%d} — {last:%Y-%m-%d}"
    return language.say("%(begin)s 至 %(end)s（不含）", begin=f"{first:%Y-%m-%d %H:%M}", end=f"{end:%Y-%m-%d %H:%M}")


def number(value: float | None, digits: int = 0) -> str:
    """A number with a comma at the thousands, as both languages write it; a dash for none."""
    return "—" if value is None else f"{value:,.{digits}f}"


def percent(value: float | None) -> str:
    """A share as a percentage without decimals; a dash for none."""
    return "—" if value is None else f"{value * 100:.0f}%"


def json_attribute(value: Any) -> str:
    """JSON for a ``data-`` attribute that scripts read; the template escapes it."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


@cache
def _scripts() -> Scripts:
    """What is served below /static/, with a short hash of each file, so that browsers may keep it until it changes.

    Looked at once in a process, however many applications it makes.
    """
    versions = {
        path.relative_to(STATIC).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        for path in STATIC.rglob("*")
        if path.suffix in (".js", ".css", ".svg")
    }
    return find_scripts(STATIC, versions)


class Compiled(jinja2.BytecodeCache):
    """Templates as they were compiled for another application of this process."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Fill ``bucket`` where its template was compiled before; jinja2 compares the text's checksum itself."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Keep a template that was compiled now."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


def set_up_templates(app: web.Application) -> None:
    """Autoescape is on for everything: transcripts are hostile text."""
    scripts = _scripts()
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        bytecode_cache=COMPILED,
    )
    # {{ _("共 %(n)s 通", n=3) }}: what comes back is plain text, escaped like any other
    environment.install_gettext_callables(language.say, language.say_n, newstyle=False)  # type: ignore[attr-defined]
    environment.filters.update(
        local=local,
        iso=iso,
        waited=waited,
        duration=duration,
        percent=percent,
        attribute=json_attribute,
        day=day,
        number=number,
        told=tell,
    )
    tags = environment.get_template("_scripts.html").module.tags  # type: ignore[attr-defined]
    environment.globals.update(
        static=lambda name: f"/static/{name}?v={scripts.versions.get(name, '0')}",
        script=lambda name: tags(scripts.of(name)),
        words=words,
        states=STATES,
        contacts=CONTACTS,
        request_kinds=REQUEST_KINDS,
        confidence_word=words.confidence_word,
        roles=ROLES,
        language=language.current,
        words_script=language_choice.script_address,
        sheets_address=sheets_address,
        clear_fields=FIELDS,
        look_reasons=REASONS,
    )


def fragment(request: web.Request, template: str, context: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """A part of a page, for the script that asked."""
    return aiohttp_jinja2.render_template(template, request, {**_known(request), **context}, status=status)


def part(request: web.Request, template: str, context: Mapping[str, Any]) -> str:
    """The HTML of a part, for an answer that holds several."""
    return aiohttp_jinja2.render_string(template, request, {**_known(request), **context})


def _known(request: web.Request) -> dict[str, Any]:
    """What every template may ask for."""
    who = request.get(PRINCIPAL)
    return {
        "who": who,
        "may": lambda permission: who is not None and allowed(who.role, permission),
        "taxonomy": services(request).published.policy.taxonomy,
        "queues": services(request).published.policy.queues,
    }


async def page(
    request: web.Request, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> web.Response:
    """A whole page with the bar."""
    who = request.get(PRINCIPAL)
    # before the code, and behind the lock, a page shows nothing of what is inside
    inside = who is not None and who.due not in ("code", "unlock")
    shown = {
        "inside": inside,
        "path": request.path,
        "csrf_token": masked(who.csrf_token) if who and who.csrf_token else "",
        "role_label": ROLES[who.role] if who else "",
        "bar": await _bar(request),
        "idle_lock_s": services(request).settings.accounts.idle_lock_min * 60 if inside else 0,
        "live_since": request.get(LIVE_SINCE, ""),
        # whoever acts on danger hears of it on every page
        "live": inside and who is not None and who.due is None and allowed(who.role, "danger.acknowledge"),
        **(context or {}),
    }
    # an alarm nobody acknowledges goes on to all: the place for it stands on everybody's page, empty until then
    shown["sees_alarms"] = shown["live"] and who is not None and inside and allowed(who.role, "danger.acknowledge")
    if shown["sees_alarms"]:
        # in the page itself, so that nothing moves when they would come in after it
        shown |= await open_alarms(request)
    if inside and shown["live"]:
        shown["told"] = await told_now(request)
    return fragment(request, template, shown, status=status)


async def _bar(request: web.Request) -> Bar:
    who = request.get(PRINCIPAL)
    if who is None or who.due is not None:
        return NO_BAR
    guide = who.role == "admin" and await guide_is_open(request)
    most = AT_ONCE_ENGLISH if language.current() == "en" else AT_ONCE
    return bar(who.role, request.path, guide=guide, most=most)
