"""The one error root of ``config``."""

from __future__ import annotations


class ConfigError(Exception):
    """A setting or a configuration file cannot be used; the message says what to do next."""
