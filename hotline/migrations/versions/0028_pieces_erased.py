"""Fields of a call can be erased sooner than the part they belong to."""

from hotline.migrations.script import run_sql

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0028_pieces_erased.sql")
