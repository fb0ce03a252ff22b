"""What callers said of their cases is counted."""

from hotline.migrations.script import run_sql

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0023_appraisals_counted.sql")
