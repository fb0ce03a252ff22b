"""Organisations: departments, law firms, mediation committees, police; who works for them."""
