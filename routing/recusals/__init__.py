"""Conflicts of interest (回避): who the caller is at odds with, and who must not advise the caller therefore."""
