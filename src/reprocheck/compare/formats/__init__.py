"""Readers of file formats: they describe what a file holds and never run or build any of it."""
