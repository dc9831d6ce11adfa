"""What the ledger can refuse."""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger can't be read or written; the message says where, why and what to do. Nothing was changed."""
