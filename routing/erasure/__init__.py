"""Erasing what is no longer needed: retention by line and part, legal holds, and a person's own wish."""
