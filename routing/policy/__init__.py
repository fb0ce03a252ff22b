"""The policy: from a reading and its circumstances to one decision. Pure; time and duty come in as arguments."""
