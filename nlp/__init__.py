"""Text in, Classification out: no network, no database.

``load_reader`` gives a :class:`~nlp.classification.Reader`; everything else in
the package stands behind it and may be replaced without touching a caller.
"""
