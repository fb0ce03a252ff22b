"""Calls: records of the lines, their versions, segments and states."""
