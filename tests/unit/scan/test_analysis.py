"""One file: findings in the right place, diagnostics in place of exceptions."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reprocheck.model.finding import Finding
from reprocheck.model.place import Cell
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import kind_of
from reprocheck.rulekit import Call, Catalog, Confidence, Match, Module, NotebookView, Rule, Severity
from reprocheck.scan.analysis import Analyzer
from reprocheck.scan.file_result import FileResult

DOC = "Something is called.\n\n## Why\nBecause.\n\n## Fix\nDon't."


def rule_on(*names: str, check: Callable[[Call], Iterator[Match]] | None = None, code: str = "ACME001") -> Rule:
    """A rule that reports every call of these names."""
    rule = Rule(code, "calls-" + code.lower(), DOC)

    def report(call: Call) -> Iterator[Match]:
        yield call.match(f"`{call.name}` is called")

    rule.on_call(*names)(check or report)
    return rule


def analyze(text: str | bytes, *rules: Rule, path: str = "a.py") -> FileResult:
    data = text.encode() if isinstance(text, str) else text
    return Analyzer(rules, Catalog()).analyze(ProjectFile(path, "", kind_of(path), len(data)), data)


def only(result: FileResult) -> Finding:
    (finding,) = result.findings
    return finding


def test_finding_has_span_symbol_and_excerpt() -> None:
    finding = only(
        analyze("import os\n\nclass Box:\n    def open(self):\n        ä = '→'; os.remove('x')\n", rule_on("os.remove"))
    )
    span = finding.place.span
    assert (span.line, span.column, span.end_line, span.end_column) == (5, 18, 5, 32)
    assert finding.symbol == "Box.open"
    assert finding.message == "`os.remove` is called"
    assert finding.place.excerpt is not None
    assert finding.place.excerpt.lines[1] == "        ä = '→'; os.remove('x')"


def test_levels_of_the_match_win_over_the_rules() -> None:
    def check(call: Call) -> Iterator[Match]:
        yield call.match("m", severity=Severity.ERROR, confidence=Confidence.LOW)

    finding = only(analyze("import os\nos.remove(x)\n", rule_on("os.remove", check=check)))
    assert (finding.severity, finding.confidence) == ("error", "low")


def test_identical_statements_share_a_fingerprint_and_differ_in_context() -> None:
    result = analyze("import os\na = 1\nos.remove(x)\nb = 2\nos.remove(x)\n", rule_on("os.remove"))
    first, second = result.findings
    assert first.fingerprint == second.fingerprint
    assert first.context != second.context


def test_fingerprint_tells_rules_symbols_and_statements_apart() -> None:
    rules = [rule_on("os.remove"), rule_on("os.remove", code="ACME002")]
    text = "import os\nos.remove(x)\nos.remove(y)\ndef f():\n    os.remove(x)\n"
    findings = analyze(text, *rules).findings
    assert len({finding.fingerprint for finding in findings}) == len(findings) == 6


def test_defect_of_a_rule_is_told_of_the_file_and_keeps_what_was_found() -> None:
    def fails(call: Call) -> Iterator[Match]:
        raise KeyError(call.name)

    result = analyze("import os\nos.getcwd()\nos.remove(x)\n", rule_on("os.getcwd"), rule_on("os.remove", check=fails))
    assert {finding.code for finding in result.findings} == {"RPC001", "ACME001"}
    assert "KeyError at test_analysis.py:" in result.unread
    assert "defect of reprocheck" in result.unread


def test_too_deep_for_the_interpreter_is_a_diagnostic() -> None:
    def descends(call: Call) -> Iterator[Match]:
        yield from descends(call)

    result = analyze("import os\nos.remove(x)\n", rule_on("os.remove", check=descends))
    assert only(result).code == "RPC001"
    assert "too deeply" in result.unread


def test_recursion_limit_is_raised_not_lowered() -> None:
    before = sys.getrecursionlimit()
    try:
        analyze("x = 1\n")
        assert sys.getrecursionlimit() >= 20_000
        sys.setrecursionlimit(30_000)
        analyze("x = 1\n")
        assert sys.getrecursionlimit() == 30_000
    finally:
        sys.setrecursionlimit(before)


def test_missing_file_is_a_diagnostic(tmp_path: Path) -> None:
    path = tmp_path / "gone.py"
    result = Analyzer([], Catalog()).analyze(ProjectFile("gone.py", str(path), kind_of("gone.py"), 3))
    assert only(result).code == "RPC001"
    assert "No such file" in result.unread


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("{{cookiecutter.slug}}/src/net.py", "class {{ cookiecutter.name }}:\n    pass\n"),
        ("{{cookiecutter.slug}}/pyproject.toml", "[project]\nname = {{ cookiecutter.slug | tojson }}\n"),
        ("train.py", "import torch\n{% if tracker %}\nimport wandb\n{% endif %}\n"),
        ("net.py", "from {{ cookiecutter.package }} import net\n"),
        ("chart/templates/deployment.yaml", "{{- if .Values.on }}\nkind: Deployment\n{{- end }}\n"),
    ],
)
def test_template_that_is_filled_in_first_is_nothing_unread(path: str, text: str) -> None:
    result = analyze(text, path=path)
    assert (result.findings, result.unread) == ((), "")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("train.py", "note = '{{ cookiecutter.slug }}'\n\n\nimport torch as\n"),
        ("train.py", "print {{ x }}\n"),
        ("config.yaml", "a: [1\nb: {{ x }}\n"),
    ],
)
def test_file_that_is_broken_elsewhere_is_a_diagnostic(path: str, text: str) -> None:
    result = analyze(text, path=path)
    assert only(result).code == "RPC001"
    assert result.unread


def test_folder_in_place_of_a_file_is_a_diagnostic(tmp_path: Path) -> None:
    result = Analyzer([], Catalog()).analyze(ProjectFile("a.py", str(tmp_path), kind_of("a.py"), 3))
    assert "directory" in result.unread


def test_long_messages_of_parsers_are_cut() -> None:
    result = analyze("x = " + "(" * 300 + "\n")
    assert all(len(finding.message) <= 310 for finding in result.findings)


def test_node_checks_see_nodes_and_module_checks_see_what_they_ask_for() -> None:
    rule = Rule("ACME003", "shapes", DOC)

    @rule.on(ast.While)
    def check_node(node: ast.While, module: Module) -> Iterator[Match]:
        yield module.match(node.test, "while")

    @rule.on_module(imports=("torch",), contains=r"seed\(")
    def check_module(module: Module) -> Iterator[Match]:
        yield module.match(module.tree.body[0], "module")

    def messages(text: str) -> list[str]:
        return [finding.message for finding in analyze(text, rule).findings]

    assert messages("while a:\n    while b:\n        pass\n") == ["while", "while"]
    assert messages("import torch\nseed(1)\n") == ["module"]
    assert messages("import numpy\nseed(1)\n") == []
    assert messages("import torch\nother(1)\n") == []
    assert messages("import torch.nn as nn\nseed(1)\n") == ["module"]


def test_a_module_check_runs_where_one_of_its_identifiers_is_used() -> None:
    rule = Rule("ACME003", "shapes", DOC)

    @rule.on_module(mentions=("listdir", "scandir"))
    def check_module(module: Module) -> Iterator[Match]:
        yield module.match(module.tree.body[0], "module")

    assert [len(analyze(text, rule).findings) for text in ("from os import listdir\n", "x.scandir()\n")] == [1, 1]
    assert not analyze("x = 'listdir'  # scandir\n", rule).findings


def test_comments_are_handed_on_with_the_lines_that_they_cover() -> None:
    text = (
        "# reprocheck: ignore-file[A]\n\n"
        "call(\n    a,  # reprocheck: ignore[B]\n)\n"
        "# reprocheck: ignore[C] -- why (until 2030-01-02)\n# another\nif x:\n    call()\n"
    )
    found = {c.words: (c.first_line, c.last_line, c.reason, c.until) for c in analyze(text).comments}
    assert found[("A",)][0] == 1
    assert found[("A",)][1] > 1_000_000
    assert found[("B",)] == (3, 5, "", "")
    assert found[("C",)] == (8, 8, "why", "2030-01-02")


def test_strings_without_a_form_in_utf8_can_be_reported() -> None:
    def check(call: Call) -> Iterator[Match]:
        value = call.value("path", 0)
        yield call.match(f"`{value}`", trail=[call.module.note(call.node, f"{value}")])

    finding = only(analyze('import os\nos.remove("\\ud800")\n', rule_on("os.remove", check=check)))
    assert finding.message == r"`\ud800`"
    assert finding.trail[0].message == r"\ud800"


def test_encoding_that_makes_characters_which_no_parser_takes_is_a_diagnostic() -> None:
    result = analyze(b'# coding: utf-7\nx = "+2AA-"\nimport os\nos.remove(x)\n', rule_on("os.remove"))
    assert [finding.code for finding in result.findings] == ["RPC001", "ACME001"]
    assert "no parser takes" in result.findings[0].message


def test_finding_about_a_notebook_is_shown_by_its_cell_and_known_by_its_source() -> None:
    rule = Rule("ACME004", "cells", DOC)

    @rule.on_notebook
    def check(view: NotebookView) -> Iterator[Match]:
        for cell in view.notebook.cells:
            yield Match(span=cell.span, message="a cell")

    def notebook(*sources: str) -> str:
        cells = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
        return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)

    first, second = analyze(notebook("a = 1\nb = 2", "c = 3"), rule, path="a.ipynb").findings
    assert (first.place.cell, second.place.cell) == (Cell(1, 1), Cell(2, 1))
    assert first.place.excerpt is not None
    assert first.place.excerpt.lines[0] == "a = 1"
    assert first.fingerprint != second.fingerprint
    _, _, moved = analyze(notebook("new = 0", "a = 1\nb = 2", "c = 3"), rule, path="a.ipynb").findings
    assert moved.fingerprint == second.fingerprint
