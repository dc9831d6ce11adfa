"""What a store can refuse."""

from __future__ import annotations


class StoreError(Exception):
    """The store can't do what was asked; the message says what to do."""


class NewerStoreError(StoreError):
    """A newer reprocheck has written the store; it is left untouched."""


class NoSuchRunError(StoreError):
    """No run, or more than one, answers to a word."""
