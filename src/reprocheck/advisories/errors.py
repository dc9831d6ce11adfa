"""What can go wrong with advisories."""

from __future__ import annotations


class AdvisoryError(Exception):
    """Advisories can't be read or asked for; the message says why and what helps."""
