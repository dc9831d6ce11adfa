"""The JSON schema of records, made from their types; `python -m reprocheck.model.record_schema` prints it."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from reprocheck.model.record import SCHEMA, Record

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def record_schema() -> dict[str, Any]:
    """JSON schema (2020-12) of one record: fields may be added, so unknown ones are allowed."""
    return {"$schema": _DIALECT, "title": f"reprocheck record, schema {SCHEMA}", **msgspec.json.schema(Record)}


def schema_text() -> str:
    """The schema as it stands in the documentation."""
    return msgspec.json.format(msgspec.json.encode(record_schema(), order="sorted"), indent=2).decode() + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
