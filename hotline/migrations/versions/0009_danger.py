"""Danger."""

from hotline.migrations.script import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0009_danger.sql")
