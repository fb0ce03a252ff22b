"""Snippets of law that lawyers type for themselves and for each other, and citations in one form."""
