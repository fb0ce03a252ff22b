"""The second look at live proposals."""
