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
    of_call: str | None = None
    """The SQL condition for the rows of the calls ``$1::bigint[]``; None: the table is about no one call."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All sealed columns."""
        return self.texts + self.documents


_ID = (("id", "bigint"),)
_OF_CALL = "call_id = any($1::bigint[])"

SEALED: tuple[SealedTable, ...] = (
    SealedTable(
        "calls",
        _ID,
        ("caller_number", "caller_name", "transcript", "address", "recording_number", "excerpt"),
        ("segments", "contact_rules"),
        digests=("content_hash",),
        number_hash=("caller_hash", "caller_number"),
        of_call="id = any($1::bigint[])",
    ),
    SealedTable(
        "call_versions",
        (("call_id", "bigint"), ("version", "int")),
        documents=("payload",),
        digests=("content_hash",),
        of_call=_OF_CALL,
    ),
    SealedTable("triages", _ID, documents=("reading",), of_call=_OF_CALL),
    SealedTable("decisions", _ID, documents=("body",), of_call=_OF_CALL),
    SealedTable("transfers", _ID, ("reason", "return_reason"), of_call=_OF_CALL),
    SealedTable("assignments", _ID, ("disposition", "notes", "summary"), of_call=_OF_CALL),
    SealedTable("direct_answers", _ID, ("answer", "no_article_reason"), of_call=_OF_CALL),
    SealedTable("shift_notices", _ID, ("body",)),
    SealedTable("handovers", _ID, ("note",)),
    SealedTable("handover_items", _ID, ("note",), of_call=_OF_CALL),
    SealedTable("caller_choices", _ID, ("message",), of_call=_OF_CALL),
    SealedTable("counterparties", (("call_id", "bigint"),), ("name",), of_call=_OF_CALL),
    SealedTable("law_snippets", _ID, ("title", "citation", "body")),
    SealedTable("danger_answers", (("call_id", "bigint"), ("question", "text")), ("answer",), of_call=_OF_CALL),
    SealedTable("closing_releases", (("call_id", "bigint"),), ("reason",), of_call=_OF_CALL),
    SealedTable("wrap_ups", (("call_id", "bigint"),), ("disposition", "summary"), of_call=_OF_CALL),
    SealedTable("danger_checks", (("call_id", "bigint"),), ("outcome",), of_call=_OF_CALL),
    SealedTable(
        "undertakings",
        _ID,
        ("extension_reason", "agreement", "reply", "appraisal_words", "handed_on_words"),
        of_call=_OF_CALL,
    ),
    SealedTable(
        "case_steps",
        _ID,
        ("note", "result"),
        of_call="case_id in (select id from cases where call_id = any($1::bigint[]))",
    ),
    SealedTable(
        "objections",
        _ID,
        ("words", "decision_words"),
        of_call="undertaking_id in (select id from undertakings where call_id = any($1::bigint[]))",
    ),
    SealedTable("police_returns", _ID, ("words",), of_call=_OF_CALL),
    SealedTable("legal_holds", _ID, ("reason",)),
    SealedTable("published", _ID, ("note",)),
    SealedTable("trials", _ID, ("body",), ("result",)),
    SealedTable(
        "audit_notes",
        (("entry_id", "bigint"),),
        ("note",),
        of_call="entry_id in (select e.id from audit_entries e join unnest($1::bigint[]) as c(id) "
        "on e.subject = 'call:' || c.id)",
    ),
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
