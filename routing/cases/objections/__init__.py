"""Objections (异议) of departments to a dispatch, and their decision."""
