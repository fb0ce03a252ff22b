"""The one error root of ``routing``; ``hotline.web.problems`` maps these to HTTP."""

from __future__ import annotations


class RoutingError(Exception):
    """Root of every error raised by ``routing``; its message tells the person what to do next."""


class IllegalTransition(RoutingError):
    """A call was asked to change to a state that cannot follow its present one."""


class CallNotFound(RoutingError):
    """No call, or none that this person may see, has this id."""


class HeldByOther(RoutingError):
    """Somebody else has the call; the message names who."""


class ProposalChanged(RoutingError):
    """The proposal the person saw is no longer the current one."""


class NoLiveChannel(RoutingError):
    """A telephone mode was asked for a call with nobody on the line."""


class ReasonRequired(RoutingError):
    """Another destination than proposed needs a reason."""


class ConsentRequired(RoutingError):
    """Violence or control was heard: mediation only after the victim's own consent, asked in private."""


class InvalidRequest(RoutingError):
    """A field has a value that cannot be used; the message names field and reason."""


class AssignmentNotFound(RoutingError):
    """No open assignment of this agent has this id."""


class LeaseLost(RoutingError):
    """The lease ran out and the call went back to its queue."""


class TransferNotFound(RoutingError):
    """No transfer has this id."""


class TransferTaken(RoutingError):
    """The forward cannot be taken back: somebody has claimed the call already."""


class QueueNotFound(RoutingError):
    """No queue has this name."""


class PolicyError(RoutingError):
    """A policy file cannot be used; the message names file, line, key and reason."""


class RosterError(RoutingError):
    """A roster cannot be used; the message names row, field and reason."""


class ReaderLost(RoutingError):
    """The process that reads calls ended, or did not answer in time; the message says which."""


class SealBroken(RoutingError):
    """A sealed value cannot be opened: its key is missing, or it was changed or moved; names column, never content."""
class WeekChanged(RosterError):
    """Somebody else has changed this week of the roster since it was read; the message names who and when."""


class ShiftNotFound(RosterError):
    """The shift or override is not there any more."""


class GridError(RoutingError):
    """A tree of grids cannot be used; the message names row, field and reason."""


class SnippetNotFound(RoutingError):
    """No snippet that this person may see has this id."""


class SnippetChanged(RoutingError):
    """Somebody changed the snippet since it was read; the message names who."""


