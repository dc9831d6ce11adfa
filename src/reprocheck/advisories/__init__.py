"""Advisories about packages: a local database, and the one door to pip-audit for services."""
