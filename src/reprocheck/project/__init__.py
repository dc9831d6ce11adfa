"""Reads a repository and knows no rule: discovery, typed readers that keep positions, facts per file."""
