"""Jurisdictions: the tree of grids, read from sheets, compared and taken over."""
