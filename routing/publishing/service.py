"""Publication of a new version, and reading of earlier ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from routing.errors import VersionChanged, VersionNotFound
from routing.policy.facts import LOCAL_ZONE
from routing.publishing.store import queries
from routing.sealing import Vault, opened

#: So many versions are listed.
LISTED = 50
#: What the policy is published as, the lexicon, and the retention periods.
POLICY = ("policy", "policy.toml")
LEXICON = ("lexicon", "lexicon")
RETENTION = ("retention", "retention.toml")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be published."""

    version: str
    body: str
    note: str
    """Why, in the person's own words; sealed."""
    user_id: int
    base: str | None
    """The version it was made from; None: whatever is in force."""


async def publish(connection: Any, vault: Vault, what: tuple[str, str], draft: Draft, *, shipped: str) -> int:
    """Put ``draft`` in force, in the caller's transaction; the id of the publication.

    ``shipped`` is the version in force while nothing was published. Raises VersionChanged where somebody else has
    published since ``draft.base`` was read. What is in force already is not published again.
    """
    kind, name = what
    await queries.lock_publishing(connection, kind=kind)
    now = await queries.in_force(connection, kind=kind, name=name)
    version = now["version"] if now else shipped
    if draft.base is not None and draft.base != version:
        who = (
            f"{now['by'] or '系统'} 已于 {now['published_at'].astimezone(LOCAL_ZONE):%m-%d %H:%M}"
            if now
            else "其他人已"
        )
        raise VersionChanged(f"{who}发布了 {version}；您的内容仍在，请先对照新版本再发布。")
    if now and now["version"] == draft.version:
        return int(now["id"])
    await queries.withdraw(connection, kind=kind, name=name)
    return int(
        await queries.add(
            connection,
            kind=kind,
            name=name,
            version=draft.version,
            body=draft.body,
            note=vault.seal(draft.note or None, "published.note"),
            user_id=draft.user_id,
        )
    )


async def versions(connection: Any, vault: Vault, what: tuple[str, str]) -> list[dict[str, Any]]:
    """What was published, the newest first, with its notes."""
    kind, name = what
    rows = await queries.versions(connection, kind=kind, name=name, limit=LISTED)
    return [opened(vault, row, "published", ("note",)) for row in rows]


async def version(connection: Any, vault: Vault, what: tuple[str, str], version_id: int) -> dict[str, Any]:
    """One version with its text (``body``) and the one's before it (``body_before``). Raises VersionNotFound."""
    kind, name = what
    row = await queries.version(connection, kind=kind, name=name, version_id=version_id)
    if row is None:
        raise VersionNotFound(f"没有编号为 {version_id} 的版本。")
    return opened(vault, row, "published", ("note",))
