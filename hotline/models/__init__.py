"""Models promoted on this installation: stored in PostgreSQL, taken up by running workers."""
