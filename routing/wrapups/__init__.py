"""After the call: what the operator found, saved with the call."""
