"""The domain: calls, policy, queues, rosters, transfers, statistics."""
