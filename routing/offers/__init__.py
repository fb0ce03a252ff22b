"""Offers: live calls rung at agents, and the rounds that keep the queues moving."""
