"""Forwarding: one call handed from one place to another, and taken back."""
