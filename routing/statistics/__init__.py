"""Routing statistics."""
