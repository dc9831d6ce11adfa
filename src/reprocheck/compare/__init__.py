"""Compares artifacts: alignment, comparators by file type, tolerances, verdict."""
