"""Lock files: names with exact versions."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.model.place import WHOLE_FILE
from reprocheck.project.dependencies.model import Dependency, DependencyFacts, SourceKind
from reprocheck.project.dependencies.trees import entries, items, normalised, table, text, whole
from reprocheck.project.documents.tree import Entry, Mapping, Node

_FILES = ("wheels", "files", "archive", "sdist")


def of_package_lock(path: str, root: Mapping, kind: SourceKind) -> DependencyFacts:
    """uv.lock, pylock.toml, poetry.lock and pdm.lock: an array of packages."""
    listed = items(root.get("packages" if kind is SourceKind.PYLOCK else "package"))
    dependencies = [found for item in listed if isinstance(item, Mapping) for found in _package(root, item)]
    python = root.get("requires-python")
    if python is None:
        metadata = table(root, "metadata")
        python = (metadata.get("python-versions") or metadata.get("requires_python")) if metadata is not None else None
    return DependencyFacts(
        path,
        kind,
        tuple(dependencies),
        python=text(python),
        python_span=python.span if python is not None else WHOLE_FILE,
    )


def _package(root: Mapping, item: Mapping) -> Iterator[Dependency]:
    name, version = item.get("name"), text(item.get("version"))
    if name is None or not text(name):
        return
    url, vcs, revision = _source(item)
    hashed = any(_has_hash(item.get(key)) for key in _FILES)
    if not hashed:
        # Poetry before 1.3 keeps the digests of all packages in one table.
        older = table(root, "metadata", "files")
        hashed = older is not None and bool(items(older.get(text(name))))
    yield Dependency(
        normalised(text(name)),
        f"=={version}" if version else "",
        name.span,
        marker=text(item.get("marker")) or text(item.get("markers")),
        group=",".join(text(group) for group in items(item.get("groups"))),
        url=url,
        vcs=vcs,
        revision=revision,
        hashed=hashed,
    )


def _source(item: Mapping) -> tuple[str, str, str]:
    """URL, version control and revision of a package that is in no index."""
    source = item.get("source") or item.get("vcs") or item.get("directory")
    if not isinstance(source, Mapping):
        return (text(item.get("git")) or text(item.get("url")) or text(item.get("path")), *_git_of_pdm(item))
    git = text(source.get("git"))
    if git:
        return git, "git", git.rpartition("#")[2] if "#" in git else ""
    kind = text(source.get("type"))
    if kind in {"git", "hg"}:
        revision = text(source.get("resolved_reference")) or text(source.get("commit-id"))
        return text(source.get("url")), kind, revision
    if kind == "legacy":
        return "", "", ""
    keys = ("url", "path", "editable", "directory", "virtual")
    return next((found for key in keys if (found := text(source.get(key)))), ""), "", ""


def _git_of_pdm(item: Mapping) -> tuple[str, str]:
    return ("git", text(item.get("revision"))) if text(item.get("git")) else ("", "")


def _has_hash(node: Node | None) -> bool:
    for item in items(node) or ((node,) if node is not None else ()):
        if isinstance(item, Mapping) and any(str(entry.key.value) in {"hash", "hashes"} for entry in item.entries):
            return True
    return False


def of_pipfile_lock(path: str, root: Mapping) -> DependencyFacts:
    """Pipfile.lock: a table of packages for each category."""
    dependencies: list[Dependency] = []
    for section in root.entries:
        if section.key.value == "_meta":
            continue
        group = {"default": "", "develop": "dev"}.get(str(section.key.value), str(section.key.value))
        dependencies.extend(_pipenv_entry(entry, group) for entry in entries(section.value))
    requires = table(root, "_meta", "requires")
    node = requires.get("python_version") if requires is not None else None
    return DependencyFacts(
        path,
        SourceKind.PIPFILE_LOCK,
        tuple(dependencies),
        python=f"=={text(node)}.*" if node is not None else "",
        python_span=node.span if node is not None else WHOLE_FILE,
    )


def _pipenv_entry(entry: Entry, group: str) -> Dependency:
    value = entry.value if isinstance(entry.value, Mapping) else None
    get = value.get if value is not None else (lambda _key: None)
    git = text(get("git"))
    return Dependency(
        normalised(str(entry.key.value)),
        text(get("version")),
        entry.key.span,
        marker=text(get("markers")),
        group=group,
        url=git or text(get("file")) or text(get("path")),
        vcs="git" if git else "",
        revision=text(get("ref")),
        hashed=bool(items(get("hashes"))),
    )


def of_conda_lock(path: str, root: Mapping) -> DependencyFacts:
    """conda-lock.yml in its unified form: a list of packages per platform."""
    dependencies = []
    for item in items(root.get("package")):
        if isinstance(item, Mapping) and (name := item.get("name")) is not None and text(name):
            version = text(item.get("version"))
            dependencies.append(
                Dependency(
                    normalised(text(name)),
                    f"=={version}" if version else "",
                    name.span,
                    marker=text(item.get("platform")),
                    group=text(item.get("category")),
                    hashed=bool(entries(item, "hash")),
                    conda=text(item.get("manager")) == "conda",
                )
            )
    return DependencyFacts(path, SourceKind.CONDA_LOCK, tuple(dependencies))


def of_pixi_lock(path: str, root: Mapping) -> DependencyFacts:
    """pixi.lock: packages by URL; the name and version of a conda package are those of its archive."""
    dependencies = []
    for item in items(root.get("packages")):
        if not isinstance(item, Mapping) or not item.entries:
            continue
        place = item.get("conda") or item.get("pypi")
        conda = item.get("conda") is not None or text(item.get("kind")) == "conda"
        url = text(place) or text(item.get("url"))
        name, version = text(item.get("name")), text(item.get("version"))
        if conda and not name:
            parts = url.rpartition("/")[2].rsplit("-", 2)
            name, version = (parts[0], parts[1]) if len(parts) > 2 else ("", "")  # noqa: PLR2004 — name, version, build
        if name:
            named = item.get("name")
            span = named.span if named is not None else whole(item.entries[0])
            hashed = bool(text(item.get("sha256")) or text(item.get("md5")))
            dependencies.append(
                Dependency(normalised(name), f"=={version}" if version else "", span, hashed=hashed, conda=conda)
            )
    return DependencyFacts(path, SourceKind.PIXI_LOCK, tuple(dependencies))
