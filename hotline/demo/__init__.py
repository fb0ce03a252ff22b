"""Demo users and calls for a new database, written by us."""
