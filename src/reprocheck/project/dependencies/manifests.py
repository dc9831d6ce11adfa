"""Pipfile, conda environments and Pixi: packages as keys of tables, and match specifications."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from reprocheck.model.place import WHOLE_FILE, Span
from reprocheck.project.dependencies.model import Dependency, DependencyFacts, Include, IndexOption, SourceKind
from reprocheck.project.dependencies.specifiers import from_conda, from_poetry
from reprocheck.project.dependencies.trees import (
    entries,
    is_true,
    items,
    normalised,
    of_requirement,
    requirement,
    table,
    text,
    whole,
)
from reprocheck.project.documents.requirements_file import read_requirements
from reprocheck.project.documents.tree import Entry, Mapping, Node, Scalar
from reprocheck.project.source import Problem, SourceText

_CONDA = re.compile(r"(?:[\w.\-/:*]*::)?([A-Za-z0-9_][\w.\-]*)\s*(?:\[([^\]]*)\])?\s*(.*)")
_VERSION_IN_BRACKETS = re.compile(r"version\s*=\s*['\"]?([^'\",\]]+(?:,[^'\",\]=]+)*)")


def table_entry(entry: Entry, group: str, translate: Callable[[str], str]) -> Iterator[Dependency]:
    """`name = "version"`, `name = {version = ..., git = ...}`, or a list of these for several conditions."""
    name, span = normalised(str(entry.key.value)), whole(entry)
    for value in items(entry.value) or (entry.value,):
        if isinstance(value, Mapping):
            yield _from_table(name, value, span, group, translate)
        else:
            yield Dependency(name, translate(text(value)), span, group=group)


def _from_table(name: str, value: Mapping, span: Span, group: str, translate: Callable[[str], str]) -> Dependency:
    vcs = next((kind for kind in ("git", "hg", "svn", "bzr") if text(value.get(kind))), "")
    url = text(value.get(vcs)) if vcs else text(value.get("url")) or text(value.get("path")) or text(value.get("file"))
    markers = [text(value.get(key)) for key in ("markers", "marker", "sys_platform", "platform", "python")]
    marker = next((found for found in markers if found), "optional" if is_true(value.get("optional")) else "")
    revision = next((found for key in ("rev", "ref", "tag", "branch") if (found := text(value.get(key)))), "")
    return Dependency(
        name,
        translate(text(value.get("version"))),
        span,
        extras=tuple(sorted(text(item) for item in items(value.get("extras")))),
        marker=marker,
        group=group,
        url=url,
        vcs=vcs,
        revision=revision,
        hashed=bool(text(value.get("sha256")) or items(value.get("hashes"))),
    )


def of_pipfile(path: str, root: Mapping) -> DependencyFacts:
    """A Pipfile."""
    known = {"source", "requires", "scripts", "pipenv"}
    dependencies: list[Dependency] = []
    for section in root.entries:
        name = str(section.key.value)
        if name in known:
            continue
        group = {"packages": "", "dev-packages": "dev"}.get(name, name)
        for entry in entries(section.value):
            dependencies.extend(table_entry(entry, group, from_poetry))
    requires = table(root, "requires")
    node = (requires.get("python_full_version") or requires.get("python_version")) if requires is not None else None
    version = text(node)
    wildcard = "" if version.count(".") > 1 else ".*"
    indexes = [
        IndexOption(text(url), url.span, extra=position > 0)
        for position, item in enumerate(items(root.get("source")))
        if isinstance(item, Mapping) and (url := item.get("url")) is not None
    ]
    return DependencyFacts(
        path,
        SourceKind.PIPFILE,
        tuple(dependencies),
        python=f"=={version}{wildcard}" if version else "",
        python_span=node.span if node is not None else WHOLE_FILE,
        indexes=tuple(indexes),
    )


def of_conda(path: str, root: Mapping, problems: list[Problem]) -> DependencyFacts:
    """A conda environment with its pip section."""
    dependencies: list[Dependency] = []
    options: list[IndexOption] = []
    includes: list[Include] = []
    python, python_span = _python_key(root)
    # MLflow's python_env.yaml has pip's lines, and lists apart what is installed first.
    of_mlflow = bool(python) and root.get("channels") is None
    for item in [*items(root.get("build_dependencies")), *items(root.get("dependencies"))]:
        if isinstance(item, Mapping):
            for node in items(item.get("pip")):
                _pip_line(node, dependencies, options, includes, problems)
            continue
        if of_mlflow or text(item).lstrip().startswith("-"):
            _pip_line(item, dependencies, options, includes, problems)
            continue
        if not isinstance(item, Scalar) or not isinstance(item.value, str):
            continue
        found = match_spec(item.value, item.span)
        if found is None:
            problems.append(Problem(f"is not a conda requirement: {item.value[:80]!r}", item.span, fatal=False))
        elif found.name == "python":
            python, python_span = found.specifier, found.span
        else:
            dependencies.append(found)
    return DependencyFacts(
        path,
        SourceKind.CONDA,
        tuple(dependencies),
        python=python,
        python_span=python_span,
        includes=tuple(includes),
        indexes=tuple(options),
    )


def _python_key(root: Mapping) -> tuple[str, Span]:
    """MLflow's python_env.yaml names the interpreter by a key."""
    node = root.get("python")
    return (f"=={text(node)}", node.span) if node is not None and text(node) else ("", WHOLE_FILE)


def _pip_line(
    node: Node,
    dependencies: list[Dependency],
    options: list[IndexOption],
    includes: list[Include],
    problems: list[Problem],
) -> None:
    """A line of the pip section: a requirement, or options as in a requirements file."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return
    if not node.value.lstrip().startswith("-"):
        found = requirement(node.value, node.span, "", problems)
        if found is not None:
            dependencies.append(found)
        return
    read = read_requirements(SourceText("", node.value))
    dependencies.extend(of_requirement(entry, node.span) for entry in read.entries)
    options.extend(
        IndexOption(option.value or "", node.span, option.name == "--extra-index-url")
        for option in read.options
        if option.name in {"--index-url", "--extra-index-url"}
    )
    includes.extend(
        Include(option.value or "", option.name == "--constraint", node.span)
        for option in read.options
        if option.name in {"--requirement", "--constraint"}
    )


def match_spec(written: str, span: Span, group: str = "") -> Dependency | None:
    """A conda match specification: `channel::name version build`; None when it has no name."""
    found = _CONDA.fullmatch(written.strip()[:500])
    if found is None:
        return None
    version = found[3]
    if not version and found[2] and (inside := _VERSION_IN_BRACKETS.search(found[2])) is not None:
        version = inside[1]
    return Dependency(normalised(found[1]), from_conda(version), span, group=group, conda=True)


def read_pixi(path: str, root: Mapping) -> DependencyFacts:
    """A pixi.toml, or the same tables below `tool.pixi`: default, per platform, and per feature."""
    dependencies: list[Dependency] = []
    pythons: list[Dependency] = []
    holders = [("", root)]
    holders += [(str(f.key.value), f.value) for f in entries(root, "feature") if isinstance(f.value, Mapping)]
    for group, holder in [*holders]:
        holders += [(group, t.value) for t in entries(holder, "target") if isinstance(t.value, Mapping)]
    for group, holder in holders:
        for entry in entries(holder, "dependencies"):
            for found in table_entry(entry, group, from_conda):
                conda = Dependency(
                    found.name,
                    found.specifier,
                    found.span,
                    (),
                    found.marker,
                    group,
                    found.url,
                    found.vcs,
                    found.revision,
                    found.hashed,
                    conda=True,
                )
                (pythons if found.name == "python" else dependencies).append(conda)
        for entry in entries(holder, "pypi-dependencies"):
            dependencies.extend(table_entry(entry, group, from_poetry))
    python = pythons[0] if pythons else None
    return DependencyFacts(
        path,
        SourceKind.PIXI,
        tuple(dependencies),
        python=python.specifier or ">=0" if python is not None else "",
        python_span=python.span if python is not None else WHOLE_FILE,
    )
