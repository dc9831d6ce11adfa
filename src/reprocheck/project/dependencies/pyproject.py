"""pyproject.toml: the standard tables, and those of Poetry, PDM, Hatch, uv, Pixi and setuptools."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reprocheck.model.place import WHOLE_FILE, Span
from reprocheck.project.dependencies.manifests import read_pixi, table_entry
from reprocheck.project.dependencies.model import Dependency, DependencyFacts, Include, IndexOption, SourceKind
from reprocheck.project.dependencies.specifiers import from_poetry
from reprocheck.project.dependencies.trees import entries, is_true, items, requirements, table, text
from reprocheck.project.documents.tree import Mapping, Scalar
from reprocheck.project.source import Problem


def of_pyproject(path: str, root: Mapping, problems: list[Problem]) -> DependencyFacts:
    """All that a pyproject.toml declares; the requirements of the build itself are not among it."""
    project, poetry = table(root, "project"), table(root, "tool", "poetry")
    dependencies = [
        *_standard(root, problems),
        *_poetry(root),
        *_tools(root, problems),
    ]
    dependencies = list(_with_sources(dependencies, root))
    python, span = _python(root)
    pixi = table(root, "tool", "pixi")
    if pixi is not None:
        more = read_pixi(path, pixi)
        dependencies.extend(more.dependencies)
        if not python:
            python, span = more.python, more.python_span
    dynamic = {text(item) for item in items(project.get("dynamic"))} if project is not None else set()
    backend = table(root, "build-system")
    managed = table(root, "tool", "uv")
    built = backend is not None or table(root, "tool", "setuptools") is not None
    is_package = (project is not None or poetry is not None) and built
    if poetry is not None and _is_false(poetry.get("package-mode")):
        is_package = False
    if managed is not None and _is_false(managed.get("package")):
        is_package = False
    return DependencyFacts(
        path,
        SourceKind.PYPROJECT,
        tuple(dependencies),
        python=python,
        python_span=span,
        includes=tuple(_dynamic_files(root)),
        indexes=tuple(_indexes(root)),
        package=is_package,
        declares=bool(dependencies) or (project is not None and "dependencies" not in dynamic) or poetry is not None,
        made_from=text(project.get("name")) if project is not None else "",
    )


def _is_false(node: object) -> bool:
    return isinstance(node, Scalar) and node.value is False


def _standard(root: Mapping, problems: list[Problem]) -> Iterator[Dependency]:
    """PEP 621 and PEP 735."""
    project = table(root, "project")
    if project is not None:
        yield from requirements(project.get("dependencies"), "", problems)
        for extra in entries(project, "optional-dependencies"):
            yield from requirements(extra.value, str(extra.key.value), problems)
    for group in entries(root, "dependency-groups"):
        yield from requirements(group.value, str(group.key.value), problems)


def _poetry(root: Mapping) -> Iterator[Dependency]:
    poetry = table(root, "tool", "poetry")
    if poetry is None:
        return
    extras = {text(item).lower() for entry in entries(poetry, "extras") for item in items(entry.value)}
    sections = [("", poetry.get("dependencies")), ("dev", poetry.get("dev-dependencies"))]
    sections += [
        (str(group.key.value), group.value.get("dependencies"))
        for group in entries(poetry, "group")
        if isinstance(group.value, Mapping)
    ]
    for group_name, section in sections:
        for entry in entries(section):
            if entry.key.value == "python":
                continue
            for found in table_entry(entry, group_name, from_poetry):
                if found.name in extras and not found.marker:
                    yield msgspec.structs.replace(found, marker="optional")
                else:
                    yield found


def _tools(root: Mapping, problems: list[Problem]) -> Iterator[Dependency]:
    """Development dependencies and environments of PDM, uv and Hatch."""
    for group in entries(root, "tool", "pdm", "dev-dependencies"):
        yield from requirements(group.value, str(group.key.value), problems)
    managed = table(root, "tool", "uv")
    if managed is not None:
        yield from requirements(managed.get("dev-dependencies"), "dev", problems)
    for environment in entries(root, "tool", "hatch", "envs"):
        if isinstance(environment.value, Mapping):
            for key in ("dependencies", "extra-dependencies"):
                yield from requirements(environment.value.get(key), f"hatch:{environment.key.value}", problems)


def _with_sources(dependencies: list[Dependency], root: Mapping) -> Iterator[Dependency]:
    """Dependencies with the repositories and paths that `tool.uv.sources` names for them."""
    sources = {
        str(entry.key.value).lower().replace("_", "-"): entry for entry in entries(root, "tool", "uv", "sources")
    }
    for dependency in dependencies:
        entry = sources.get(dependency.name)
        source = entry.value if entry is not None else None
        if not isinstance(source, Mapping) or dependency.url:
            yield dependency
            continue
        git = text(source.get("git"))
        url = git or text(source.get("url")) or text(source.get("path"))
        if is_true(source.get("workspace")):
            url = "."
        revision = text(source.get("rev")) or text(source.get("tag")) or text(source.get("branch"))
        yield msgspec.structs.replace(dependency, url=url, vcs="git" if git else "", revision=revision)


def _python(root: Mapping) -> tuple[str, Span]:
    project = table(root, "project")
    node = project.get("requires-python") if project is not None else None
    if node is not None and text(node):
        return text(node), node.span
    poetry = table(root, "tool", "poetry", "dependencies")
    node = poetry.get("python") if poetry is not None else None
    if isinstance(node, Mapping):
        node = node.get("version")
    if node is not None and text(node):
        return from_poetry(text(node)) or ">=0", node.span
    return "", WHOLE_FILE


def _dynamic_files(root: Mapping) -> Iterator[Include]:
    """Requirements files that setuptools takes the dependencies from."""
    dynamic = table(root, "tool", "setuptools", "dynamic", "dependencies")
    node = dynamic.get("file") if dynamic is not None else None
    for item in [node, *items(node)]:
        if item is not None and text(item):
            yield Include(text(item), constraint=False, span=item.span)


def _indexes(root: Mapping) -> Iterator[IndexOption]:
    poetry, managed = table(root, "tool", "poetry"), table(root, "tool", "uv")
    for item in items(poetry.get("source")) if poetry is not None else ():
        if isinstance(item, Mapping) and (node := item.get("url")) is not None:
            priority = text(item.get("priority"))
            yield IndexOption(text(node), node.span, extra=priority in {"supplemental", "secondary"})
    # uv takes a package from the first index that has it, unless it is told to compare them.
    compared = managed is not None and text(managed.get("index-strategy")).startswith("unsafe-")
    for item in items(managed.get("index")) if managed is not None else ():
        if isinstance(item, Mapping) and (node := item.get("url")) is not None:
            pinned = is_true(item.get("explicit")) or is_true(item.get("default"))
            yield IndexOption(text(node), node.span, extra=compared and not pinned)
