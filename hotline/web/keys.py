"""What request handlers find in the application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from config.audit_limits import AuditLimits
from config.settings import Settings
from hotline.accounts.permissions import Permission
from hotline.accounts.store import Principal
from hotline.audit.chain import AuditKey
from hotline.intake.gate import IntakeGate
from hotline.intake.line_profiles import LineProfiles
from hotline.published import Published
from hotline.sealing.vault import FileVault
from hotline.signals import Signals
from hotline.web.hub import EventHub
from routing.journey import Journey
from routing.supervision.rules import SupervisionRules
from routing.transfers.exchange import Exchange

if TYPE_CHECKING:
    from hotline.accounts.oidc import Provider


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may use; built once by ``hotline.app``."""

    settings: Settings
    pool: Any
    signals: Signals
    published: Published
    vault: FileVault
    profiles: LineProfiles
    """Line profiles by line, those published on this installation before the files."""
    hub: EventHub
    journey: Journey | None
    """Who follows calls on their way; None: nobody."""
    exchange: Exchange
    oidc: Provider | None
    """The outside provider of log-ins; None: none is configured."""
    audit_key: AuditKey
    audit_limits: AuditLimits
    supervision: SupervisionRules
    """Which calls supervisors look at again."""
    intake: IntakeGate
    """What this process takes in at a time."""


SERVICES: web.AppKey[Services] = web.AppKey("services", Services)
PRINCIPAL: web.RequestKey[Principal] = web.RequestKey("principal", Principal)
#: Handlers that alone know which calls a request was about say so here, for the calls' traces.
NEW_CALLS: web.RequestKey[list[int]] = web.RequestKey("new_calls", list)
TAKEN_CALL: web.RequestKey[int] = web.RequestKey("taken_call", int)


def services(request: web.Request) -> Services:
    """The services of the application that handles ``request``."""
    return request.config_dict[SERVICES]


def principal(request: web.Request) -> Principal:
    """Who makes the request; the authentication middleware has made sure of somebody."""
    return request[PRINCIPAL]


#: Permission of each handler, read by the middleware and by the start-up check.
PERMISSION_ATTRIBUTE = "hotline_permission"


Handler = TypeVar("Handler", bound=Callable[..., Any])


def needs(permission: Permission) -> Callable[[Handler], Handler]:
    """Say which permission a handler needs."""

    def mark(handler: Handler) -> Handler:
        setattr(handler, PERMISSION_ATTRIBUTE, permission)
        return handler

    return mark


def route_of(request: web.Request) -> str:
    """The route's pattern, for metrics and logs: never an address with ids in it."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"
