"""How a caller wants to be called back, as people see it: the other number and what the note names are masked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nlp.masking import mask_number, mask_text, names_of
from routing.sealing import Vault


def contact_rules_view(document: Mapping[str, Any] | None, names: frozenset[str]) -> dict[str, Any] | None:
    """The opened value of ``calls.contact_rules``, masked; ``names``: to hide in the note. None: no rules."""
    if not document:
        return None
    number = document.get("other_number")
    return {
        "safe_from": document.get("safe_from"),
        "safe_until": document.get("safe_until"),
        "no_sms": bool(document.get("no_sms")),
        "other_number": mask_number(number.removeprefix("+86")) if number else None,
        "note": mask_text(document.get("note") or "", names),
    }


def listed_rules(vault: Vault, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same for a row of a list that has ``contact_rules``, ``caller_name`` and ``confidential`` as stored.

    Of a confidential call only what keeps the caller safe: lists show nothing of who it is. Raises SealBroken.
    """
    document = vault.open_json(row["contact_rules"], "calls.contact_rules")
    if document and row["confidential"]:
        document = document | {"other_number": None, "note": ""}
    return contact_rules_view(document, names_of(vault.open(row["caller_name"], "calls.caller_name"), ()))
