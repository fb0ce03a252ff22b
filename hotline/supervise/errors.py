"""Why ``hotline run`` could not start or go on."""

from __future__ import annotations

from hotline.errors import HotlineError


class SupervisionError(HotlineError):
    """The service cannot be started; the message is one sentence that says what to do."""


class PortError(SupervisionError):
    """Nothing can listen on the configured address."""
