"""Whether the service's database role could undo what protects the audit log."""

from __future__ import annotations

from typing import Any, Literal

import structlog

from routing.sql import load_queries

queries = load_queries(__file__, "reach.sql")

log = structlog.get_logger(__name__)

#: By which of its rights a role could: it is superuser, it owns the tables, or it was granted changes.
Reach = Literal["superuser", "owner", "granted"]


async def reach_of(connection: Any) -> Reach | None:
    """The widest right by which this connection's role could change audit entries; None: it can only add to them."""
    row = await queries.reach(connection)
    found: tuple[Reach, ...] = ("superuser", "owner", "granted")
    return next((reach for reach in found if row[reach]), None)


async def warn_of_reach(connection: Any) -> Reach | None:
    """Log a warning where the service's role could change the audit log, with what to do; for web and workers at start.

    No refusal: an installation with one role for everything goes on as it was, and `hotline audit verify` still
    finds what was changed.
    """
    reach = await reach_of(connection)
    if reach is not None:
        log.warning(
            "database_role_can_change_the_audit_log",
            role_is=reach,
            advice="give the service a plain role of its own: migrate with HOTLINE_OWNER_DATABASE_URL as the owner of "
            "the tables, and let HOTLINE_DATABASE_URL name a role that owns nothing (docs/operations.md, two roles)",
        )
    return reach
