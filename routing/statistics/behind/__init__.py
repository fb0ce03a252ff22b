"""The calls behind a figure."""
