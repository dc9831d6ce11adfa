"""Whatever is edited: the result parses, a second time changes nothing more, and every other byte stays."""

from __future__ import annotations

import ast
import difflib
import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import reprocheck
from reprocheck.fix.carry_out import Outcome, Repair, carry_out
from reprocheck.model.fix import (
    AddImport,
    Edit,
    Fix,
    InsertStatements,
    KeepBranch,
    MoveStatements,
    RemoveArgument,
    ReplaceExpression,
    ReplaceStatements,
    Safety,
    SetArgument,
    Where,
    WrapExpression,
)
from reprocheck.project.source import SourceText

ROOT = Path(reprocheck.__file__).parent
SIZE = 8_000
"""Bytes of the files that are taken: reading one for changing takes libcst some 5 ms for each thousand."""
SEEDS = st.integers(0, 1 << 16).map(random.Random)
FILES = sorted(
    path
    for folder in ("fix", "scan", "report")
    for path in (ROOT / folder).glob("[a-z]*.py")
    if path.stat().st_size < SIZE
)
PLACES = (Where.BEFORE, Where.BEFORE_BLOCK, Where.AFTER, Where.FIRST_IN_BODY, Where.MODULE_TOP)


def random_edit(tree: ast.Module, source: SourceText, choose: random.Random) -> Edit:
    """An edit of some kind at a node that it is for."""
    head = max(node.end_lineno or 0 for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    nodes = [node for node in ast.walk(tree) if getattr(node, "lineno", 0) > head]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    statements = [node for node in nodes if isinstance(node, ast.stmt)]
    conditions = [node.test for node in nodes if isinstance(node, ast.If | ast.IfExp)]
    call, statement = choose.choice(calls), choose.choice(statements)
    at, on = source.span(call), source.span(statement)
    kinds: list[Edit] = [
        SetArgument(at, "wanted_here", "np.zeros(3)"),
        WrapExpression(at, "wanted_here"),
        ReplaceExpression(at, "a + b if c else d"),
        InsertStatements(on, choose.choice(PLACES), "wanted_here(1)\nif wanted_here:\n    wanted_here(2)"),
        ReplaceStatements(on),
        ReplaceStatements(on, "wanted_here()"),
        MoveStatements(on, source.span(choose.choice(statements)), choose.choice([Where.BEFORE, Where.AFTER])),
    ]
    if call.keywords and call.keywords[0].arg is not None:
        kinds.append(RemoveArgument(at, call.keywords[0].arg))
    if conditions:
        kinds.append(KeepBranch(source.span(choose.choice(conditions)), holds=choose.random() < 0.5))
    return choose.choice(kinds)


def edited(text: bytes, *fixes: Fix) -> Outcome:
    return carry_out([Repair("file.py", fix) for fix in fixes], {"file.py": text}.get)


@settings(max_examples=12)
@given(st.sampled_from(FILES), SEEDS, st.sampled_from([b"\n", b"\r\n"]))
def test_edits_of_real_files(path: Path, choose: random.Random, newline: bytes) -> None:
    data = path.read_bytes().replace(b"\n", newline)
    source = SourceText("file.py", data.decode())
    tree = ast.parse(source.text)
    fixes = [
        Fix("edit", Safety.UNSAFE, (AddImport("numpy", alias="np"), random_edit(tree, source, choose)))
        for _ in range(6)
    ]
    done = edited(data, *fixes)
    new = done.texts.get("file.py", data)
    ast.parse(new)
    # What is told as done is done together: without the refused ones the outcome is the same.
    kept = [fix for number, fix in enumerate(fixes) if number not in done.refused]
    assert edited(data, *kept).texts.get("file.py", data) == new
    # Twice the same is the same.
    assert edited(data, *kept, *kept).texts.get("file.py", data) == new
    assert new.count(b"import numpy as np") == (1 if kept else 0) + data.count(b"import numpy as np")
    assert new.count(b"\r") == (new.count(b"\n") if newline == b"\r\n" else 0)


@settings(max_examples=8)
@given(st.sampled_from(FILES), SEEDS)
def test_one_edit_leaves_other_lines_alone(path: Path, choose: random.Random) -> None:
    data = path.read_bytes()
    source = SourceText("file.py", data.decode())
    tree = ast.parse(source.text)
    call = choose.choice([node for node in ast.walk(tree) if isinstance(node, ast.Call)])
    edit = SetArgument(source.span(call), "wanted_here", "1")
    new = edited(data, Fix("edit", Safety.UNSAFE, (edit,))).texts["file.py"]
    touched = {
        line
        for tag, start, end, _, _ in difflib.SequenceMatcher(
            None, data.splitlines(), new.splitlines(), autojunk=False
        ).get_opcodes()
        for line in range(start + 1, max(start, end) + 1)
        if tag != "equal"
    }
    assert touched <= set(range(call.lineno, (call.end_lineno or 0) + 1))
    assert b"wanted_here=1" in new
