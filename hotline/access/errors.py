"""Why somebody may not look."""

from __future__ import annotations

from hotline.errors import HotlineError
from routing.errors import InvalidRequest


class AccessRefused(HotlineError):
    """The person may not see this, whatever the reason."""


class NotInHand(AccessRefused):
    """Only who has the call on the line or in hand sees the caller's data in clear."""


class CallerHidden(AccessRefused):
    """A confidential call hides its caller from this person."""


class OwnComplaint(AccessRefused):
    """The call complains about the organisation the person works for."""


class TooManyRows(InvalidRequest):
    """More calls than one export may hold."""
