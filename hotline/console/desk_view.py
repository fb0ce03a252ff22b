"""What differs between the desks of the roles: their templates and what these need beside the shared parts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from hotline.accounts.store import Principal
from hotline.web.keys import Services

#: Gives more for a template; gets what the shared parts have gathered already.
Extra = Callable[[Services, Principal, dict[str, Any]], Awaitable[dict[str, Any]]]


async def nothing_more(_own: Services, _who: Principal, _shown: dict[str, Any]) -> dict[str, Any]:
    """The shared parts are enough."""
    return {}


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk of one role. A template of its own extends ``desk.html`` or includes the shared ``_desk_*.html``."""

    page: str = "desk.html"
    side: str = "_desk_side.html"
    work: str = "_desk_work.html"
    by_fit: bool = False
    """What the person may take next and what they may not are listed apart, each up to the limit."""
    page_extra: Extra = nothing_more
    """For the page, once when it is opened: dialogs, lists to choose from."""
    side_extra: Extra = nothing_more
    """For the left side, with every change of the queues."""
    work_extra: Extra = nothing_more
    """For the right side, when a call is taken; ``shown["assignment"]`` is the call in hand."""
