"""Fixes of code and notebooks out of what only this machine knows: commits of models, versions for install commands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from reprocheck.app.local_knowledge import LocalKnowledge
from reprocheck.model.finding import Finding
from reprocheck.model.fix import Fix, ReplaceText, Safety, SetArgument
from reprocheck.model.place import Span
from reprocheck.project.python.grammar import parse
from reprocheck.project.source import SourceText

_INSTALL = re.compile(r'[%!]\s*(?:python[\d.]*\s+-m\s+|uv\s+)?pip\d?\s+install\s+((?:\\"|[^"&|;#\\])+)')
_FLAGS = frozenset({"-q", "-qq", "-qqq", "-U", "-qU", "-Uq", "--quiet", "--upgrade", "--user", "--pre", "--no-deps"})
"""Options of pip that take no value and say nothing of versions."""
_BARE = re.compile(r"([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)(\[[\w,-]+\])?")
_EXACT = re.compile(rf"{_BARE.pattern}==[\w.!+]+")
_NAMED = frozenset(
    {"pretrained_model_name_or_path", "repo_id", "model_id", "model_name_or_path", "model", "pretrained"}
)
"""Arguments that name what is downloaded from a hub."""


def revision(finding: Finding, local: LocalKnowledge, source: SourceText) -> Fix | None:
    """The commit of a model that the local cache of the hub holds under the name that a call gives."""
    tree, _ = parse(source)
    for node in ast.walk(tree) if tree is not None and local.revisions else ():
        if isinstance(node, ast.Call) and source.span(node) == finding.place.span:
            given = next((k.value for k in node.keywords if k.arg == "revision"), None)
            branch = "main" if given is None else _text(given)
            commits = {local.revisions.get((name, branch), "") for name in _names(node)}
            if len(commits) == 1 and "" not in commits:
                edit = SetArgument(finding.place.span, "revision", f'"{commits.pop()}"')
                return Fix("name the commit that the local cache has", Safety.SAFE, (edit,))
    return None


def _names(call: ast.Call) -> Iterator[str]:
    """What a call may be naming a model by; nothing for a function with another way of saying a version."""
    function = ast.unparse(call.func)
    of_models = any(keyword.arg == "repo_type" for keyword in call.keywords)
    if of_models or function.endswith(("hub.load", "create_model")):
        return
    nodes = [*call.args[:2], *(keyword.value for keyword in call.keywords if keyword.arg in _NAMED)]
    yield from (text for node in nodes if (text := _text(node)))


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def install_command(finding: Finding, local: LocalKnowledge, source: SourceText) -> Fix | None:
    """The versions that the project's environment has, behind the bare names that a cell of a notebook installs."""
    line = finding.place.span.line
    found = list(_INSTALL.finditer(source.line(line)))
    if len(found) != 1:
        return None
    edits: list[ReplaceText] = []
    for word in re.finditer(r"\S+", found[0][1].removesuffix("\\n")):
        text = word[0].replace('\\"', "").strip("'")
        if text in _FLAGS or _EXACT.fullmatch(text):
            continue
        name = _BARE.fullmatch(text)
        version = local.installed.get(canonicalize_name(name[1]), "") if name is not None else ""
        if not version:
            return None
        column = found[0].start(1) + word.start() + word[0].index(text) + len(text) + 1
        edits.append(ReplaceText(Span(line, column, line, column), "", f"=={version.partition('+')[0]}", in_file=True))
    if not edits:
        return None
    return Fix(f"write the versions that are installed in {local.folder}", Safety.SAFE, tuple(edits))
