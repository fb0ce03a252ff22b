"""Calls that the police desk sent back as no police matter (非警务), and what may bring them there again."""
