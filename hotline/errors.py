"""The one error root of ``hotline``."""

from __future__ import annotations


class HotlineError(Exception):
    """Root of every error raised by ``hotline``.

    The command line prints the message alone (one sentence that says what to
    do next) and exits with ``exit_code``.
    """

    exit_code = 1
