"""What callers say of whether their matter is settled is counted."""

from hotline.migrations.script import run_sql

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0027_resolved_counted.sql")
