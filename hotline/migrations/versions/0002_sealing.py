"""Personal data sealed."""

from hotline.migrations.script import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0002_sealing.sql")
