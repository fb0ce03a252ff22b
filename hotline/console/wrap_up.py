"""The form after a call: filled in as far as known, from what was heard, asked and done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hotline.console.calls import shown_call
from hotline.console.render import fragment
from hotline.console.words import DESTINATIONS, TRANSFER_MODES, WRAP_UP_DISPOSITIONS
from hotline.web.bodies import path_id
from hotline.web.keys import needs, principal, services
from nlp.masking import mask_text
from nlp.taxonomy import Taxonomy
from routing.danger.settings import Question
from routing.wrapups.service import queries as wrap_up_queries
from routing.wrapups.service import wrap_up_of

#: Words of the caller that a draft quotes, and things it names.
QUOTED, NAMED = 3, 4
FORWARDED, ANSWERED, CALLED_BACK, HUNG_UP = WRAP_UP_DISPOSITIONS[:4]


@needs("calls.answer")
async def form(request: web.Request) -> web.StreamResponse:
    """GET /console/calls/{id}/wrap-up: what was saved, else a draft."""
    own, call_id = services(request), path_id(request)
    shown = await shown_call(own, principal(request), call_id)
    async with own.pool.acquire() as connection:
        saved = await wrap_up_of(connection, own.vault, call_id)
        promised = await wrap_up_queries.standing_promise(connection, call_id=call_id)
    taxonomy = own.published.policy.taxonomy
    values = saved or draft(shown, taxonomy, own.published.danger.questions)
    context = {
        **shown,
        "called_back": CALLED_BACK,
        "form": values,
        "version": saved["version"] if saved else 0,
        "saved": saved,
    }
    return fragment(request, "_wrap_up.html", {**context, "dispositions": WRAP_UP_DISPOSITIONS, "promised": promised})


def draft(shown: Mapping[str, Any], taxonomy: Taxonomy, questions: tuple[Question, ...]) -> dict[str, Any]:
    """``{route, topic, region, disposition, summary}`` as far as known; ``shown`` is a call as pages show it, masked.

    Nothing is made up: the summary puts together the class, the words that spoke for it, what was named, what the
    danger panel holds and what was done.
    """
    triage, call = shown["triage"], shown["call"]
    topic = triage["topic"][0][0] if triage and triage["topic"] else None
    return {
        "route": triage["route"] if triage else None,
        "topic": topic,
        "region": call["region"],
        "disposition": _disposition(shown),
        "summary": "\n".join(
            part for part in (_matter(shown, taxonomy), _danger(shown, questions), _done(shown)) if part
        ),
    }


def _disposition(shown: Mapping[str, Any]) -> str | None:
    if shown["answers"]:
        return ANSWERED
    if shown["choices"] and shown["choices"][0]["choice"] == "callback":
        return CALLED_BACK
    if _last_forward(shown) is not None:
        return FORWARDED
    if any(entry["action"] == "hung_up" for entry in shown["timeline"]):
        return HUNG_UP
    return None


def _last_forward(shown: Mapping[str, Any]) -> Mapping[str, Any] | None:
    made = [t for t in shown["transfers"] if t["state"] != "cancelled"]
    return max(made, key=lambda each: each["id"], default=None)


def _matter(shown: Mapping[str, Any], taxonomy: Taxonomy) -> str:
    triage, call = shown["triage"], shown["call"]
    if triage is None:
        return ""
    topic = triage["topic"][0][0] if triage["topic"] else None
    named = taxonomy.routes[triage["route"]]
    if topic and topic != "other":
        named += f"（{taxonomy.topics.get(topic, topic)}）"
    text = f"{call['line']}来电，{named}。"
    strongest = sorted(triage["evidence"], key=lambda span: -span["weight"])[:QUOTED]
    quoted = list(dict.fromkeys(span["text"] for span in sorted(strongest, key=lambda span: span["start"])))
    if quoted:
        text += "来电人说到" + "、".join(f"“{words}”" for words in quoted) + "。"
    things = list(dict.fromkeys(entity["text"] for entity in triage["entities"]))[:NAMED]
    if things:
        text += f"涉及：{'、'.join(things)}。"
    if place := " ".join(part for part in (call["region"], call["address"]) if part):
        text += f"地点：{place}。"
    return text


def _danger(shown: Mapping[str, Any], questions: tuple[Question, ...]) -> str:
    answers = shown["danger_panel"]["answers"]
    told = [f"{q.label}：{answers[q.key]['answer']}" for q in questions if answers.get(q.key, {}).get("answer")]
    return f"危险问询：{'；'.join(told)}。" if told else ""


def _done(shown: Mapping[str, Any]) -> str:
    if shown["answers"]:
        return f"已直接答复：{mask_text(shown['answers'][0]['answer'])}"
    forwarded = _last_forward(shown)
    if forwarded is None:
        return ""
    to = DESTINATIONS[forwarded["destination"]][0]
    text = f"已转{to}（{TRANSFER_MODES[forwarded['mode']]}"
    return text + (f"，工单 {forwarded['our_ticket']}）。" if forwarded["our_ticket"] else "）。")
