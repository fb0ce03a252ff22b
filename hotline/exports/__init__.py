"""Exports as jobs: asked for, agreed to by a second person where that is due, made by the worker, fetched, gone."""
