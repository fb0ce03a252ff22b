"""The first reader's inner loops in C, behind the same answers as the numpy code; see docs/adr/0029."""
