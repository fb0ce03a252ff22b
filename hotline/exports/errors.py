"""What can be wrong with an export."""

from __future__ import annotations

from hotline.errors import HotlineError


class ExportError(HotlineError):
    """An export cannot be asked for, decided or fetched as wanted."""


class ExportNotFound(ExportError):
    """No such export, or it is somebody else's."""


class ExportChanged(ExportError):
    """It is not in the state any more in which this could be done."""


class SecondPersonNeeded(ExportError):
    """Nobody agrees to an export of their own."""


class ReportMissing(ExportError):
    """The packages for PDF reports are not installed here."""


class ExportTooLarge(ExportError):
    """More rows or bytes than one export may have."""
