"""Who may do what. Every route names one permission, or the service does not start."""

from __future__ import annotations

from typing import Literal, get_args

from config.errors import ConfigError

Role = Literal[
    "operator", "lawyer", "mediator", "police", "department", "manager", "admin", "security", "auditor", "line"
]
#: Roles with their screen names. The three administrators (三员) keep an eye on one another: the system's runs the
#: service, the security one the accounts, the audit one the record of both; none may do another's work.
ROLES: dict[Role, str] = {
    "operator": "话务员",
    "lawyer": "值班律师",
    "mediator": "调解员",
    "police": "警务台",
    "department": "承办单位",
    "manager": "管理者",
    "admin": "系统管理员",
    "security": "安全管理员",
    "auditor": "审计管理员",
    "line": "线路接入",
}

Permission = Literal[
    "public",  # no log-in: health, log-in page, static files
    "session",  # whoever has begun a session, also before the second factor and while it is locked
    "self",  # anybody who is logged in, about themselves
    "calls.submit",
    "calls.read",
    "calls.forward",
    "calls.answer",
    "contact_rules.write",  # how a caller wants to be called back
    "tickets.receive",
    "queues.read",
    "queues.claim",
    "snippets.use",  # pieces of law that lawyers keep for themselves and each other
    "danger.acknowledge",
    "police.work",  # the police desk: accept, send back as no police matter
    "cases.carry",  # steps, extension, a colleague's case taken over
    "cases.mediate",
    "cases.undertake",  # a department's inbox: accept, object, reply
    "cases.appraise",  # what the caller says of what was done
    "objections.decide",
    "statistics.read",
    "statistics.export",
    "exports.approve",  # another's export
    "displays.write",  # which walls show figures
    "events.read",
    "rosters.read",
    "rosters.write",
    "policy.read",
    "policy.write",
    "lexicon.write",
    "reviews.write",  # calls looked at again: whether machine and operators had them right
    "users.write",
    "triage.repeat",
    "knowledge.read",
    "knowledge.propose",  # write articles: departments their own, for a manager to publish
    "knowledge.publish",
    "handover.take",  # the shift handover; preparing and confirming it is for shift leaders on duty
    "notices.write",
    "calls.unmask",  # clear values, with a reason: of calls in hand; managers of any
    "timeline.open",  # another call of the same caller, with a reason
    "calls.search",  # by words and case code
    "person.search",  # by a caller's number, with a reason
    "calls.export",
    "audit.read",
    "audit.alerts",
    "grids.write",  # the tree of jurisdictions
    "organisations.write",  # departments, law firms, committees, and who works for them
    "lines.write",  # line profiles, test uploads, imports
    "retention.write",  # legal holds, what is due
]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

_STAFF: frozenset[Permission] = frozenset(
    {"public", "session", "self", "calls.read", "queues.read", "events.read", "rosters.read", "knowledge.read"}
)
_DESK: frozenset[Permission] = _STAFF | {
    "calls.forward",
    "queues.claim",
    "contact_rules.write",
    "danger.acknowledge",
    "calls.unmask",
    "timeline.open",
    "calls.search",
}
_OVERSEE: frozenset[Permission] = _STAFF | {
    "statistics.read",
    "statistics.export",
    "displays.write",
    "policy.read",
    "policy.write",
    "lexicon.write",
    "rosters.write",
    "danger.acknowledge",
    "triage.repeat",
}

GRANTS: dict[Role, frozenset[Permission]] = {
    "operator": _DESK
    | {"calls.submit", "calls.answer", "tickets.receive", "person.search", "handover.take", "cases.appraise"},
    "lawyer": _DESK | {"snippets.use"},
    "mediator": _DESK | {"cases.carry", "cases.mediate"},
    "police": _DESK | {"police.work"},
    "department": _DESK | {"tickets.receive", "knowledge.propose", "cases.carry", "cases.undertake"},
    "manager": _OVERSEE
    | {
        "contact_rules.write",
        "calls.unmask",
        "timeline.open",
        "calls.search",
        "person.search",
        "calls.export",
        "exports.approve",
        "reviews.write",
        "knowledge.propose",
        "knowledge.publish",
        "handover.take",
        "notices.write",
        "cases.appraise",
        "objections.decide",
    },
    "admin": _OVERSEE
    | {
        "calls.submit",
        "calls.forward",
        "queues.claim",
        "calls.answer",
        "tickets.receive",
        "grids.write",
        "organisations.write",
        "lines.write",
        "retention.write",
    },
    "security": frozenset({"public", "session", "self", "users.write", "events.read", "audit.alerts"}),
    "auditor": frozenset({"public", "session", "self", "events.read", "audit.read", "audit.alerts"}),
    "line": frozenset({"public", "session", "self", "calls.submit"}),
}


def allowed(role: Role, permission: Permission) -> bool:
    """Whether ``role`` has ``permission``."""
    return permission in GRANTS[role]


def check_role_names(names: frozenset[str]) -> None:
    """Raise ConfigError for a role in HOTLINE_SECOND_FACTOR_ROLES that does not exist."""
    unknown = sorted(names - set(ROLES))
    if unknown:
        raise ConfigError(f"HOTLINE_SECOND_FACTOR_ROLES names {unknown[0]!r}; the roles are {', '.join(ROLES)}.")
