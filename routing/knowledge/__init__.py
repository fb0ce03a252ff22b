"""The knowledge base: versioned articles with owner and expiry, found by their words, cited in answers."""
