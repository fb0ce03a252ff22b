"""How calls rang is counted; a call that nobody answered and that left no words goes nowhere."""

from hotline.migrations.script import run_sql

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0034_ringing_counted.sql")
