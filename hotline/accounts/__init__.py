"""Accounts: log-in, sessions, API tokens, roles and what they may do."""
