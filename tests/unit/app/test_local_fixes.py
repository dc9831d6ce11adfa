"""What this machine knows mends findings that the repository alone has no answer to, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reprocheck.app.local_fixes import with_local_fixes
from reprocheck.app.local_knowledge import LocalKnowledge, look_around, plain_address
from reprocheck.fix.carry_out import Repair, carry_out
from reprocheck.model.finding import Confidence, Finding, Severity, Step
from reprocheck.model.place import Place, Span

DIGEST = "sha256:" + "0a" * 32
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


def _finding(code: str, path: str, text: str, *marked: str) -> Finding:
    """A finding at the first of some words, with the others in its trail."""
    places = []
    for words in marked or (text.split("\n", maxsplit=1)[0],):
        before = text[: text.index(words)]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        places.append(Place(path, Span(line, column, line, column + len(words))))
    return Finding(
        code=code,
        rule="some-rule",
        severity=Severity.WARNING,
        confidence=Confidence.HIGH,
        message="something is open",
        place=places[0],
        trail=tuple(Step(place, "this too") for place in places[1:]),
    )


def _mended(finding: Finding, text: str, local: LocalKnowledge) -> dict[str, str] | None:
    """Files that the fix of a finding changes; None when it has none."""
    path = finding.place.path
    (found,) = with_local_fixes([finding], local, {path: text.encode()}.get)
    if found.fix is None:
        return None
    outcome = carry_out([Repair(path, found.fix)], {path: text.encode()}.get)
    assert not outcome.refused
    return {changed: data.decode() for changed, data in outcome.texts.items()}


def test_versions_come_from_the_environment_of_the_project() -> None:
    text = "torch>=2  # fast\nPyYAML\n"
    finding = _finding("ENV001", "requirements.txt", text, "torch>=2", "PyYAML")
    local = LocalKnowledge(folder=".venv", installed={"torch": "2.4.1+cpu", "pyyaml": "6.0.2"})

    assert _mended(finding, text, local) == {"requirements.txt": "torch==2.4.1  # fast\nPyYAML==6.0.2\n"}
    assert _mended(finding, text, LocalKnowledge(folder=".venv", installed={"torch": "2.4.1"})) is None
    assert _mended(finding, text, LocalKnowledge(installed={"torch": "1.13", "pyyaml": "6.0.2"})) is None


def test_conda_packages_are_looked_up_among_condas() -> None:
    text = "channels: [conda-forge]\ndependencies:\n  - numpy>=1.20\n  - pip:\n    - wandb\n"
    finding = _finding("ENV001", "environment.yml", text, "numpy>=1.20", "wandb")
    local = LocalKnowledge(folder="env", conda={"numpy": "1.26.4"}, installed={"wandb": "0.17.5", "numpy": "9"})

    written = _mended(finding, text, local)
    assert written == {"environment.yml": text.replace(">=1.20", "==1.26.4").replace("wandb", "wandb==0.17.5")}


def test_a_package_that_others_install_keeps_its_ranges() -> None:
    text = '[build-system]\nrequires = []\nbuild-backend = "b"\n[project]\nname = "t"\ndependencies = ["torch"]\n'
    finding = _finding("ENV001", "pyproject.toml", text, '"torch"')

    assert _mended(finding, text, LocalKnowledge(folder=".venv", installed={"torch": "2.4.1"})) is None


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (
            "git+https://example.org/a/layers.git@main#egg=layers",
            f"git+https://example.org/a/layers.git@{COMMIT}#egg=layers",
        ),
        ("layers @ git+https://me@example.org/a/layers", f"layers @ git+https://me@example.org/a/layers@{COMMIT}"),
        ("git+https://example.org/a/other", None),
    ],
)
def test_commits_come_from_what_was_installed(written: str, wanted: str | None) -> None:
    local = LocalKnowledge(folder=".venv", commits={"https://example.org/a/layers": COMMIT})
    mended = _mended(_finding("ENV009", "requirements.txt", written), written, local)

    assert mended == (None if wanted is None else {"requirements.txt": wanted})


@pytest.mark.parametrize(
    ("path", "text", "marked", "wanted"),
    [
        (
            "Dockerfile",
            "FROM python:3.11-slim AS build\n",
            "python:3.11-slim",
            f"FROM python:3.11-slim@{DIGEST} AS build\n",
        ),
        (
            "Dockerfile",
            "FROM docker.io/library/debian\n",
            "docker.io/library/debian",
            f"FROM docker.io/library/debian@{DIGEST}\n",
        ),
        ("compose.yml", 'image: "python:3.11-slim"\n', '"python:3.11-slim"', f'image: "python:3.11-slim@{DIGEST}"\n'),
        ("Dockerfile", "FROM python:3.12\n", "python:3.12", None),
        ("Dockerfile", "FROM python:${VERSION}\n", "python:${VERSION}", None),
        ("values.yaml", 'tag: "3.11-slim"\n', '"3.11-slim"', None),
        ("flow.py", 'image="python:3.11-slim"\n', '"python:3.11-slim"', None),
    ],
)
def test_digests_come_from_the_engine(path: str, text: str, marked: str, wanted: str | None) -> None:
    local = LocalKnowledge(digests={"python:3.11-slim": DIGEST, "debian:latest": DIGEST})

    assert _mended(_finding("ENV007", path, text, marked), text, local) == (None if wanted is None else {path: wanted})


def test_the_python_of_the_environment_is_written_where_none_is_named() -> None:
    text = "torch==2.4.1\n"
    local = LocalKnowledge(folder=".venv", python="3.11")

    mended = _mended(_finding("ENV006", "requirements.txt", text), text, local)
    assert mended == {".python-version": "3.11\n"}
    disagreeing = _finding("ENV006", "requirements.txt", text, "torch==2.4.1", "torch")
    assert _mended(disagreeing, text, local) is None


def test_other_findings_and_files_that_cannot_be_read_are_left(tmp_path: Path) -> None:
    text = "FROM python:3.11-slim\n"
    local = LocalKnowledge(digests={"python:3.11-slim": DIGEST})
    (mended,) = with_local_fixes([_finding("ENV007", "Dockerfile", text, "python:3.11-slim")], local, lambda _: None)
    assert mended.fix is None, "the file can't be read"

    other = _finding("DAT001", "Dockerfile", text, "python:3.11-slim")
    assert with_local_fixes([other], local, {"Dockerfile": text.encode()}.get) == (other,)
    assert look_around(tmp_path, NO_ENGINE) == LocalKnowledge()


def test_an_environment_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    home = tmp_path / "venv/lib/python3.12/site-packages"
    for name in ("Torch_Geometric-2.5.3.dist-info", "layers-0.1.dist-info", "broken-1.dist-info"):
        (home / name).mkdir(parents=True)
    (tmp_path / "venv/pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.12.4.final.0\n")
    (tmp_path / "venv/conda-meta").mkdir()
    (tmp_path / "venv/conda-meta/scikit-learn-1.5.1-py312h1.json").write_text("{}")
    record = {"url": "https://example.org/a/layers.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}
    (home / "layers-0.1.dist-info/direct_url.json").write_text(json.dumps(record))
    (home / "broken-1.dist-info/direct_url.json").write_text("{")

    assert look_around(tmp_path, NO_ENGINE) == LocalKnowledge(
        folder="venv",
        python="3.12",
        installed={"broken": "1", "layers": "0.1", "torch-geometric": "2.5.3"},
        conda={"scikit-learn": "1.5.1"},
        commits={"https://example.org/a/layers": COMMIT},
    )


def test_an_address_is_the_same_however_it_is_written() -> None:
    for url in (
        "git+https://me:key@example.org/a/b.git@main#egg=b",
        "https://example.org/a/b/",
        "https://example.org/a/b.git",
    ):
        assert plain_address(url) == "https://example.org/a/b"


def _hub(home: Path, name: str, commit: str, *, snapshot: bool = True) -> None:
    model = home / ".cache/huggingface/hub" / f"models--{name.replace('/', '--')}"
    (model / "refs").mkdir(parents=True)
    (model / "refs/main").write_text(commit, "utf-8")
    if snapshot:
        (model / "snapshots" / commit).mkdir(parents=True)


def test_the_revision_of_a_model_comes_from_the_cache_of_the_hub(tmp_path: Path) -> None:
    _hub(tmp_path, "org/name", COMMIT)
    _hub(tmp_path, "org/half", COMMIT, snapshot=False)
    local = look_around(tmp_path, NO_ENGINE | {"HOME": str(tmp_path)})
    assert dict(local.revisions) == {("org/name", "main"): COMMIT}

    for call, pinned in {
        'AutoModel.from_pretrained("org/name")': f'AutoModel.from_pretrained("org/name", revision="{COMMIT}")',
        'AutoModel.from_pretrained("org/name", revision="main")': (
            f'AutoModel.from_pretrained("org/name", revision="{COMMIT}")'
        ),
        'AutoModel.from_pretrained("org/name", revision="dev")': None,
        'AutoModel.from_pretrained("org/half")': None,
        "AutoModel.from_pretrained(name)": None,
        'torch.hub.load("org/name", "net")': None,
    }.items():
        text = f"model = {call}\n"
        mended = _mended(_finding("ART002", "train.py", text, call), text, local)
        assert mended == (None if pinned is None else {"train.py": f"model = {pinned}\n"})


@pytest.mark.parametrize(
    ("line", "pinned"),
    [
        ("!pip install -q torch PyYAML==6.0", "!pip install -q torch==2.4.1 PyYAML==6.0"),
        ('%pip install \\"torch\\"', '%pip install \\"torch==2.4.1\\"'),
        ("!pip install torch unheard-of", None),
        ("!pip install torch>=2", None),
        ("!pip install -r requirements.txt torch", None),
    ],
)
def test_magics_of_a_notebook_install_what_the_environment_has(line: str, pinned: str | None) -> None:
    text = (
        '{"cells": [{"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [],\n'
        f'  "source": ["{line}\\n", "x = 1"]}}],\n "metadata": {{}}, "nbformat": 4,  "nbformat_minor": 5}}'
    )
    local = LocalKnowledge(folder=".venv", installed={"torch": "2.4.1+cu121"})
    mended = _mended(_finding("ENV008", "a.ipynb", text, line), text, local)
    assert mended == (None if pinned is None else {"a.ipynb": text.replace(line, pinned)})
