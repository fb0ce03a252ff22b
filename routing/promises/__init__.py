"""Promised call-backs: the call waits until the promised time, then comes back to whoever promised it."""
