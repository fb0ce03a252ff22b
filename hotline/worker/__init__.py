"""The worker process: reads calls, settles what follows, and keeps the queues moving."""
