"""Makes a model from labelled rows; needs the extra [train] (scikit-learn)."""
