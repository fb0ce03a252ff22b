"""What callers say of whether their matter is settled: the names of its counts."""

from hotline.migrations.script import run_sql

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0026_resolved_counts.sql")
