"""Selections of rules with severities, one `.toml` file each."""
