"""A rule: its name, its explanation, what it listens to, and the examples that prove it."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from reprocheck.model.finding import Confidence, Severity
from reprocheck.model.rule_info import RuleInfo
from reprocheck.rulekit.match import Match
from reprocheck.rulekit.module import Call, Module
from reprocheck.rulekit.practice import Practice
from reprocheck.rulekit.project import Project
from reprocheck.rulekit.views import DockerfileView, NotebookView, RequirementsView, ShellView, TreeView

CODE = re.compile(r"[A-Z]{2,8}\d{3}")
"""Form of a rule code: family and three digits."""
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)

Matches = Iterable[Match]
CallCheck = Callable[[Call], Matches]
PracticeCheck = Callable[[Project], Practice]
ModuleCheck = Callable[[Module], Matches]
_Check = TypeVar("_Check", bound=Callable[..., Matches])


class Example(msgspec.Struct, frozen=True):
    """A piece of code that a rule flags or allows; test and documentation in one."""

    files: dict[str, str]
    """Text by path. Lines that a rule must flag end in `# expect: CODE` where there is more than one candidate."""
    flagged: bool
    title: str = ""
    sizes: dict[str, int] = {}
    """Bytes that files are taken to have, for those too large to be written out."""
    fixed: dict[str, str] = {}
    """Text by path, of the files that fixing changes or makes, once all fixes of the rule are done; without marks."""


class CallListener(msgspec.Struct, frozen=True):
    """A check that runs for calls of certain names."""

    names: tuple[str, ...]
    """Canonical names; `*` stands for anything."""
    roles: tuple[str, ...]
    """Catalog roles."""
    check: CallCheck


class ModuleListener(msgspec.Struct, frozen=True):
    """A check that runs once for each module."""

    imports: tuple[str, ...]
    """Runs only where one of these packages is imported; empty for everywhere."""
    mentions: tuple[str, ...]
    """Runs only where one of these identifiers is read, called or imported; empty for everywhere."""
    contains: re.Pattern[str] | None
    """Runs only where the text has this."""
    check: ModuleCheck

    def wants(self, module: Module) -> bool:
        """Whether the check has to run for a module; what is cheap to ask is asked first."""
        if self.imports and not module.imports(*self.imports):
            return False
        if self.mentions and module.words.isdisjoint(self.mentions):
            return False
        return self.contains is None or self.contains.search(module.source.text) is not None


class RuleError(Exception):
    """A rule is not well formed; the message says which and why."""


class Rule:
    """What we know about one pattern, and how to see it."""

    def __init__(
        self,
        code: str,
        name: str,
        doc: str | None,
        *,
        severity: str = "warning",
        confidence: str = "high",
        origin: str = "reprocheck",
    ) -> None:
        """`doc` is the module's docstring: a summary, then `## Why`, `## Fix` and `## Notes` in Markdown."""
        if CODE.fullmatch(code) is None:
            raise RuleError(
                f"{code!r} is not a rule code: a family of capital letters and three digits, such as ACM001"
            )
        if NAME.fullmatch(name) is None:
            raise RuleError(f"{code}: {name!r} is not a rule name: lower-case words joined by hyphens")
        sections = _sections(doc or "")
        if not sections["summary"]:
            raise RuleError(f"{code}: the docstring has no summary")
        self.info = RuleInfo(
            code=code,
            name=name,
            severity=Severity(severity),
            confidence=Confidence(confidence),
            summary=sections["summary"],
            why=sections.get("why", ""),
            fix=sections.get("fix", ""),
            notes=sections.get("notes", ""),
            origin=origin,
        )
        self.examples: list[Example] = []
        self.call_listeners: list[CallListener] = []
        self.node_listeners: list[tuple[type[ast.AST], Callable[[Any, Module], Matches]]] = []
        self.module_listeners: list[ModuleListener] = []
        self.dockerfile_checks: list[Callable[[DockerfileView], Matches]] = []
        self.notebook_checks: list[Callable[[NotebookView], Matches]] = []
        self.tree_checks: list[Callable[[TreeView], Matches]] = []
        self.requirements_checks: list[Callable[[RequirementsView], Matches]] = []
        self.shell_checks: list[Callable[[ShellView], Matches]] = []
        self.project_checks: list[Callable[[Project], Matches]] = []
        self.practice_checks: list[PracticeCheck] = []

    @property
    def code(self) -> str:
        """Family and three digits."""
        return self.info.code

    # What it listens to

    def on_call(self, *names: str, role: str | tuple[str, ...] = ()) -> Callable[[CallCheck], CallCheck]:
        """Run for calls of these canonical names (`numpy.random.*`) or of names with a catalog role."""
        roles = (role,) if isinstance(role, str) else role

        def register(check: CallCheck) -> CallCheck:
            self.call_listeners.append(CallListener(names, roles, check))
            return check

        return register

    def on(self, *kinds: type[ast.AST]) -> Callable[[_Check], _Check]:
        """Run for syntax nodes of these types, with the module."""

        def register(check: _Check) -> _Check:
            self.node_listeners.extend((kind, check) for kind in kinds)
            return check

        return register

    def on_module(
        self, *, imports: tuple[str, ...] = (), mentions: tuple[str, ...] = (), contains: str = ""
    ) -> Callable[[ModuleCheck], ModuleCheck]:
        """Run once for each module that imports one of `imports`, uses one of `mentions` and matches `contains`.

        `mentions` are identifiers (`listdir`), which cost nothing to look up; searching every text for the pattern
        `contains` can cost a tenth of the whole scan, so it is for what identifiers don't tell.
        """

        def register(check: ModuleCheck) -> ModuleCheck:
            pattern = re.compile(contains) if contains else None
            self.module_listeners.append(ModuleListener(imports, mentions, pattern, check))
            return check

        return register

    def on_dockerfile(self, check: _Check) -> _Check:
        """Run for each Dockerfile."""
        self.dockerfile_checks.append(check)
        return check

    def on_notebook(self, check: _Check) -> _Check:
        """Run for each notebook, for what its cells don't show as a module."""
        self.notebook_checks.append(check)
        return check

    def on_tree(self, check: _Check) -> _Check:
        """Run for each YAML, TOML and JSON file."""
        self.tree_checks.append(check)
        return check

    def on_requirements(self, check: _Check) -> _Check:
        """Run for each requirements file."""
        self.requirements_checks.append(check)
        return check

    def on_shell(self, check: _Check) -> _Check:
        """Run for each shell script."""
        self.shell_checks.append(check)
        return check

    def on_project(self, check: _Check) -> _Check:
        """Run once for the project, over the facts of all its files."""
        self.project_checks.append(check)
        return check

    def on_practice(self, check: PracticeCheck) -> PracticeCheck:
        """Run once for the project, for what it does as well as for what it lacks; the gap becomes a match."""
        self.practice_checks.append(check)
        self.project_checks.append(lambda project: _gap(project.once(check)))
        return check

    # What proves it

    def flags(
        self,
        code: str | Mapping[str, str],
        *,
        file: str = "example.py",
        title: str = "",
        sizes: Mapping[str, int] | None = None,
        fixed: str | Mapping[str, str] | None = None,
    ) -> None:
        """Code that the rule must flag: on each line marked `# expect: CODE` and no other, or anywhere if unmarked.

        `fixed` is what its fixes make of the code, of the file or by path, without the marks.
        """
        self.examples.append(_example(code, file, sizes, flagged=True, title=title, fixed=fixed))

    def allows(
        self,
        code: str | Mapping[str, str],
        *,
        file: str = "example.py",
        title: str = "",
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        """Code that looks alike and must not be flagged."""
        self.examples.append(_example(code, file, sizes, flagged=False, title=title))


def _gap(practice: Practice) -> Matches:
    return () if practice.gap is None else (practice.gap,)


def _example(
    code: str | Mapping[str, str],
    file: str,
    sizes: Mapping[str, int] | None,
    *,
    flagged: bool,
    title: str,
    fixed: str | Mapping[str, str] | None = None,
) -> Example:
    return Example(_cleaned(code, file), flagged, title, dict(sizes or {}), _cleaned(fixed or {}, file))


def _cleaned(code: str | Mapping[str, str], file: str) -> dict[str, str]:
    files = {file: code} if isinstance(code, str) else dict(code)
    return {path: textwrap.dedent(text).strip("\n") + "\n" for path, text in files.items()}


def _sections(doc: str) -> dict[str, str]:
    parts = _HEADING.split(inspect.cleandoc(doc))
    sections = {"summary": " ".join(parts[0].split())}
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        sections[title.strip().lower()] = body.strip()
    return sections
