"""``/api/v1/calls/{id}/contact-rules``: how a caller wants to be called back."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from hotline.access.errors import CallerHidden
from hotline.access.rules import caller_hidden
from hotline.access.service import check_concern
from hotline.audit.store import record
from hotline.intake.contact_rules import ApiContactRules, read_rules
from hotline.web.bodies import path_id, read_body
from hotline.web.contact_rules import contact_rules_view
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response, problem
from hotline.web.views import spoken_names
from routing.calls.contact_rules import ContactRules
from routing.calls.store import keep_contact_rules, opened_call, queries
from routing.errors import CallNotFound


@needs("contact_rules.write")
async def put(request: web.Request) -> web.Response:
    """PUT /calls/{id}/contact-rules: all of them anew; what is left out is taken back.

    Number and note may come as they were shown, masked: then they stay as they are.
    """
    own, who, call_id = services(request), principal(request), path_id(request)
    body = await read_body(request, ApiContactRules)
    async with own.pool.acquire() as connection, connection.transaction():
        row = await queries.lock_call(connection, call_id=call_id)
        if row is None:
            raise CallNotFound(f"没有编号为 {call_id} 的来电。")
        await check_concern(connection, who, call_id)
        if caller_hidden(row, who):
            raise CallerHidden("这是保密来电，承办单位不能查看或登记回拨须知；请交话务台办理。")
        call = opened_call(own.vault, row)
        names = spoken_names(call)
        kept = ContactRules.from_document(call["contact_rules"]) or ContactRules()
        shown = contact_rules_view(kept.to_document(), names) or {}
        same_number = bool(body.other_number) and body.other_number == shown["other_number"]
        if same_number:
            body = body.model_copy(update={"other_number": None})
        rules = read_rules(body, own.profiles.get(row["line"]))
        if not isinstance(rules, ContactRules):
            errors = [{"field": error.field, "message": error.message} for error in rules]
            detail = "；".join(f"{error.field}：{error.message}" for error in rules)
            return problem(422, "invalid-request", "请求内容有误", detail, errors=errors)
        if same_number:
            rules = replace(rules, other_number=kept.other_number)
        if body.note and body.note == shown["note"]:
            rules = replace(rules, note=kept.note)
        await keep_contact_rules(connection, own.vault, row, who.user_id, rules)
        await record(connection, actor=who, action="contact_rules_noted", subject=f"call:{call_id}")
    await own.signals.ring()
    document = rules.to_document() if rules else None
    return json_response({"call_id": call_id, "contact_rules": contact_rules_view(document, names)})
