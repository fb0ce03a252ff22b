"""The steps of a case: planned, with a time, and done, with what came of it."""
