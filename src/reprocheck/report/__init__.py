"""Writes a scan's result down: model in, text out."""
