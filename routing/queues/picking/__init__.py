"""Taking one call of a queue by choice, whatever stands before it."""
