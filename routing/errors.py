"""The one error root of ``routing``; ``hotline.web.problems`` maps these to HTTP."""

from __future__ import annotations

from datetime import datetime


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


class AnswerChanged(RoutingError):
    """Somebody else changed the same answer meanwhile; the message names who."""


class ClosingLocked(RoutingError):
    """Self-harm was heard: the call is not closed before a second person says that it may be."""


class NoShiftLeader(RoutingError):
    """Only the shift leader on duty, or who stands in, may do this."""


class ConsentRequired(RoutingError):
    """Violence or control was heard: mediation only after the victim's own consent, asked in private."""


class InvalidRequest(RoutingError):
    """A field has a value that cannot be used; the message names field and reason."""


class OutsideSafeHours(InvalidRequest):
    """A call-back was to be promised for a time at which the caller cannot speak safely."""

    def __init__(self, message: str, proposed: tuple[datetime, datetime]) -> None:
        super().__init__(message)
        self.proposed = proposed
        """The next window within the safe hours, aware: for a person to agree to."""


class ReviewNotFound(RoutingError):
    """No call of the review queue has this id."""


class TrialNotFound(RoutingError):
    """No trial of a draft has this id."""


class VersionNotFound(RoutingError):
    """No published version has this id."""


class VersionChanged(RoutingError):
    """Somebody else has published meanwhile; the message says who and when."""


class DangerWordsOff(RoutingError):
    """Danger words shipped with the product would be switched off without a second confirmation."""


class AssignmentNotFound(RoutingError):
    """No open assignment of this agent has this id."""


class LeaseLost(RoutingError):
    """The lease ran out and the call went back to its queue."""


class TransferNotFound(RoutingError):
    """No transfer has this id."""


class TransferTaken(RoutingError):
    """The forward cannot be taken back: somebody has claimed the call already."""


class UndertakingNotFound(RoutingError):
    """No undertaking of a case, or no item of this person's queues, has this id."""


class PoliceDeclined(RoutingError):
    """The police desk found the call to be no police matter, and no new danger is known since."""


class QueueNotFound(RoutingError):
    """No queue has this name."""


class ArticleNotFound(RoutingError):
    """No article of the knowledge base has this id, or no such version."""


class ArticleNotCitable(RoutingError):
    """The article is expired, withdrawn, unpublished, or has a newer version than the one cited."""


class ArticleChanged(RoutingError):
    """Somebody else saved the draft meanwhile; the message names who and when."""


class NotYourArticle(RoutingError):
    """A department proposes changes to its own articles only."""


class HandoverNotFound(RoutingError):
    """No handover, no open item or no notice has this id."""


class HandoverChanged(RoutingError):
    """The step does not fit the handover as it stands: confirmed by another, closed, or something is still open."""


class PolicyError(RoutingError):
    """A policy file cannot be used; the message names file, line, key and reason."""


class RosterError(RoutingError):
    """A roster cannot be used; the message names row, field and reason."""


class WeekChanged(RosterError):
    """Somebody else has changed this week of the roster since it was read; the message names who and when."""


class RotationChanged(RosterError):
    """Somebody else has changed this rotation since it was read, or taken the name of the new one."""


class ShiftNotFound(RosterError):
    """The shift or override is not there any more."""


class GridError(RoutingError):
    """A tree of grids cannot be used; the message names row, field and reason."""


class SnippetNotFound(RoutingError):
    """No snippet that this person may see has this id."""


class SnippetChanged(RoutingError):
    """Somebody changed the snippet since it was read; the message names who."""


class ReaderLost(RoutingError):
    """The process that reads calls ended, or did not answer in time; the message says which."""


class SealBroken(RoutingError):
    """A sealed value cannot be opened: its key is missing, or it was changed or moved; names column, never content."""


class OrganisationNotFound(RoutingError):
    """No organisation has this id."""


class OrganisationInvalid(RoutingError):
    """An organisation cannot be entered, changed or filled so; the message names the field."""


class OrganisationStaffed(RoutingError):
    """People still work there: it cannot be retired."""
