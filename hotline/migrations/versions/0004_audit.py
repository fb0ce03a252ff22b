"""The audit chain and database roles."""

from hotline.migrations.script import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0004_audit.sql")
