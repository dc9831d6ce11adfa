"""Runs rules over a repository: selection, the one-walk engine, cache, processes, suppressions."""
