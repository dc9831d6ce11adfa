"""Runs the examples that a rule carries: each is a test of the rule and a paragraph of its documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import kind_of
from reprocheck.project.versions import NOTHING_DECLARED, declared_versions
from reprocheck.project.work_tree import WorkTree
from reprocheck.rulekit import Catalog, Rule
from reprocheck.rulekit.rule import Example
from reprocheck.scan.analysis import Analyzer
from reprocheck.scan.join import join

_EXPECT = re.compile(r"#\s*expect:\s*([A-Z]{2,8}\d{3}(?:\s*,\s*[A-Z]{2,8}\d{3})*)")


class ExampleFailure(msgspec.Struct, frozen=True):
    """An example that the rule does not treat as its author says."""

    code: str
    number: int
    """Position among the rule's examples, from 1."""
    message: str


def expectations(text: str) -> dict[int, set[str]]:
    """Codes that `# expect: CODE` comments ask for, by line from 1.

    A comment on a line of its own speaks of the next line, for files whose lines cannot end in a comment.
    """
    found: dict[int, set[str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match = _EXPECT.search(line)
        if match is not None:
            target = number + 1 if not line[: match.start()].strip() else number
            found.setdefault(target, set()).update(code.strip() for code in match.group(1).split(","))
    return found


def check_examples(rules: Iterable[Rule], catalog: Catalog) -> list[ExampleFailure]:
    """Failures over all examples of all rules; a rule with no example that it flags fails too."""
    failures: list[ExampleFailure] = []
    for rule in rules:
        if not any(example.flagged for example in rule.examples):
            failures.append(ExampleFailure(rule.code, 0, "has no example of code that it flags"))
        if not any(not example.flagged for example in rule.examples):
            failures.append(ExampleFailure(rule.code, 0, "has no example of code that it allows"))
        analyzer = Analyzer([rule], catalog)
        for number, example in enumerate(rule.examples, start=1):
            message = _check(rule, catalog, example, analyzer)
            if message:
                failures.append(ExampleFailure(rule.code, number, message))
    return failures


def _check(rule: Rule, catalog: Catalog, example: Example, analyzer: Analyzer) -> str:
    found: set[tuple[str, int]] = set()
    expected: set[tuple[str, int]] = set()
    texts = {path: text.encode() for path, text in example.files.items()}
    files = [ProjectFile(path=path, location="", kind=kind_of(path), size=len(text)) for path, text in texts.items()]
    versions = declared_versions(files, texts)
    if versions != NOTHING_DECLARED:
        analyzer = Analyzer([rule], catalog, versions=versions)
    facts: dict[str, bytes] = {}
    for file in files:
        path, text = file.path, example.files[file.path]
        result = analyzer.analyze(file, texts[path])
        if result.unread:
            return f"{path} cannot be read: {result.unread}"
        if result.facts:
            facts[path] = result.facts
        found |= {(path, finding.place.span.line) for finding in result.findings if finding.code == rule.code}
        expected |= {(path, line) for line, codes in expectations(text).items() if rule.code in codes}
    if rule.project_checks:
        joined = join(facts, files, [rule], catalog, versions=versions, tree=WorkTree(texts, example.sizes))
        if joined.failed:
            return joined.failed[0]
        found |= {(finding.place.path, finding.place.span.line) for finding in joined.findings}
    if not example.flagged:
        return "" if not found else f"should be allowed, but is flagged at {_list(found)}"
    if not expected:
        return "" if found else "should be flagged, but is not"
    if found == expected:
        return ""
    missing, extra = expected - found, found - expected
    parts = []
    if missing:
        parts.append(f"not flagged: {_list(missing)}")
    if extra:
        parts.append(f"flagged without being expected: {_list(extra)}")
    return "; ".join(parts)


def _list(places: set[tuple[str, int]]) -> str:
    return ", ".join(f"{path}:{line}" for path, line in sorted(places))
