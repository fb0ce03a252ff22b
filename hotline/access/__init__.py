"""Looking at what is hidden: who may, which reason it needs, what of it goes on record."""
