"""A package from a repository, an address or an index that may hold something else tomorrow.

## Why
`git+https://...` without a commit installs the newest state of a branch, a link without a digest whatever lies there
that day. An index over plain http can be changed on the way, and beside an extra index anybody may publish the name
of a private package on the public one.

## Fix
Name the full commit (`@` and forty hexadecimal digits, or `rev = "..."`), add the digest of what a link points to
(`#sha256=...`, `--hash=...`), use https, and bind a private package to its index (`explicit = true` in uv,
`priority = "explicit"` in Poetry).

## Notes
A lock that records the commit is enough. Tags are of low confidence: they can be moved, but seldom are. So are
released archives with a version in their name. `file:///...` in a list of packages is the folder in which one computer
built them, as `pip freeze` writes it in a conda environment: one finding per list. GitHub has answered nobody on
`git://` since 2022-03-15 (its announcement "Improving Git protocol security on GitHub"). The public indexes of
accelerator builds (`download.pytorch.org`, and the like), indexes on this machine, and files in which everything
carries a digest are silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Fix, Match, Project, Rule, Safety
from reprocheck.rulekit.dependencies import LOCKS, Dependency, DependencyFacts, IndexOption, SourceKind
from reprocheck.rulekit.manifest_edits import replaced_inside
from reprocheck_rules.environment.manifests import is_auxiliary, is_development, listed, manifests

rule = Rule("ENV009", "unpinned-vcs-or-url", __doc__)

_SHOWN = 48
"""Characters of an address in a message."""
_COMMIT = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)
_TAG = re.compile(r"(?:[\w./-]*[/_-])?v?\d+(?:[._]\d+)+[\w.+-]*|v\d+[\w.-]*", re.IGNORECASE)
_MOVING_ARCHIVE = re.compile(
    r"/(?:archive|zipball|tarball)/(?:refs/heads/)?(?:main|master|dev|develop|HEAD)\b", re.IGNORECASE
)
_VERSIONED = re.compile(r"\d+\.\d+|[0-9a-f]{40}")
_REMOTE = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
_PUBLIC = re.compile(
    r"https://(?:download\.pytorch\.org|data\.pyg\.org|storage\.googleapis\.com/jax-releases|pypi\.nvidia\.com"
    r"|pypi\.ngc\.nvidia\.com|pypi\.org|wheels\.vllm\.ai|data\.dgl\.ai|developer\.download\.nvidia\.com|test\.pypi\.org"
    r"|flashinfer\.ai)(?:[/:]|$)",
    re.IGNORECASE,
)
_PLAIN_HTTP = re.compile(r"http://", re.IGNORECASE)
_BUILT_HERE = re.compile(r"file:///+", re.IGNORECASE)
_REFUSED = re.compile(r"(?:git\+)?git://(?:www\.)?github\.com/", re.IGNORECASE)
_PLAIN_GIT = re.compile(r"git://", re.IGNORECASE)
_LOCAL = re.compile(r"http://(?:localhost|127\.|10\.|192\.168\.|\[::1\])", re.IGNORECASE)


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Every requirement by address, and every index."""
    for manifest in manifests(project):
        for dependency in manifest.dependencies:
            if dependency.url and not _is_locked(project, manifest, dependency):
                yield from _judge(project, manifest, dependency)
        yield from _built_here(project, manifest)
        yield from _indexes(project, manifest)
    for source in project.index.dependencies.sources.values():
        if source.kind is SourceKind.COMPILED:
            for dependency in source.dependencies:
                if dependency.vcs:
                    yield from _judge(project, source, dependency)


def _is_locked(project: Project, manifest: DependencyFacts, dependency: Dependency) -> bool:
    lock = project.index.dependencies.lock_of(manifest, dependency) if dependency.name else None
    if lock is None or lock.kind not in LOCKS:
        return False
    entries = project.index.dependencies.recorded(lock)[dependency.name]
    return any(entry.hashed or _COMMIT.fullmatch(entry.revision) for entry in entries)


def _judge(project: Project, manifest: DependencyFacts, dependency: Dependency) -> Iterator[Match]:
    what = f"`{dependency.name}`" if dependency.name else "this requirement"
    beside = Confidence.LOW if is_development(dependency.group) or is_auxiliary(manifest) else None
    if dependency.vcs:
        revision = dependency.revision
        if _REFUSED.match(dependency.url):
            yield _refused(project, manifest, dependency, what)
        elif not revision:
            message = f"{what} names no commit: each installation takes the newest state of the default branch"
            yield project.match(manifest.path, dependency.span, message, confidence=beside)
        elif _TAG.fullmatch(revision):
            message = f"{what} names the tag `{revision}`, which can be moved: name the commit"
            yield project.match(manifest.path, dependency.span, message, confidence=Confidence.LOW)
        elif not _COMMIT.fullmatch(revision) and "$" not in revision:
            message = f"{what} names `{revision}`, which moves with each push unless it is a tag: name the commit"
            yield project.match(manifest.path, dependency.span, message, confidence=beside)
    elif _REMOTE.match(dependency.url) and not dependency.hashed:
        if _MOVING_ARCHIVE.search(dependency.url):
            message = f"{what} is the archive of a branch: each installation takes its newest state"
            yield project.match(manifest.path, dependency.span, message, confidence=beside)
        else:
            released = _VERSIONED.search(dependency.url) is not None
            message = f"{what} is a link without a digest: what lies there may be replaced unnoticed"
            confidence = Confidence.LOW if released else beside or Confidence.MEDIUM
            yield project.match(manifest.path, dependency.span, message, confidence=confidence)


def _refused(project: Project, manifest: DependencyFacts, dependency: Dependency, what: str) -> Match:
    """A requirement that can't be installed any more."""
    lack = "" if dependency.revision else ", and it names no commit"
    edit = replaced_inside(project, manifest.path, dependency.span, _PLAIN_GIT, "https://")
    return project.match(
        manifest.path,
        dependency.span,
        f"{what} is fetched over `git://`, which GitHub has refused since 2022-03-15: it can't be installed{lack}",
        fix=Fix("fetch over https", Safety.SAFE, (edit,)) if edit is not None and dependency.revision else None,
    )


def _built_here(project: Project, manifest: DependencyFacts) -> Iterator[Match]:
    """Packages that are taken from a folder of the computer on which the list was written."""
    found = [dependency for dependency in manifest.dependencies if _BUILT_HERE.match(dependency.url)]
    if not found:
        return
    names = [dependency.name or dependency.url for dependency in found]
    first = found[0]
    yield project.match(
        manifest.path,
        first.span,
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} installed from a folder of one computer "
        f"(`{_short(first.url)}`): name the version",
        confidence=Confidence.LOW if is_auxiliary(manifest) else None,
        trail=[project.note(manifest.path, other.span, f"`{_short(other.url)}`") for other in found[1:]],
    )


def _short(url: str) -> str:
    return url if len(url) <= _SHOWN else url[: _SHOWN - 3] + "..."


def _indexes(project: Project, manifest: DependencyFacts) -> Iterator[Match]:
    digests = bool(manifest.dependencies) and all(dependency.hashed for dependency in manifest.dependencies)
    for index in manifest.indexes:
        if not _REMOTE.match(index.url) or _LOCAL.match(index.url):
            continue
        if index.url.lower().startswith("http://"):
            message = "packages come from this index over plain http: what is installed can be changed on the way"
            yield project.match(manifest.path, index.span, message, fix=_over_tls(project, manifest, index))
        elif index.extra and not digests and not _PUBLIC.match(index.url):
            message = (
                "a package of this extra index is also looked for on the public one, where anybody may publish its name"
            )
            confidence = Confidence.LOW if is_auxiliary(manifest) else Confidence.MEDIUM
            yield project.match(manifest.path, index.span, message, confidence=confidence)


def _over_tls(project: Project, manifest: DependencyFacts, index: IndexOption) -> Fix | None:
    edit = replaced_inside(project, manifest.path, index.span, _PLAIN_HTTP, "https://")
    return Fix("ask the index over https", Safety.UNSAFE, (edit,)) if edit is not None else None


_COMMITTED = "0123456789abcdef0123456789abcdef01234567"
rule.flags(
    """
    git+https://github.com/example/tokenizers.git  # expect: ENV009
    segment @ git+https://github.com/example/segment@main  # expect: ENV009
    -e git+https://github.com/example/layers.git#egg=layers  # expect: ENV009
    https://files.example.org/latest/ops.whl  # expect: ENV009
    https://github.com/example/net/archive/master.zip  # expect: ENV009
    """,
    file="requirements.txt",
)
rule.flags(
    """
    --index-url http://packages.example.org/simple  # expect: ENV009
    numpy==1.26.4
    """,
    file="requirements.txt",
    fixed="--index-url https://packages.example.org/simple\nnumpy==1.26.4\n",
)
rule.flags(
    """
    --extra-index-url https://packages.example.org/simple  # expect: ENV009
    numpy==1.26.4
    inhouse-models==2.0
    """,
    file="requirements.txt",
)
rule.flags(
    """
    [tool.poetry.dependencies]
    python = "^3.11"
    layers = {git = "https://github.com/example/layers.git", branch = "dev"}  # expect: ENV009
    """,
    file="pyproject.toml",
)
rule.flags(
    """
    [project]
    name = "trainer"
    dependencies = ["layers"]  # expect: ENV009

    [tool.uv.sources]
    layers = { git = "https://github.com/example/layers" }
    """,
    file="pyproject.toml",
)
rule.flags(
    """
    dependencies:
      - python=3.11
      - pip:
        - git+https://github.com/example/segment.git  # expect: ENV009
    """,
    file="environment.yml",
)
rule.flags(
    """
    colorama @ file:///tmp/build/80754af9/colorama_1607707115595/work  # expect: ENV009
    numpy==1.26.4
    certifi @ file:///croot/certifi_1671487769961/work/certifi
    """,
    file="requirements.txt",
    title="the folder in which a package was built",
)
rule.flags(
    f"""
    git+git://github.com/example/tokenizers.git  # expect: ENV009
    layers @ git+git://github.com/example/layers.git@{_COMMITTED}  # expect: ENV009
    segment @ git+ssh://git@github.com/example/segment.git@{_COMMITTED}
    """,
    file="requirements.txt",
    title="a protocol that GitHub refuses",
    fixed=f"""
    git+git://github.com/example/tokenizers.git
    layers @ git+https://github.com/example/layers.git@{_COMMITTED}
    segment @ git+ssh://git@github.com/example/segment.git@{_COMMITTED}
    """,
)
_UV = """
    [project]
    name = "trainer"
    dependencies = ["inhouse-models"]

    [[tool.uv.index]]
    name = "inhouse"
    url = "https://packages.example.org/simple"{}
    """
rule.flags(
    _UV.format("  # expect: ENV009\n\n    [tool.uv]\n    index-strategy = 'unsafe-best-match'\n"), file="pyproject.toml"
)
rule.allows(_UV.format(""), file="pyproject.toml", title="uv asks no further index for what the first one has")
rule.allows(
    f"""
    segment @ git+https://github.com/example/segment@{_COMMITTED}
    git+https://github.com/example/layers.git@0123456789#egg=layers
    https://files.example.org/ops-1.0-py3-none-any.whl#sha256={"0a" * 32}
    -e .
    ./vendored/ops
    """,
    file="requirements.txt",
)
rule.allows(
    """
    --index-url https://packages.example.org/simple
    --extra-index-url https://download.pytorch.org/whl/cu121
    torch==2.4.1
    """,
    file="requirements.txt",
)
rule.allows("--index-url http://localhost:3141/root/simple\nnumpy==1.26.4\n", file="requirements.txt")
rule.allows(
    {
        "pyproject.toml": '[project]\nname = "trainer"\ndependencies = ["layers @ git+https://github.com/example/layers"]\n',
        "uv.lock": 'version = 1\n\n[[package]]\nname = "layers"\nversion = "0.1.0"\n'
        f'source = {{ git = "https://github.com/example/layers#{_COMMITTED}" }}\n',
    },
    title="a lock that records the commit",
)
rule.allows(
    f"""
    [packages]
    layers = {{git = "https://github.com/example/layers.git", ref = "{_COMMITTED}"}}
    trainer = {{path = ".", editable = true}}
    """,
    file="Pipfile",
)
rule.allows(
    f"""
    --extra-index-url https://packages.example.org/simple
    numpy==1.26.4 --hash=sha256:{"0a" * 32}
    """,
    file="requirements.txt",
    title="every package has a digest",
)
