"""The ledger's types and their documented schema."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from decided import DAY, decision, finding
from reprocheck.model.ledger import State
from reprocheck.model.ledger_schema import ledger_schema, schema_text
from reprocheck.triage.ledger_text import LedgerText

SCHEMA_FILE = Path(__file__).parents[3] / "docs" / "internals" / "ledger.schema.json"


def test_the_documented_schema_is_that_of_the_types() -> None:
    """Renew it with `python -m reprocheck.model.ledger_schema > docs/internals/ledger.schema.json`."""
    assert SCHEMA_FILE.read_text("utf-8") == schema_text()


@pytest.mark.parametrize("change", [{}, {"state": "wrong"}, {"stat": "open"}, {"fingerprint": "xyz"}, {"date": "soon"}])
def test_what_is_written_keeps_to_the_schema_and_nonsense_does_not(change: dict[str, str]) -> None:
    one = decision(finding(), State.ACCEPTED, until=DAY, elsewhere=("b.py",), beside=("0123abcd",))
    text = LedgerText().edited(removed=(), added=[one]).render()
    value: dict[str, Any] = json.loads(json.dumps(tomllib.loads(text), default=str))
    value["decision"][0] |= change
    checker = jsonschema.Draft202012Validator(ledger_schema(), format_checker=jsonschema.FormatChecker())
    assert checker.is_valid(value) is not bool(change)


def test_a_decision_holds_on_its_last_day() -> None:
    one = decision(finding(), until=DAY)
    assert not one.expired(DAY)
    assert one.expired(DAY.replace(day=DAY.day + 1))
