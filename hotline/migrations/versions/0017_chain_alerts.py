"""A broken audit chain is an alert."""

from hotline.migrations.script import run_sql

revision = "0017"
down_revision = "0019"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0017_chain_alerts.sql")
