"""Intake: foreign exports and live records become call records, row by row, nothing lost."""
