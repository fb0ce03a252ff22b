"""What can go wrong at intake: with a profile, with a file, with one field of one row."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.errors import HotlineError


class ProfileError(HotlineError):
    """A line profile cannot be used; the message names file, line, key and reason."""

    exit_code = 2


class ProfileNotFound(ProfileError):
    """No line profile has this name; the message names those there are."""


class FileUnreadable(HotlineError):
    """A whole file cannot be read; the message says what to hand in instead."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class FieldError:
    """Why one field of one row or API record cannot be used."""

    field: str
    """The field as the sender knows it: the column's heading, or the API field."""
    message: str
    """In Chinese: what is wrong and how to mend it."""
