"""Rosters: who is on duty for which queue, computed from rotations, shifts and overrides."""
