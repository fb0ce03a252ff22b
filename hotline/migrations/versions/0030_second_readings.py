"""Each reading is asked about a second time by one worker, once."""

from hotline.migrations.script import run_sql

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0030_second_readings.sql")
