"""Nothing fixes the environment that programs run in: neither a lock file, nor exact versions, nor an image.

## Why
`pip install` next year brings other versions. Defaults change, random streams change, functions go: the same code gives
other numbers, or none.

## Fix
`uv lock`, `pip-compile --generate-hashes`, `conda-lock` or a Dockerfile with exact versions; commit the result.

## Notes
A file of requirements with every version exact counts, one with some of them counts in part. Packages that others
install leave their versions open on purpose and are asked for a lock for development only where they have programs.
ENV001 and ENV002 name the single packages.
"""

from collections.abc import Iterator

from reprocheck.rulekit import WHOLE_FILE, Note, Practice, Project, Rule, not_applicable
from reprocheck.rulekit.dependencies import is_exact
from reprocheck_rules.practice.observed import at_files, counted, gap_at_root, listed, training_runs

rule = Rule("PRJ011", "no-environment-capture", __doc__, severity="note")

_NIX = (
    "flake.lock",
    "shell.nix",
    "default.nix",
    "spack.lock",
    "guix.scm",
    "apptainer.def",
    "Singularity",
    "singularity.def",
)


@rule.on_practice
def check(project: Project) -> Practice:
    """Locks, exact manifests and images."""
    index = project.index
    dependencies = index.dependencies
    package = any(manifest.package for manifest in dependencies.manifests)
    if not project.entries or (package and not training_runs(project)):
        return not_applicable("no program that trains: who installs a library or a tool chooses its environment")
    manifests = [m for m in dependencies.manifests if m.dependencies]
    looked_at = f"files that declare packages: {len(manifests)}, locks: {len(dependencies.locks)}"
    notes = [Note(WHOLE_FILE, "records exact versions", lock.path) for lock in dependencies.locks]
    for manifest in manifests:
        named = [d for d in manifest.dependencies if d.name]
        exact = [d for d in named if is_exact(d.specifier)]
        if named and len(exact) == len(named):
            notes.append(Note(exact[0].span, "gives every version exactly", manifest.path))
    notes += at_files(project.of_documents(_images), "describes an image")
    notes += at_files(sorted(p for p in index.paths if p.rpartition("/")[2] in _NIX), "describes an environment")
    if notes:
        return Practice(looked_at=looked_at, found=listed(notes))
    partly = [
        Note(pinned[0].span, f"gives {counted(len(pinned), 'version')} of {len(m.dependencies)} exactly", m.path)
        for m in manifests
        if (pinned := [d for d in m.dependencies if is_exact(d.specifier)])
    ]
    if manifests:
        message = "packages are declared, and nothing says which versions were used: neither a lock nor an image"
    else:
        message = "no manifest says which packages the programs need, let alone in which versions"
    return Practice(looked_at=looked_at, found=listed(partly), gap=gap_at_root(project, message))


def _images(project: Project, path: str) -> Iterator[str]:
    if project.index.documents[path].kind == "dockerfile":
        yield path


_CODE = {"train.py": "import torch\n\nprint(torch.ones(1))\n"}

rule.flags(_CODE)
rule.flags({**_CODE, "requirements.txt": "torch\nnumpy\n"})
rule.flags({**_CODE, "requirements.txt": "torch==2.4.0\nnumpy\n"}, title="In part")
rule.flags({**_CODE, "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\ndependencies = ['torch>=2']\n"})
rule.flags({**_CODE, "environment.yml": "channels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pytorch\n"})
rule.flags({**_CODE, "README.md": "Needs torch.\n"})
rule.allows({**_CODE, "requirements.txt": "torch==2.4.0\nnumpy==2.0.1\n"})
rule.allows(
    {**_CODE, "requirements.txt": "torch\n", "Dockerfile": "FROM python:3.11.9\nRUN pip install torch==2.4.0\n"}
)
rule.allows({**_CODE, "uv.lock": "version = 1\n\n[[package]]\nname = 'torch'\nversion = '2.4.0'\n"})
rule.allows({**_CODE, "poetry.lock": "[[package]]\nname = 'torch'\nversion = '2.4.0'\n"})
rule.allows({**_CODE, "flake.lock": "{}\n"})
rule.allows(
    {"net/__init__.py": "def net():\n    return 1\n", "setup.py": "from setuptools import setup\nsetup(name='net')\n"}
)
