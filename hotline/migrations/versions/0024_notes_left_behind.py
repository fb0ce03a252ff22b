"""What erasing had left behind is erased."""

from hotline.migrations.script import run_sql

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0024_notes_left_behind.sql")
