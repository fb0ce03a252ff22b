"""The audit log: who did what to what and why, append-only, linked into a chain that shows every change."""
