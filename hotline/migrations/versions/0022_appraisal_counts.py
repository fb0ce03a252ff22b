"""What callers said of their cases can be counted; a value of a type can be used once the version is committed."""

from hotline.migrations.script import run_sql

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0022_appraisal_counts.sql")
