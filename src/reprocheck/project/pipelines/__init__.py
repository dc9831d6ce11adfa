"""Pipelines that a repository declares, and what it records of their runs."""
