"""Real sources with random damage: the analysis always answers, and never with a defect of its own."""

from __future__ import annotations

import ast
import random
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import FileKind, kind_of
from reprocheck.rulekit.loading import KnowledgeSources, load_knowledge
from reprocheck.scan.analysis import Analyzer
from reprocheck.scan.join import join

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 12_000
"""Bytes of a seed; damage to a small file reaches more of the grammar per second."""
ROUNDS = 8
MUTANTS = 25
KNOWLEDGE = load_knowledge(KnowledgeSources())
ANALYZER = Analyzer(KNOWLEDGE.rules.values(), KNOWLEDGE.catalog)
SEEDS = [
    (path.relative_to(ROOT).as_posix(), path.read_bytes())
    for folder in ("fixtures", "src/reprocheck", "rules/reprocheck_rules", "tests/unit")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file()
    and kind_of(path.name) not in {FileKind.OTHER, FileKind.MAKEFILE}
    and "cache" not in path.as_posix()
    and path.stat().st_size <= LARGEST
]
SPICE = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b"\f", b"\t", b"\\\n", b'"""', b"'", b"{", b"}", b"[", b"(", b":", b"%",
    b"!", b"\xe2\x80\xa8", "\ud800".encode("utf-8", "surrogatepass"), "größe 🎲".encode(), b"# reprocheck: ignore[",
    b"*a, *b", b"lambda: ", b"yield ", b"await ", b"f'{x!r:{y}}'", b"global x\n", b"nonlocal y\n", b"del ", b"import *",
    b"from . ", b"match x:\n case _:\n  ", b"type X = ", b"class A[T]: ", b"self.", b"x := ", b"**{}", b"-1e999", b"0x",
)  # fmt: skip


def damaged(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """A few random edits: bytes and lines lost, swapped, repeated, taken from another file."""
    for _ in range(chance.randint(1, 4)):
        lines = data.split(b"\n")
        here, there = chance.randrange(len(lines)), chance.randrange(len(lines))
        at = chance.randrange(len(data) + 1)
        match chance.randrange(8):
            case 0:
                data = data[:at] + data[at + chance.randint(1, 30) :]
            case 1:
                data = data[:at] + chance.choice(SPICE) + data[at:]
            case 2:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case 3:
                lines[here], lines[there] = lines[there], lines[here]
                data = b"\n".join(lines)
            case 4:
                del lines[min(here, there) : max(here, there)]
                data = b"\n".join(lines)
            case 5:
                lines.insert(there, lines[here])
                data = b"\n".join(lines)
            case 6:
                lines[here] = chance.choice((b"    ", b"\t", b"  ")) + lines[here].lstrip()
                data = b"\n".join(lines)
            case _:
                taken = other.split(b"\n")
                start = chance.randrange(len(taken))
                data = b"\n".join([*lines[:here], *taken[start : start + 12], *lines[here:]])
    return data


class _Swap(ast.NodeTransformer):
    """Puts expressions and statements of another file in random places."""

    def __init__(self, other: ast.Module, chance: random.Random) -> None:
        nodes = list(ast.walk(other))
        self._expressions = [node for node in nodes if isinstance(node, ast.expr) and hasattr(node, "lineno")]
        self._statements = [node for node in nodes if isinstance(node, ast.stmt)]
        self._chance = chance

    def visit(self, node: ast.AST) -> ast.AST | list[ast.AST]:
        """Keep most nodes."""
        here = self.generic_visit(node)
        if self._chance.random() > 0.03:
            return here
        match here:
            case ast.JoinedStr() | ast.FormattedValue() | ast.Starred():
                return here
            case ast.expr() if not isinstance(getattr(here, "ctx", None), ast.Store | ast.Del) and self._expressions:
                return self._chance.choice(self._expressions)
            case ast.stmt() if self._statements:
                return [here, self._chance.choice(self._statements)]
        return here


def reshaped(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Valid syntax that nobody would write: pieces of one module grafted into another."""
    tree = ast.parse(data)
    _Swap(ast.parse(other), chance).generic_visit(tree)
    try:
        return ast.unparse(ast.fix_missing_locations(tree)).encode()
    except (ValueError, RecursionError):  # some combinations have no spelling
        return data


@pytest.mark.parametrize("change", [damaged, reshaped])
@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_changed_sources_are_answered(
    change: Callable[[bytes, bytes, random.Random], bytes], round_number: int
) -> None:
    chance = random.Random(round_number)  # noqa: S311 — a fixed sequence, no secret
    seeds = SEEDS if change is damaged else [seed for seed in SEEDS if kind_of(seed[0]) is FileKind.PYTHON]
    facts: dict[str, bytes] = {}
    files = []
    for number in range(MUTANTS):
        (path, data), (_, other) = chance.choice(seeds), chance.choice(seeds)
        mutant = change(data, other, chance)
        file = ProjectFile(path, "", kind_of(path), len(mutant))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = ANALYZER.analyze(file, mutant)
        assert "defect" not in result.unread, (round_number, number, path, result.unread)
        lines = mutant.count(b"\n") + mutant.count(b"\r") + 1
        for finding in result.findings:
            assert 1 <= finding.place.span.line <= finding.place.span.end_line <= lines
            assert finding.place.span.column >= 1
            assert finding.message
        if path not in facts:
            facts[path] = result.facts
            files.append(file)
    rules = [rule for rule in KNOWLEDGE.rules.values() if rule.project_checks]
    join({path: value for path, value in facts.items() if value}, files, rules, KNOWLEDGE.catalog)
