"""The second, deeper reader: sentence vectors for the calls the first reader is unsure of; see docs/adr/0030."""
