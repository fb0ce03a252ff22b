"""Administrators of three kinds, lock-outs, second factors, sessions that can be listed and locked."""

from hotline.migrations.script import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0003_accounts.sql")
