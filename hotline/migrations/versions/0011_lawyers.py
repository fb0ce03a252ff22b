"""Lawyers."""

from hotline.migrations.script import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0011_lawyers.sql")
