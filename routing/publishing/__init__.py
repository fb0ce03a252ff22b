"""What is edited on this installation and published to all processes: versions of the policy and of the lexicon."""
