"""The lexicon as edited on this installation: published in PostgreSQL, written out for readers, taken up by workers."""
