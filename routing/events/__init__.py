"""The event outbox: what consoles and workers are told, in commit order."""
