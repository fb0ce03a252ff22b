"""To whom an item goes first: the mediators of its grid's group, the department that answers for its field."""
