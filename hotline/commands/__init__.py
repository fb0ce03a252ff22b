"""The command line's verbs, one module each; ``hotline.cli`` registers them."""
