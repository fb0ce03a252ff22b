"""Finding calls by words, case code and number, although what was said stands sealed."""
