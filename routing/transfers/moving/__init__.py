"""A call's item goes to another queue, whoever wants it there."""
