"""Carries out fixes: edits as data, made to files."""
