"""How a call rang and whether somebody answered, as the line tells; the names of its counts."""

from hotline.migrations.script import run_sql

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0033_ringing_counts.sql")
