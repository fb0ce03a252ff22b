"""A person's own data: what the service knows by a number, corrected or erased on request; retention in the worker."""
