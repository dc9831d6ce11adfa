"""Errors that the user can mend: one family per capability, shown as one line and exit code 2."""

from reprocheck.advisories.errors import AdvisoryError
from reprocheck.app.errors import UsageError
from reprocheck.config import ConfigError
from reprocheck.store.errors import StoreError
from reprocheck.triage.baseline import BaselineError
from reprocheck.triage.errors import LedgerError

REFUSALS = (AdvisoryError, UsageError, ConfigError, BaselineError, LedgerError, StoreError)
