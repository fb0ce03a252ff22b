"""The port through which personal data is sealed before it is stored, and opened when somebody may read it.

What is sealed is unreadable in the database, its files and its backups. A
sealed value says by which key it was sealed, and fits one purpose only:
``use`` names table and column (``calls.transcript``) and is authenticated with
it, so that a value moved to another column does not open. The implementation
is ``hotline.sealing``; ``hotline.sealing.columns`` lists every sealed column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

#: Code points of a transcript that are sealed once more for lists, where opening whole transcripts would be dear.
EXCERPT_LENGTH = 200


class Vault(Protocol):
    """Seals and opens values, and makes the keyed hashes by which sealed things are found."""

    def seal(self, text: str | None, use: str) -> bytes | None:
        """``text`` sealed for ``use``; None stays None. U+0000 becomes U+FFFD, as PostgreSQL's texts have it."""

    def open(self, value: bytes | None, use: str) -> str | None:
        """The text sealed for ``use``; None stays None. Raises SealBroken."""

    def seal_json(self, value: Any, use: str) -> bytes | None:
        """A JSON value sealed for ``use``; None stays None."""

    def open_json(self, value: bytes | None, use: str) -> Any:
        """What ``seal_json`` sealed. Raises SealBroken."""

    def number_hash(self, e164: str | None) -> bytes | None:
        """Keyed hash by which calls of one number find each other; None for withheld or unreadable numbers.

        It does not change when data keys are rotated.
        """

    def token_hashes(self, tokens: Iterable[str]) -> list[int]:
        """Signed 64-bit keyed hashes of search words, distinct and sorted."""

    def content_hash(self, digest: bytes) -> bytes:
        """A digest over personal data, keyed: without the key nobody can try out which content it belongs to."""


def opened(
    vault: Vault, row: Mapping[str, Any], table: str, texts: Iterable[str] = (), documents: Iterable[str] = ()
) -> dict[str, Any]:
    """``row`` as a dict with these columns of ``table`` opened: ``texts`` as str, ``documents`` as JSON values.

    Raises SealBroken.
    """
    values = dict(row)
    for name in texts:
        values[name] = vault.open(values[name], f"{table}.{name}")
    for name in documents:
        values[name] = vault.open_json(values[name], f"{table}.{name}")
    return values
