"""Reads Python: grammar, names and scopes, values."""
