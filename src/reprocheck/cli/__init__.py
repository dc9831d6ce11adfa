"""Parses command lines, calls the use case, writes the report; no logic of its own."""
