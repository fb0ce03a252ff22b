"""Reading calls: triage jobs, stored readings and the decisions that follow from them."""
