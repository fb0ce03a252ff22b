"""Departments a person may name when a call is forwarded."""
