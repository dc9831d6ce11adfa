"""The JSON schema of the ledger, made from its types; `python -m reprocheck.model.ledger_schema` prints it."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from reprocheck.model.ledger import SCHEMA, Ledger

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def ledger_schema() -> dict[str, Any]:
    """JSON schema (2020-12) of the file, its dates as texts: unknown keys are refused, so none is allowed."""
    made = msgspec.json.schema(Ledger)
    made["$defs"]["Ledger"]["required"] = ["schema"]
    return {"$schema": _DIALECT, "title": f"reprocheck ledger, schema {SCHEMA}", **made}


def schema_text() -> str:
    """The schema as it stands in the documentation."""
    return msgspec.json.format(msgspec.json.encode(ledger_schema(), order="sorted"), indent=2).decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
