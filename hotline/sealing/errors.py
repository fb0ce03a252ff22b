"""What can be wrong with the keys."""

from __future__ import annotations

from hotline.errors import HotlineError


class SecretKeyError(HotlineError):
    """The key file is missing, unreadable, open to others, or not the one that belongs to the database."""


class KeyInUse(HotlineError):
    """A key cannot be retired: values sealed by it are still stored."""
