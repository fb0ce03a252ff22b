"""Figures of each call, deltas and roll-ups."""

from hotline.migrations.script import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables, the triggers that follow every change, and count what is there."""
    run_sql("0005_statistics.sql")
    run_sql("0005_statistics_triggers.sql")
