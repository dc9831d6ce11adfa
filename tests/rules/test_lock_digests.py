"""ENV003 asks the digest that Poetry and Pipenv keep of the manifest that a lock was made from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

PIPFILE = '[packages]\ntqdm = "*"\ntorch = "2.3.1"\n\n[requires]\npython_version = "3.11"\n'
OF_PIPFILE = (
    '{"_meta":{"requires":{"python_version":"3.11"},"sources":[]},"default":{"torch":"2.3.1","tqdm":"*"},"develop":{}}'
)
POETRY = '[tool.poetry]\nname = "trainer"\n\n[tool.poetry.dependencies]\ntqdm = "^4.0"\n'
OF_POETRY = '{"dependencies": {"tqdm": "^4.0"}, "dev-dependencies": null, "extras": null, "source": null}'
LOCKED = '[[package]]\nname = "tqdm"\nversion = "4.66.0"\n\n[metadata]\ncontent-hash = "%s"\n'


def digest(canonical: str) -> str:
    return hashlib.sha256(canonical.encode()).hexdigest()


def pipenv_lock(torch: str) -> str:
    default = {"tqdm": {"version": "==4.66.0"}, "torch": {"version": f"=={torch}"}}
    return json.dumps({"_meta": {"hash": {"sha256": digest(OF_PIPFILE)}}, "default": default, "develop": {}})


def found(root: Path, files: dict[str, str]) -> list[tuple[str, str]]:
    project = root / "project"
    project.mkdir(exist_ok=True)
    for name, content in files.items():
        (project / name).write_text(content)
    overrides = {"cache_dir": str(root / "cache"), "select": ["ENV003"]}
    config = load(project, overrides=overrides, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    return [(finding.message, finding.confidence) for finding in result.findings]


def test_a_lock_of_poetry_is_outdated_when_its_digest_is_anothers(tmp_path: Path) -> None:
    assert found(tmp_path, {"pyproject.toml": POETRY, "poetry.lock": LOCKED % digest(OF_POETRY)}) == []
    ((message, confidence),) = found(tmp_path, {"pyproject.toml": POETRY.replace("^4.0", "^4.1")})
    assert "`poetry.lock` was made from another `pyproject.toml`" in message
    assert confidence == "medium"


def test_a_lock_without_digest_is_compared_by_its_packages(tmp_path: Path) -> None:
    lock = LOCKED.partition("[metadata]")[0]
    assert found(tmp_path, {"pyproject.toml": POETRY, "poetry.lock": lock}) == []
    ((message, _),) = found(tmp_path, {"pyproject.toml": POETRY.replace("^4.0", "^5.0")})
    assert "does not allow 4.66.0" in message


def test_a_version_without_operator_asks_pipenv_for_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, {"Pipfile": PIPFILE, "Pipfile.lock": pipenv_lock("2.3.1")}) == []
    ((message, _),) = found(tmp_path, {"Pipfile.lock": pipenv_lock("2.4.0")})
    assert message == '`torch = "2.3.1"` asks for no version without `==`: `Pipfile.lock` has another one'
    ((message, _),) = found(tmp_path, {"Pipfile": PIPFILE.replace('"2.3.1"', '"==2.3.1"')})
    assert "does not allow 2.4.0" in message
