"""Leavers: what becomes of the work of somebody who is no longer there."""
