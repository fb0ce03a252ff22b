"""Readings and decisions written, with everything that follows from them."""
