"""Several dependency managers declare the same environment, each in a file of its own.

## Why
Who installs with pip gets other versions than who installs with conda or Poetry, and nobody says which of them made the
result. A package that is added to one file is missing in the other.

## Fix
Keep one, and make the others from it (`uv export`, `poetry export`, `conda-lock`), with the command in their first
line.

## Notes
Files in one folder that name at least three packages in common. A conda file that reads the requirements (`-r
requirements.txt`), an exported requirements file, and the metadata of a package beside its lock are one declaration.
Two lock files of different tools in one folder count whatever they hold.
"""

from collections.abc import Iterator

from reprocheck.rulekit import WHOLE_FILE, Note, Practice, Project, Rule, not_applicable
from reprocheck.rulekit.dependencies import DependencyFacts, SourceKind, distribution, folder_of

rule = Rule("PRJ018", "several-dependency-managers", __doc__, severity="note")

_MANAGERS = {
    SourceKind.REQUIREMENTS: "pip",
    SourceKind.PIPFILE: "Pipenv",
    SourceKind.CONDA: "conda",
    SourceKind.PIXI: "Pixi",
    SourceKind.PYPROJECT: "pyproject",
}
_LOCKS = {
    SourceKind.UV_LOCK: "uv",
    SourceKind.POETRY_LOCK: "Poetry",
    SourceKind.PDM_LOCK: "PDM",
    SourceKind.PIPFILE_LOCK: "Pipenv",
    SourceKind.CONDA_LOCK: "conda-lock",
    SourceKind.PIXI_LOCK: "Pixi",
}
_COMMON = 3


@rule.on_practice
def check(project: Project) -> Practice:
    """Manifests and locks of different managers in one folder."""
    dependencies = project.index.dependencies
    manifests = [
        m
        for m in dependencies.manifests
        # MLflow writes several beside each model that it saves.
        if m.kind in _MANAGERS and m.dependencies and f"{folder_of(m.path)}/MLmodel" not in project.index.paths
    ]
    if not manifests:
        return not_applicable("nothing declares packages")
    looked_at = f"files that declare packages: {len(manifests)}, locks: {len(dependencies.locks)}"
    found = [Note(m.dependencies[0].span, f"declares packages for {_MANAGERS[m.kind]}", m.path) for m in manifests]
    for left, right, message in (*_locks(project), *_manifests(project, manifests)):
        note = Note(WHOLE_FILE, "the other one", right.path)
        return Practice(looked_at=looked_at, gap=project.match(left.path, WHOLE_FILE, message, trail=[note]))
    return Practice(looked_at=looked_at, found=tuple(found[:5]))


def _locks(project: Project) -> Iterator[tuple[DependencyFacts, DependencyFacts, str]]:
    locks = [lock for lock in project.index.dependencies.locks if lock.kind in _LOCKS]
    for index, left in enumerate(locks):
        for right in locks[index + 1 :]:
            if folder_of(left.path) == folder_of(right.path) and _LOCKS[left.kind] != _LOCKS[right.kind]:
                tools = f"{_LOCKS[left.kind]} and {_LOCKS[right.kind]}"
                yield (
                    left,
                    right,
                    f"{tools} each keep a lock of this folder, and nothing says which one made the results",
                )


def _manifests(
    project: Project, manifests: list[DependencyFacts]
) -> Iterator[tuple[DependencyFacts, DependencyFacts, str]]:
    for index, left in enumerate(manifests):
        for right in manifests[index + 1 :]:
            if folder_of(left.path) != folder_of(right.path) or left.kind == right.kind:
                continue
            if {left.kind, right.kind} <= {SourceKind.REQUIREMENTS, SourceKind.PYPROJECT} or _reads(
                project, left, right
            ):
                continue
            common = {distribution(d) for d in left.dependencies if d.name} & {
                distribution(d) for d in right.dependencies if d.name
            }
            common -= {"python", "pip", "setuptools", "wheel"}
            if len(common) >= _COMMON:
                tools = f"{_MANAGERS[left.kind]} and {_MANAGERS[right.kind]}"
                names = ", ".join(f"`{name}`" for name in sorted(common)[:_COMMON])
                yield (
                    left,
                    right,
                    f"{tools} each declare {len(common)} of the same packages ({names}), independently of each other",
                )


def _reads(project: Project, left: DependencyFacts, right: DependencyFacts) -> bool:
    """Whether one of the files takes over the other."""
    included = project.index.dependencies.included
    return any(s.path == right.path for s, _ in included(left)) or any(s.path == left.path for s, _ in included(right))


_PIP = "torch==2.4.0\nnumpy==2.0.1\npandas==2.2.2\n"
_CONDA = "channels: [conda-forge]\ndependencies:\n  - python=3.11\n  - numpy=2.0\n  - pandas=2.2\n  - pytorch=2.4\n"
_PIPFILE = "[packages]\ntorch = '==2.4.0'\nnumpy = '*'\npandas = '*'\n"
_LOCK = "[[package]]\nname = 'torch'\nversion = '2.4.0'\n"
_MANIFEST = "[project]\nname = 'net'\nversion = '1'\ndependencies = ['torch', 'numpy', 'pandas']\n"

rule.flags({"requirements.txt": _PIP, "environment.yml": _CONDA})
rule.flags({"requirements.txt": _PIP, "Pipfile": _PIPFILE})
rule.flags({"pyproject.toml": _MANIFEST, "environment.yml": _CONDA})
rule.flags({"pyproject.toml": _MANIFEST, "uv.lock": "version = 1\n\n" + _LOCK, "poetry.lock": _LOCK})
rule.flags({"app/requirements.txt": _PIP, "app/environment.yml": _CONDA, "README.md": "# Net\n"})
rule.flags({"Pipfile": _PIPFILE, "environment.yaml": _CONDA})
rule.allows({"requirements.txt": _PIP})
rule.allows(
    {
        "requirements.txt": _PIP,
        "environment.yml": "channels: [main]\ndependencies:\n  - python=3.11\n  - pip:\n    - -r requirements.txt\n",
    }
)
rule.allows({"pyproject.toml": _MANIFEST, "uv.lock": "version = 1\n\n" + _LOCK})
rule.allows({"requirements.txt": _PIP, "docs/environment.yml": _CONDA}, title="Another folder")
rule.allows(
    {
        "requirements.txt": _PIP,
        "environment.yml": "channels: [conda-forge]\ndependencies:\n  - python=3.11\n  - cudatoolkit=11\n",
    }
)
rule.allows({"requirements.txt": _PIP, "pyproject.toml": _MANIFEST}, title="pip reads both")
