"""Queues: who may take which item, who is offered it first, and what refusing costs."""
