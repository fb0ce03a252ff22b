"""The one error root of ``nlp``."""

from __future__ import annotations


class NlpError(Exception):
    """Root of every error raised by ``nlp``; its message tells the person what to do next."""


class ModelError(NlpError):
    """A model file is missing, damaged or made for another version of this code."""


class LabelledRowError(NlpError):
    """A labelled row cannot be used; the message names file, row and field."""
