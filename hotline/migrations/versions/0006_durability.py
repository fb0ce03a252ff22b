"""Back-pressure and poison calls."""

from hotline.migrations.script import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the version's statements."""
    run_sql("0006_durability.sql")
