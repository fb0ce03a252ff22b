"""Short notices by managers to roles and to who is on duty, for a time."""
