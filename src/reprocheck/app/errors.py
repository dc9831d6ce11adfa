"""What a use case can refuse."""

from __future__ import annotations


class UsageError(Exception):
    """The request can't be carried out as asked; the message says what to do instead."""
