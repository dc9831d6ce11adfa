"""Runs the fixes of the examples that a rule carries: what they make of the code is what the author says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from reprocheck.fix.carry_out import Repair, carry_out
from reprocheck.model.finding import Finding
from reprocheck.model.fix import Safety
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import kind_of
from reprocheck.project.versions import declared_versions
from reprocheck.project.work_tree import WorkTree
from reprocheck.rulekit import Catalog, Rule
from reprocheck.rulekit.rule import Example
from reprocheck.scan.analysis import Analyzer
from reprocheck.scan.examples import ExampleFailure
from reprocheck.scan.join import join

_MARK = re.compile(r"[ \t]*#\s*expect:.*$", re.MULTILINE)
_ROUNDS = 5


def check_fixes(rules: Iterable[Rule], catalog: Catalog) -> list[ExampleFailure]:
    """Failures over all examples that say what their fixes come to."""
    failures = []
    for rule in rules:
        for number, example in enumerate(rule.examples, start=1):
            message = _check(rule, catalog, example) if example.fixed else ""
            if message:
                failures.append(ExampleFailure(rule.code, number, message))
    return failures


def kinds_of_fixes(rule: Rule, catalog: Catalog) -> tuple[Safety, ...]:
    """Kinds of the fixes that a rule gives for its examples, the safe ones first."""
    found: set[Safety] = set()
    for example in rule.examples:
        if example.flagged:
            texts = {path: text.encode() for path, text in example.files.items()}
            found.update(f.fix.safety for f in _findings(rule, catalog, texts) if f.fix is not None)
    return tuple(safety for safety in Safety if safety in found)


def _check(rule: Rule, catalog: Catalog, example: Example) -> str:
    texts = {path: _MARK.sub("", text).encode() for path, text in example.files.items()}
    before = _findings(rule, catalog, texts)
    count = len(before)
    fixed = 0
    for _ in range(_ROUNDS):
        repairs = [Repair(f.place.path, f.fix) for f in before if f.fix is not None]
        if not repairs:
            break
        outcome = carry_out(repairs, texts.get)
        for refusal in outcome.refused.values():
            if not refusal.later:
                return f"a fix is refused: {refusal.reason}"
        texts.update(outcome.texts)
        fixed += len(repairs) - len(outcome.refused)
        before = _findings(rule, catalog, texts)
    if not fixed:
        return "has no fix"
    for path, wanted in example.fixed.items():
        found = texts.get(path, b"").decode()
        if found != wanted:
            return f"{path} should not become:\n{found}"
    if len(before) > count - fixed:
        return f"{fixed} fixed, but {len(before)} of {count} findings are still there"
    return ""


def _findings(rule: Rule, catalog: Catalog, texts: Mapping[str, bytes]) -> list[Finding]:
    files = [ProjectFile(path=p, location="", kind=kind_of(p), size=len(data)) for p, data in texts.items()]
    versions = declared_versions(files, texts)
    analyzer = Analyzer([rule], catalog, versions=versions)
    results = [analyzer.analyze(file, texts[file.path]) for file in files]
    found = [finding for result in results for finding in result.findings if finding.code == rule.code]
    if rule.project_checks:
        facts = {result.path: result.facts for result in results if result.facts}
        found += join(facts, files, [rule], catalog, versions=versions, tree=WorkTree(texts)).findings
    return sorted(found, key=lambda finding: finding.sort_key)
