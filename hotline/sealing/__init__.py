"""Sealing of personal data at rest: suites of algorithms, the key file, the vault, rotation."""
