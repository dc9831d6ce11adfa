"""Keeps runs: content-addressed objects, one folder per run, an index that can be made again."""
