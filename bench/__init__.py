"""Measurements, run by hand: `python -m bench.<name>`, as the docstring of each says."""
