"""Bulk look-ups by commands raise alerts too."""

from hotline.migrations.script import run_sql

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0025_alerts_at_the_machine.sql")
