"""Supervision."""

from hotline.migrations.script import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0014_supervision.sql")
