"""Cases on screen: the desks of mediators 调解席 and departments 承办, and the file of one case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from hotline.access.service import check_concern, without_own
from hotline.accounts.store import Principal
from hotline.console.calls import call_and_work, shown_call
from hotline.console.desk_view import Desk
from hotline.console.language import say
from hotline.console.render import duration
from hotline.web.bodies import path_id
from hotline.web.case_views import DESK_OF_ROLE, case_file, listed_case
from hotline.web.keys import Services, needs, principal, services
from nlp.masking import mask_text
from routing.cases import terms
from routing.cases.deadlines import NEARNESS, due_at, nearness, objection_until
from routing.cases.states import STATES
from routing.cases.store import queries
from routing.cases.terms import Desk as CaseDesk
from routing.organisations.organisation import CITY
from routing.police_returns.service import newest_return
from routing.policy.facts import LOCAL_ZONE
from routing.queues.first.service import Department, departments_of_fields, groups_of
from routing.queues.first.service import queries as first_queries

#: More than anybody carries; what is left out is said.
SHOWN = 200

#: What templates of cases look words up in.
TERMS: dict[str, Any] = {
    "case_states": STATES,
    "step_kinds": terms.STEP_KINDS,
    "outcomes": terms.OUTCOMES,
    "return_reasons": terms.RETURN_REASONS,
    "objection_reasons": terms.OBJECTION_REASONS,
    "appraisals": terms.APPRAISALS,
    "settled": terms.SETTLED,
    "nearness_words": NEARNESS,
}


def left_words(due: datetime, now: datetime | None = None) -> str:
    """How long until a deadline, or since: the script counts on like this."""
    left_s = (due - (now or datetime.now(UTC))).total_seconds()
    time = duration(abs(left_s) // 60 * 60)
    return say("还剩 %(time)s", time=time) if left_s > 0 else say("逾期 %(time)s", time=time)


async def _side(own: Services, who: Principal, _shown: dict[str, Any]) -> dict[str, Any]:
    """What a desk carries and what waits for it, by deadline; with what the lists can be filtered by."""
    policy, now, desk = own.published.policy, datetime.now(UTC), DESK_OF_ROLE[who.role]
    midnight = datetime.now(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    names = list(policy.queues_of_role(who.role))
    async with own.pool.acquire() as connection:
        carried = await queries.carried(connection, desk=desk, user_id=who.user_id, all_of_desk=False, limit=SHOWN)
        carried = await without_own(connection, who, carried, "call_id")
        # far more than is shown: what is one's own may stand behind what is others'
        rows = await queries.waiting(connection, queues=names, user_id=who.user_id, readings=False, limit=SHOWN * 5)
        rows = await without_own(connection, who, rows, "call_id")
        agent = await queries.reach(connection, user_id=who.user_id)
        own_day = await queries.done_today(connection, user_id=who.user_id, since=midnight)
        belonging = await _belonging(connection, who, [*rows, *carried])
    waiting = [_waiting(own, row, now) for row in rows if row["state"] in ("waiting", "offered")]
    cases = [listed_case(own.vault, row, now) for row in carried]
    grids, skills = (agent["grids"], agent["skills"]) if agent else ([], [])
    for entry in (*waiting, *cases):
        entry["place"] = entry["grid_name"] or entry["region"] or ""
        entry["belongs"], entry["own"] = belonging.of(entry)
        # what somebody carries, or what was sent to them by name, is never filtered out of their sight
        kept = entry.get("holder") is not None or (entry["addressed_to"] is not None and entry["own"])
        entry["fits"] = kept or (fits(entry, grids, skills) and entry["own"] is not False)
    # the own group's, then what belongs to nobody, then the others', each by deadline
    waiting.sort(key=lambda entry: (_TURNS[entry["own"]], entry["due_at"], entry["enqueued_at"]))
    waiting = waiting[:SHOWN]
    reach = bool(grids or skills or belonging.member)
    begins_own = reach and desk == "departments"
    handled = [case for case in cases if case["state"] == "handling" and case["holder"] is not None]
    return {
        **TERMS,
        "left_words": left_words,
        "waiting": waiting,
        "by_nearness": [(name, [case for case in handled if case["nearness"] == name]) for name in NEARNESS],
        "orphaned": [case for case in cases if case["holder"] is None and case["state"] != "fed_back"],
        "objected": [case for case in cases if case["state"] == "objected" and case["holder"] is not None],
        "fed_back": [case for case in cases if case["state"] == "fed_back" and case["holder"] is not None],
        "places": _counted(waiting, cases, "place"),
        "fields": _counted(waiting, cases, "topic"),
        "reach": reach,
        # a department's list begins with its own: the page comes as it will look, so that nothing moves
        "begins_own": begins_own,
        "left_out": sum(not entry["fits"] for entry in (*waiting, *cases)) if begins_own else 0,
        "own_day": dict(own_day),
    }


#: Own, nobody's, somebody else's.
_TURNS: dict[bool | None, int] = {True: 0, None: 1, False: 2}


@dataclass(frozen=True, slots=True)
class Belonging:
    """To which group of mediators, or to which department, entries belong, as seen by one person."""

    groups: Mapping[str, str]
    """Grid code -> the group there; empty at the departments' desk."""
    departments: Mapping[str, Sequence[Department]]
    """Topic -> who answers for it; empty at the mediators' desk."""
    group: str | None
    org_id: int

    @property
    def member(self) -> bool:
        """Whether the person is of a group or a department at all."""
        return self.group is not None or (bool(self.departments) and self.org_id != CITY)

    def of(self, entry: Mapping[str, Any]) -> tuple[str, bool | None]:
        """The names an entry belongs to, and whether that is the person's own.

        Whoever it was sent to by name has it, else who answers for its grid or field. None where it belongs to nobody
        or to departments nobody works for here, or the person to no group and no department.
        """
        if entry["addressed_to"] is not None:
            open_to_all = self.org_id == CITY or not entry.get("addressed_staffed", True)
            return entry["addressed_name"], None if open_to_all else entry["addressed_to"] == self.org_id
        group = self.groups.get(entry["grid"] or "")
        owners = self.departments.get((entry["read_topics"] or [""])[0], ())
        names = group or "、".join(owner.name for owner in owners)
        if not names or not self.member or not (group or any(owner.staffed for owner in owners)):
            return names, None
        return names, group == self.group if group else any(owner.org_id == self.org_id for owner in owners)


async def _belonging(connection: Any, who: Principal, rows: Sequence[Mapping[str, Any]]) -> Belonging:
    if DESK_OF_ROLE[who.role] == "departments":
        return Belonging({}, await departments_of_fields(connection), None, who.org_id)
    groups = await groups_of(connection, {row["grid"] for row in rows if row["grid"]})
    return Belonging(groups, {}, await first_queries.group_of(connection, user_id=who.user_id), who.org_id)


def _waiting(own: Services, row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """One waiting item with its deadline as it will be, and until when a dispatch may be objected to."""
    policy = own.published.policy
    desk: CaseDesk = "mediators" if policy.queue(row["queue"]).destination == "mediators" else "departments"
    due = due_at(desk, row["entered_at"], row["deadline"], policy.calendar)
    until = objection_until(row["entered_at"], policy.calendar)
    return listed_case(own.vault, row, now) | {"due_at": due, "nearness": nearness(due, now), "objection_until": until}


def fits(entry: Mapping[str, Any], grids: Sequence[str], skills: Sequence[str]) -> bool:
    """Whether an entry is of somebody's own grids and fields; who has none takes anything."""
    grid, topics = entry["grid"] or "", entry["read_topics"] or []
    here = not grids or not grid or any(grid == own or grid.startswith(f"{own}.") for own in grids)
    return here and (not skills or not topics or bool(set(topics[:1]) & set(skills)))


def _counted(
    waiting: Sequence[Mapping[str, Any]], cases: Sequence[Mapping[str, Any]], name: str
) -> list[tuple[str, int]]:
    """Values of the lists with how many entries have each, the most frequent first."""
    found = Counter(entry[name] for entry in (*waiting, *cases) if entry[name])
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))


@needs("cases.carry")
async def file(request: web.Request) -> web.StreamResponse:
    """GET /desk/cases/{id}: the call of a case and its file, each as HTML."""
    own, who = services(request), principal(request)
    case = await case_file(own, who, path_id(request))
    shown = await shown_call(own, who, case["call_id"])
    return call_and_work(request, shown, "_case_file.html", {**TERMS, "left_words": left_words, "case": case})


@needs("cases.carry")
async def offer(request: web.Request) -> web.StreamResponse:
    """GET /desk/items/{id}: the call that waits and what is known before anybody takes it on, each as HTML.

    Once somebody has it, who that is; without its call where it stands in the desk's queues no more.
    """
    own, who = services(request), principal(request)
    names = list(own.published.policy.queues_of_role(who.role))
    async with own.pool.acquire() as connection:
        place = await queries.place_of_item(connection, item_id=path_id(request), queues=names)
        if place is None:
            return call_and_work(request, None, "_case_gone.html", {"holder": None})
        await check_concern(connection, who, place["call_id"])
        row = await queries.waiting_item(connection, item_id=path_id(request), user_id=who.user_id)
        belonging = await _belonging(connection, who, [row] if row else [])
        earlier = await queries.undertakings_of_call(connection, call_id=place["call_id"])
        declined = await newest_return(connection, own.vault, place["call_id"])
    shown = await shown_call(own, who, place["call_id"])
    if row is None:
        return call_and_work(request, shown, "_case_gone.html", {"holder": place["holder"]})
    item = _waiting(own, row, datetime.now(UTC))
    item["belongs"], item["own"] = belonging.of(item)
    context = {**TERMS, "left_words": left_words, "item": item, "earlier": [dict(each) for each in earlier]}
    if declined is not None:
        declined["words"] = mask_text(declined["words"] or "")
    return call_and_work(request, shown, "_case_offer.html", context | {"declined": declined})


async def _dialogs(_own: Services, _who: Principal, _shown: dict[str, Any]) -> dict[str, Any]:
    return dict(TERMS)


MEDIATOR = Desk(
    page="desk_mediator.html", side="_case_side.html", work="_case_work.html", page_extra=_dialogs, side_extra=_side
)
DEPARTMENT = Desk(
    page="desk_department.html",
    side="_case_side.html",
    work="_case_work.html",
    page_extra=_dialogs,
    side_extra=_side,
)
