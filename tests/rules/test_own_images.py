"""ENV007 leaves out images that a file of the project builds, also where manifests of Kubernetes name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.app.scan_project import ScanRequest, scan_project
from reprocheck.config import load

JOB = """apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      containers:
        - name: train
          image: ghcr.io/acme/churn-train:latest
"""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 1),
        ({"README.md": "```\ndocker build -t churn-train -f Dockerfile.train .\n```\n"}, 0),
        ({"Jenkinsfile": 'IMAGE = "acme/churn-train"\nsh "docker build -t ${IMAGE} ."\n'}, 0),
        ({"Jenkinsfile": 'stage("push") { docker.build("acme/churn-train:${env.BUILD_ID}").push() }\n'}, 0),
        ({"Jenkinsfile": 'IMAGE = "acme/churn-train"\nsh "docker pull ${IMAGE}"\n'}, 1),
        ({"README.md": "```\ndocker build -t churn-serve .\n```\n"}, 1),
    ],
    ids=[
        "unknown",
        "built by hand",
        "built by Jenkins",
        "built by Jenkins in code",
        "pulled by Jenkins",
        "another one",
    ],
)
def test_images_of_manifests(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    root = tmp_path / "project"
    (root / "k8s").mkdir(parents=True)
    for name, content in {"k8s/job.yaml": JOB, **files}.items():
        (root / name).write_text(content)
    overrides = {"cache_dir": str(tmp_path / "cache"), "select": ["ENV007"]}
    config = load(root, overrides=overrides, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    assert len(result.findings) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("acme/churn-ui:dev", 0),
        ("acme/other:dev", 1),
        ("${UI_IMAGE:-localhost/churn/ui:latest}", 0),
        ("ghcr.io/your-org/ui:latest", 0),
        ("image", 0),
    ],
    ids=["built in the file beside", "another one", "of this machine", "of nobody", "a word for it"],
)
def test_images_of_compose_files(tmp_path: Path, written: str, expected: int) -> None:
    root = tmp_path / "project"
    root.mkdir()
    service = "ui" if "churn" in written else "other"
    (root / "docker-compose.yml").write_text("services:\n  ui:\n    build: .\n")
    (root / "docker-compose.dev.yml").write_text(f"services:\n  {service}:\n    image: {written}\n")
    overrides = {"cache_dir": str(tmp_path / "cache"), "select": ["ENV007"]}
    config = load(root, overrides=overrides, isolated=True)
    result = scan_project(ScanRequest(config=config), lambda _done, _total: None).result
    assert len(result.findings) == expected
