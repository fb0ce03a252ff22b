"""``/api/v1/transfers``: taking back, confirming, receipts, reasoned returns."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web
from pydantic import Field

from hotline.access.service import check_concern
from hotline.web.bodies import Body, path_id, read_body
from hotline.web.keys import needs, principal, services
from hotline.web.problems import json_response
from hotline.web.views import transfer_view
from routing.errors import InvalidRequest
from routing.transfers.departments.service import departments_for
from routing.transfers.service import cancel, confirm, receive, send_back
from routing.transfers.store import opened_transfer, queries


@needs("calls.forward")
async def departments(request: web.Request) -> web.Response:
    """GET /calls/{id}/departments: whom a forward may name, those that answer for the call's topic first."""
    own, call_id = services(request), path_id(request)
    async with own.pool.acquire() as connection:
        await check_concern(connection, principal(request), call_id)
        choices = await departments_for(connection, call_id)
    return json_response({"items": [asdict(choice) for choice in choices]})


@needs("calls.forward")
async def take_back(request: web.Request) -> web.Response:
    """POST /transfers/{id}/cancel: while nobody has claimed it."""
    own = services(request)
    row = await cancel(own.pool, own.vault, path_id(request), principal(request).user_id)
    await own.signals.ring()
    return json_response(transfer_view(row))


@needs("calls.forward")
async def confirm_dialled(request: web.Request) -> web.Response:
    """POST /transfers/{id}/confirm: the operator dialled and was answered."""
    own = services(request)
    row = await confirm(own.pool, own.vault, path_id(request), principal(request).user_id)
    await own.signals.ring()
    return json_response(transfer_view(row))


class ReceiptBody(Body):
    """POST /transfers/{id}/receipt."""

    ticket: str = Field(min_length=1, max_length=64)


@needs("tickets.receive")
async def take_receipt(request: web.Request) -> web.Response:
    """POST /transfers/{id}/receipt: the other system's own number."""
    own = services(request)
    body = await read_body(request, ReceiptBody)
    row = await receive(own.pool, own.vault, path_id(request), principal(request).user_id, body.ticket)
    await own.signals.ring()
    return json_response(transfer_view(row))


class ReturnBody(Body):
    """POST /transfers/{id}/return."""

    reason: str = Field(min_length=1, max_length=500)


@needs("calls.forward")
async def give_back(request: web.Request) -> web.Response:
    """POST /transfers/{id}/return: wrong dispatch, with the reason; back to the operators."""
    own = services(request)
    body = await read_body(request, ReturnBody)
    who = principal(request)
    row = await send_back(own.pool, own.vault, own.published.policy, path_id(request), who.user_id, reason=body.reason)
    await own.signals.ring()
    return json_response(transfer_view(row))


@needs("calls.read")
async def search(request: web.Request) -> web.Response:
    """GET /transfers?ticket= (either system's number), or ?overdue=1: tickets past their receipt limit."""
    own = services(request)
    ticket = request.query.get("ticket", "").strip()
    overdue = request.query.get("overdue") == "1"
    if bool(ticket) == overdue:
        raise InvalidRequest("ticket：请给出工单号，或用 overdue=1 查逾期未签收的工单。")
    async with own.pool.acquire() as connection:
        rows = (
            await queries.overdue_receipts(connection)
            if overdue
            else await queries.by_ticket(connection, number=ticket)
        )
    return json_response({"items": [transfer_view(opened_transfer(own.vault, row)) for row in rows]})
