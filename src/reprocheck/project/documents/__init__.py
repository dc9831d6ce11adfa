"""Typed readers for everything that is not Python: each keeps the position of what it read."""
