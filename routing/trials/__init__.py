"""Trials: what a draft of the policy or the lexicon would change on stored calls, before it is published."""
