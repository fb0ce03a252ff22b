"""Calls looked at again by supervisors: which, by whom, what was said of them, how far machine and people agree."""
