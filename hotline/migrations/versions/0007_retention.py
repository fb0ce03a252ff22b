"""Retention and legal hold."""

from hotline.migrations.script import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0007_retention.sql")
