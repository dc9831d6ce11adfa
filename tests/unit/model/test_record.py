"""The canonical form of a record, and its schema."""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from reprocheck.model import environment, file_use, observation
from reprocheck.model import record as record_module
from reprocheck.model.record import (
    Command,
    Connection,
    Execution,
    FileRole,
    FileTree,
    FileUse,
    FileUses,
    Gap,
    Record,
    Status,
    decode,
    encode,
)
from reprocheck.model.record_schema import record_schema, schema_text

SCHEMA_FILE = Path(__file__).parents[3] / "docs" / "internals" / "record.schema.json"


def _record(**changes: object) -> Record:
    record = Record(
        id="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        sequence=1,
        tool_version="0.1.0",
        started="2026-01-01T00:00:00.000000Z",
        ended="2026-01-01T00:00:01.000000Z",
        command=Command(arguments=("python", "träin.py"), cwd=".", root="/x"),
        execution=Execution(status=Status.EXITED, code=0),
        files=FileUses(
            uses=(FileUse(path="a", role=FileRole.INPUT, before="0" * 64, size_before=1),),
            trees=(FileTree(path="d", role=FileRole.INPUT, files=2, size=3, digest="1" * 64),),
            connections=(Connection(family="inet", address="192.0.2.1", port=443),),
        ),
        gaps=(Gap("files", "r", "c"),),
    )
    return msgspec.structs.replace(record, **changes)


def test_a_record_survives_its_canonical_form() -> None:
    record = _record()
    assert decode(encode(record)) == record


def test_the_canonical_form_is_sorted_compact_and_ends_in_one_line_feed() -> None:
    data = encode(_record())
    value = json.loads(data)
    assert data == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def test_equal_records_have_equal_bytes_whatever_the_order_they_were_built_in() -> None:
    first = _record(command=Command(arguments=("a",), cwd=".", root="/x"))
    second = decode(json.dumps(dict(reversed(json.loads(encode(first)).items()))).encode())
    assert encode(second) == encode(first)


def test_fields_of_later_versions_are_passed_over() -> None:
    value = json.loads(encode(_record()))
    value["invented later"] = 1
    assert decode(json.dumps(value).encode()) == _record()


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(b'{"id": 3}')


@pytest.mark.parametrize(
    ("execution", "code"),
    [
        (Execution(status=Status.EXITED, code=3), 3),
        (Execution(status=Status.KILLED, signal=9), 137),
        (Execution(status=Status.NOT_STARTED, code=127), 127),
        (Execution(status=Status.ABANDONED), 125),
    ],
)
def test_exit_codes_read_as_in_a_shell(execution: Execution, code: int) -> None:
    assert execution.exit_code == code


def test_the_documented_schema_is_that_of_the_types() -> None:
    """Renew it with `python -m reprocheck.model.record_schema > docs/internals/record.schema.json`."""
    assert SCHEMA_FILE.read_text("utf-8") == schema_text()


def test_records_keep_to_the_schema_and_others_do_not() -> None:
    validator = jsonschema.Draft202012Validator(record_schema())
    value = json.loads(encode(_record()))
    validator.validate(value)
    value["files"]["uses"][0]["role"] = "unknown"
    assert not validator.is_valid(value)


def test_every_field_has_a_sentence_unless_its_type_is_the_story() -> None:
    bare = set()
    for module in (environment, file_use, observation, record_module):
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).startswith("msgspec") for base in node.bases):
                for item, following in zip(node.body, [*node.body[1:], node], strict=True):
                    documented = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
                    if isinstance(item, ast.AnnAssign) and not documented:
                        bare.add(ast.unparse(item.target))
    assert bare <= _PLAIN, sorted(bare - _PLAIN)


_PLAIN = {
    *("name", "version", "path", "place", "pid", "gaps", "uses", "trees", "listings", "connections", "failed_opens"),
    *(
        "interpreter",
        "lock",
        "system",
        "processor",
        "memory",
        "thread_pools",
        "locale",
        "submodules",
        "trace",
        "entropy",
    ),
    *("perturbers", "command", "execution", "files", "observations", "environment", "code", "status", "schema", "id"),
    *("sequence", "tags", "tool_version", "started", "role"),
}
"""Fields whose type or whose struct says what they hold."""
