"""Analyses one file: reads it, walks it once, runs the checks, and turns matches into findings."""

from __future__ import annotations

import gc
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from blake3 import blake3
from msgspec import structs

from reprocheck.model import fingerprint as identity
from reprocheck.model.finding import Finding, Step
from reprocheck.model.place import Place, Span
from reprocheck.model.rule_info import RuleInfo
from reprocheck.project.dependencies import read as dependency_files
from reprocheck.project.dependencies.requirements import of_requirements
from reprocheck.project.dependencies.setuptools import of_setup_py
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.facts import documents as document_facts
from reprocheck.project.facts.extract import extract
from reprocheck.project.facts.model import DocumentFacts, Facts
from reprocheck.project.file_kinds import FileKind
from reprocheck.project.python.file import PythonFile
from reprocheck.project.python.grammar import parse
from reprocheck.project.source import Problem, SourceText, decode_python, decode_text
from reprocheck.project.templates import is_of_template
from reprocheck.project.versions import NOTHING_DECLARED, DeclaredVersions
from reprocheck.rulekit import (
    Catalog,
    DockerfileView,
    Match,
    Module,
    NotebookView,
    RequirementsView,
    Rule,
    ShellView,
    TreeView,
)
from reprocheck.rulekit.rule import ModuleListener
from reprocheck.scan import suppressions
from reprocheck.scan.collection import paused_collection
from reprocheck.scan.dispatch import Dispatch
from reprocheck.scan.encoding import encoded, said, spelled_out
from reprocheck.scan.file_result import Comment, FileResult
from reprocheck.scan.own_rules import UNREADABLE
from reprocheck.scan.places import (
    Locate,
    cell_and_neighbours,
    in_file,
    in_text,
    line_and_neighbours,
    surroundings,
)

RECURSION_LIMIT = 20_000
"""Deep enough for generated code; CPython's pure-Python calls need no C stack."""
_COLLECT_EVERY = 8_000_000
"""Bytes of source between garbage collections: trees hold few cycles, and collecting during a walk costs a fifth."""
_MESSAGE_LIMIT = 300


class Analyzer:
    """The file rules of one scan, ready to run; one per process."""

    def __init__(
        self,
        rules: Iterable[Rule],
        catalog: Catalog,
        *,
        versions: DeclaredVersions = NOTHING_DECLARED,
        timing: bool = False,
    ) -> None:
        """`versions` is what the project declares of libraries; `timing` measures each check, at some cost."""
        self._dispatch = Dispatch(rules, catalog)
        self._catalog = catalog
        self._versions = versions
        self._timing: dict[str, float] | None = {} if timing else None
        self._since_collection = 0

    def analyze(self, task: ProjectFile, data: bytes | None = None) -> FileResult:
        """Findings of one file; `data` replaces its content on disk. Never raises for what a file contains."""
        if sys.getrecursionlimit() < RECURSION_LIMIT:
            sys.setrecursionlimit(RECURSION_LIMIT)
        if data is None:
            try:
                data = Path(task.location).read_bytes()
            except OSError as error:
                return self._unread(task, b"", f"cannot be read: {error.strerror or error}")
        digest = blake3(data).digest()
        if self._timing is not None:
            self._timing = {}
        work = _FileWork(task, self._dispatch, self._catalog, self._versions, self._timing)
        try:
            with paused_collection():
                work.read(data)
        except (RecursionError, MemoryError) as error:
            return self._unread(task, digest, f"is nested too deeply to analyse ({type(error).__name__})")
        except Exception as error:  # noqa: BLE001 — a defect that one file brings out must not hide all the others
            work.give_up(error)
        finally:
            self._since_collection += len(data)
            if self._since_collection > _COLLECT_EVERY:
                self._since_collection = 0
                gc.collect()
        facts = encoded(work.facts) if work.facts is not None and self._dispatch.needs_facts else b""
        return FileResult(
            path=task.path,
            kind=task.kind.value,
            digest=digest,
            lines=work.lines,
            findings=tuple(sorted(work.findings, key=lambda finding: finding.sort_key)),
            comments=tuple(work.comments),
            unread=work.unread,
            timings=dict(self._timing or {}),
            facts=facts,
            facts_digest=blake3(facts).digest() if facts else b"",
        )

    def _unread(self, task: ProjectFile, digest: bytes, reason: str) -> FileResult:
        finding = unreadable(task.path, reason)
        return FileResult(path=task.path, kind=task.kind.value, digest=digest, findings=(finding,), unread=reason)


def _if_wanted(listener: ModuleListener, module: Module) -> Iterable[Match]:
    return listener.check(module) if listener.wants(module) else ()


def unreadable(path: str, reason: str, place: Place | None = None) -> Finding:
    """The diagnostic for a file, or a part of one, that could not be read."""
    return Finding(
        code=UNREADABLE.code,
        rule=UNREADABLE.name,
        severity=UNREADABLE.severity,
        confidence=UNREADABLE.confidence,
        message=spelled_out(reason),
        place=place or Place(path, Span(1, 1, 1, 1)),
        fingerprint=identity.fingerprint(UNREADABLE.code, "", reason),
    )


class _FileWork:
    """The state of one file's analysis."""

    def __init__(
        self,
        task: ProjectFile,
        dispatch: Dispatch,
        catalog: Catalog,
        versions: DeclaredVersions,
        timing: dict[str, float] | None,
    ) -> None:
        self._task = task
        self._dispatch = dispatch
        self._catalog = catalog
        self._versions = versions
        self._timing = timing
        self.findings: list[Finding] = []
        self.comments: list[Comment] = []
        self.lines = 0
        self.unread = ""
        self.facts: Facts | None = None

    def read(self, data: bytes) -> None:
        match self._task.kind:
            case FileKind.PYTHON:
                self._python(data)
            case FileKind.NOTEBOOK:
                self._notebook(data)
            case FileKind.OTHER:
                pass
            case _:
                self._document(data)

    def give_up(self, error: Exception) -> None:
        """Keep what was found so far, and say that it isn't all."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        self.unread = f"could not be analysed to its end: {type(error).__name__} at {where}, a defect of reprocheck"
        self.findings.append(unreadable(self._task.path, self.unread))

    # Python

    def _python(self, data: bytes) -> None:
        text, problem = decode_python(data)
        source = SourceText(self._task.path, text)
        if problem is not None:
            self._problem(problem, in_text(source))
        tree, problems = parse(source)
        if tree is None and any(is_of_template(found, source) for found in problems):
            return
        for found in problems:
            self._problem(found, in_text(source))
        if tree is None:
            self.unread = problems[0].message if problems else "cannot be parsed"
            return
        file = PythonFile(source, tree, self._dispatch.nodes)
        if self._dispatch.needs_facts:
            facts = extract(file)
            declared = of_setup_py(file) if self._task.path.rpartition("/")[2] == "setup.py" else None
            self.facts = facts if declared is None else structs.replace(facts, dependencies=declared)
        self.lines = text.count("\n") + 1
        self._module(Module(file, self._catalog, versions=self._versions), in_text(source))

    def _notebook(self, data: bytes) -> None:
        from reprocheck.project.notebook import read_notebook

        notebook = read_notebook(self._task.path, data)
        for found in notebook.problems:
            self._problem(found, lambda span: Place(self._task.path, span))
            # The rest of the notebook was read, but not this cell: the scan is incomplete.
            self.unread = self.unread or found.message
        for rule in self._dispatch.rules:
            for check in rule.notebook_checks:
                view = NotebookView(notebook, self._task.path, self._versions)
                for match in check(view):
                    statement, context = cell_and_neighbours(notebook, match.span)
                    self._finding(rule.info, match, partial(in_file, notebook), "", statement, context)
        if not notebook.python.text.strip():
            return
        tree, _ = parse(notebook.python)
        if tree is None:
            return
        file = PythonFile(notebook.python, tree, self._dispatch.nodes)
        if self._dispatch.needs_facts:
            lines = ((line.text, line.place.span) for line in notebook.shell_lines)
            self.facts = structs.replace(extract(file), commands=document_facts.of_notebook_shell(lines))
        self.lines = notebook.python.text.count("\n") + 1
        self._module(Module(file, self._catalog, notebook=True, versions=self._versions), notebook.place)

    def _module(self, module: Module, locate: Locate) -> None:
        dispatch = self._dispatch
        for call in module.calls:
            for rule, check_call in dispatch.for_call(call.name):
                self._run(rule, partial(check_call, call), module, locate)
        for kind, listeners in dispatch.nodes.items():
            for node, _ in module.file.nodes[kind]:
                for rule, check_node in listeners:
                    self._run(rule, partial(check_node, node, module), module, locate)
        for rule, listener in dispatch.modules:
            self._run(rule, partial(_if_wanted, listener, module), module, locate)
        for comment in suppressions.of_python(module.file):
            self._comment(comment, locate)
        module.release()

    def _run(self, rule: Rule, check: Callable[[], Iterable[Match]], module: Module, locate: Locate) -> None:
        started = time.process_time() if self._timing is not None else 0.0
        for match in check():
            symbol, statement, context = surroundings(module.file.tree, module.source, match.span)
            self._finding(rule.info, match, locate, symbol, statement, context)
        if self._timing is not None:
            self._timing[rule.code] = self._timing.get(rule.code, 0.0) + time.process_time() - started

    # Everything else

    def _document(self, data: bytes) -> None:
        text, problem = decode_text(data)
        source = SourceText(self._task.path, text)
        if problem is not None and self._task.kind is not FileKind.README:
            self._problem(problem, in_text(source))
        problems, matches = self._document_matches(source)
        for found in problems:
            if not is_of_template(found, source):
                self._problem(found, in_text(source))
        for rule, match in matches:
            statement, context = line_and_neighbours(source, match.span)
            self._finding(rule.info, match, in_text(source), "", statement, context)
        if self._task.kind not in {FileKind.JSON, FileKind.README}:
            for comment in suppressions.of_text(source):
                self._comment(comment, in_text(source))

    def _document_matches(self, source: SourceText) -> tuple[tuple[Problem, ...], list[tuple[Rule, Match]]]:
        rules = self._dispatch.rules
        match self._task.kind:
            case FileKind.DOCKERFILE:
                from reprocheck.project.documents.dockerfile import read_dockerfile

                dockerfile = read_dockerfile(source)
                self.facts = document_facts.of_dockerfile(source, dockerfile)
                view = DockerfileView(source, dockerfile, self._versions)
                return dockerfile.problems, [(r, m) for r in rules for c in r.dockerfile_checks for m in c(view)]
            case FileKind.REQUIREMENTS:
                from reprocheck.project.documents.requirements_file import read_requirements

                requirements = read_requirements(source)
                listed_facts = of_requirements(source, requirements)
                self.facts = DocumentFacts(source.path, "requirements", dependencies=listed_facts)
                listed = RequirementsView(source, requirements)
                return requirements.problems, [(r, m) for r in rules for c in r.requirements_checks for m in c(listed)]
            case FileKind.DECLARATION:
                declared, problems = dependency_files.of_text(source)
                self.facts = DocumentFacts(source.path, "declaration", dependencies=declared)
                return problems, []
            case FileKind.README:
                self.facts = document_facts.of_readme(source)
                return (), []
            case FileKind.MAKEFILE:
                self.facts = document_facts.of_makefile(source)
                return (), []
            case FileKind.SHELL:
                from reprocheck.project.documents.shell import read_commands

                self.facts = document_facts.of_shell(source)
                script = ShellView(source, read_commands(source.text, 1), self._versions)
                return (), [(r, m) for r in rules for c in r.shell_checks for m in c(script)]
            case FileKind.YAML:
                from reprocheck.project.documents.yaml_file import read_yaml

                document, kind = read_yaml(source), "yaml"
            case FileKind.TOML:
                from reprocheck.project.documents.toml_file import read_toml

                document, kind = read_toml(source), "toml"
            case FileKind.SNAKEMAKE:
                from reprocheck.project.documents.snakefile import read_snakefile

                document, kind = read_snakefile(source), "snakemake"
            case FileKind.TERRAFORM:
                from reprocheck.project.documents.hcl_file import read_hcl

                document, kind = read_hcl(source), "terraform"
            case _:
                from reprocheck.project.documents.json_file import names_in_data, read_json

                document, kind = names_in_data(source) or read_json(source), "json"
        declared, problems = dependency_files.of_tree(source.path, document)
        self.facts = structs.replace(document_facts.of_tree(source, document, kind), dependencies=declared)
        tree = TreeView(source, document, kind)
        return (*document.problems, *problems), [(r, m) for r in rules for c in r.tree_checks for m in c(tree)]

    # Findings

    def _finding(
        self, info: RuleInfo, match: Match, locate: Locate, symbol: str, statement: str, context: str = ""
    ) -> None:
        self.findings.append(
            Finding(
                code=info.code,
                rule=info.name,
                severity=match.severity or info.severity,
                confidence=match.confidence or info.confidence,
                message=said(match.message),
                place=locate(match.span),
                symbol=symbol,
                trail=tuple(Step(locate(note.span), said(note.message)) for note in match.trail),
                fix=match.fix,
                fingerprint=identity.fingerprint(info.code, symbol, statement),
                context=context,
            )
        )

    def _problem(self, problem: Problem, locate: Locate) -> None:
        message = problem.message if len(problem.message) <= _MESSAGE_LIMIT else problem.message[:_MESSAGE_LIMIT] + "…"
        place = locate(problem.span)
        if problem.fatal:
            self.unread = self.unread or message
        self.findings.append(unreadable(self._task.path, message, place))

    def _comment(self, found: suppressions.Found, locate: Locate) -> None:
        place = locate(Span(found.line, found.column, found.line, found.end_column))
        whole_file = found.last_line > (1 << 20)
        first, last = (
            (1, 1 << 30)
            if whole_file
            else (
                locate(Span(found.first_line, 1, found.first_line, 1)).span.line,
                locate(Span(found.last_line, 1, found.last_line, 1)).span.line,
            )
        )
        self.comments.append(
            Comment(
                place=place,
                words=found.words,
                reason=found.reason,
                until=found.until,
                first_line=first,
                last_line=last,
            )
        )
