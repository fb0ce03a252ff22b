"""Limits of the audit log, from ``audit.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from config.errors import ConfigError
from config.files import ConfigFiles

#: Kinds of bulk look-ups: key in ``audit.toml``.
KINDS = (
    "calls_viewed",
    "calls_unmasked",
    "searches",
    "persons_searched",
    "exports",
    "exports_fetched",
    "persons_exported",
    "rejects_opened",
)
#: What a city's own file of before these kinds stands for.
_LATER = {"exports_fetched": 10, "persons_exported": 3, "rejects_opened": 10}


@dataclass(frozen=True, slots=True)
class AuditLimits:
    """What one person may look up within a window before an alert is raised, and how long an export may be."""

    window_s: float
    allowed: Mapping[str, int]
    """Kind of :data:`KINDS` -> how many different ones."""
    export_max_rows: int
    export_approval_rows: int
    """A table of statistics with more rows goes out only when a second person agrees; lists of calls always do."""
    verify_every_s: float
    """A worker walks the chain when nobody has for so long."""


def load_audit_limits(files: ConfigFiles) -> AuditLimits:
    """Read ``audit.toml``. Raises ConfigError naming the key and what to put there."""
    try:
        table = tomllib.loads(files.read("audit.toml"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"audit.toml is no TOML ({error}); correct that line.") from error
    bulk, export, chain = table.get("bulk", {}), table.get("export", {}), table.get("chain", {})
    known = (("bulk", "export", "chain"), ("window_minutes", *KINDS), ("max_rows", "approval_rows"), ("verify_hours",))
    unknown = sorted(
        key for part, keys in zip((table, bulk, export, chain), known, strict=True) for key in {*part} - {*keys}
    )
    if unknown:
        raise ConfigError(f"audit.toml has the unknown key {unknown[0]}; remove it.")
    return AuditLimits(
        window_s=60.0 * _whole(bulk, "bulk", "window_minutes"),
        allowed={kind: _whole({**_LATER, **bulk}, "bulk", kind) for kind in KINDS},
        export_max_rows=_whole(export, "export", "max_rows"),
        export_approval_rows=_whole({"approval_rows": 1000, **export}, "export", "approval_rows"),
        verify_every_s=3600.0 * _whole({"verify_hours": 24, **chain}, "chain", "verify_hours"),
    )


def _whole(table: Mapping[str, object], name: str, key: str) -> int:
    value = table.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10_000_000:
        raise ConfigError(f"audit.toml: {name}.{key} is {value!r}; set it to a whole number from 1.")
    return value
