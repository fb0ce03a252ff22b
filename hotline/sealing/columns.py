"""Every sealed column, in one place: rotation, export, correction and erasure go by this list.

``use`` of a value is ``table.column``. A test compares this list with the
database: a column of type bytea that is neither here nor a hash is an error.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SealedTable:
    """The sealed columns of one table."""

    name: str
    keys: tuple[tuple[str, str], ...]
    """Primary key: name and PostgreSQL type of each column."""
    texts: tuple[str, ...] = ()
    """Columns that hold a sealed text."""
    documents: tuple[str, ...] = ()
    """Columns that hold a sealed JSON value."""
    digests: tuple[str, ...] = ()
    """Hashes over the same content, keyed by the vault's ``content_hash``."""
    number_hash: tuple[str, str] | None = None
    """The column of a number's look-up hash, and the sealed column of the number."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All sealed columns."""
        return self.texts + self.documents


_ID = (("id", "bigint"),)

SEALED: tuple[SealedTable, ...] = (
    SealedTable(
        "calls",
        _ID,
        ("caller_number", "caller_name", "transcript", "address", "recording_number", "excerpt"),
        ("segments",),
        digests=("content_hash",),
        number_hash=("caller_hash", "caller_number"),
    ),
    SealedTable(
        "call_versions",
        (("call_id", "bigint"), ("version", "int")),
        documents=("payload",),
        digests=("content_hash",),
    ),
    SealedTable("triages", _ID, documents=("reading",)),
    SealedTable("decisions", _ID, documents=("body",)),
    SealedTable("transfers", _ID, ("reason", "return_reason")),
    SealedTable("assignments", _ID, ("disposition", "notes", "summary")),
    SealedTable("direct_answers", _ID, ("answer", "no_article_reason")),
    SealedTable("shift_notices", _ID, ("body",)),
    SealedTable("handovers", _ID, ("note",)),
    SealedTable("handover_items", _ID, ("note",)),
    SealedTable("caller_choices", _ID, ("message",)),
    SealedTable("counterparties", (("call_id", "bigint"),), ("name",)),
    SealedTable("law_snippets", _ID, ("title", "citation", "body")),
    SealedTable("danger_answers", (("call_id", "bigint"), ("question", "text")), ("answer",)),
    SealedTable("closing_releases", (("call_id", "bigint"),), ("reason",)),
    SealedTable("wrap_ups", (("call_id", "bigint"),), ("disposition", "summary")),
    SealedTable("danger_checks", (("call_id", "bigint"),), ("outcome",)),
    SealedTable("undertakings", _ID, ("extension_reason", "agreement", "reply", "appraisal_words", "handed_on_words")),
    SealedTable("case_steps", _ID, ("note", "result")),
    SealedTable("objections", _ID, ("words", "decision_words")),
    SealedTable("police_returns", _ID, ("words",)),
    SealedTable("legal_holds", _ID, ("reason",)),
    SealedTable("published", _ID, ("note",)),
    SealedTable("trials", _ID, ("body",), ("result",)),
    SealedTable("audit_notes", (("entry_id", "bigint"),), ("note",)),
    SealedTable("second_factors", (("user_id", "bigint"),), ("secret",)),
    SealedTable("provider_logins", (("state_hash", "bytea"),), ("verifier",)),
    SealedTable("export_jobs", _ID, ("file",)),
    SealedTable("statistics_views", _ID, ("name",)),
    SealedTable(
        "idempotency_keys",
        (("principal", "text"), ("route", "text"), ("key", "text")),
        documents=("response",),
        digests=("body_hash",),
    ),
)
"""In the order in which they are sealed anew."""
