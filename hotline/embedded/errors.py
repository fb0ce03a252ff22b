"""Why the embedded servers could not be had."""

from __future__ import annotations

from hotline.errors import HotlineError


class EmbeddedError(HotlineError):
    """An embedded server cannot be started or stopped; the message is one sentence that says what to do."""


class StateFolderError(EmbeddedError):
    """The state folder cannot be used: unwritable, untraversable, or without working file locks."""


class BinariesError(EmbeddedError):
    """No fitting server binaries on this machine, or not of the version the data needs."""


class StartCancelled(EmbeddedError):
    """The start was called off (the command is being stopped)."""
