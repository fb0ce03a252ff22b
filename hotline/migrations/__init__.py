"""The schema's versions: plain SQL files, run in order by Alembic."""
