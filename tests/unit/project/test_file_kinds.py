"""Files are told apart by their names."""

import pytest

from reprocheck.project.file_kinds import FileKind, kind_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (".env", FileKind.SHELL),
        ("deploy/.env.example", FileKind.SHELL),
        ("deploy/train.env", FileKind.SHELL),
        ("environment.txt", FileKind.OTHER),
        ("requirements/train.txt", FileKind.REQUIREMENTS),
        ("requirement.txt", FileKind.REQUIREMENTS),
        ("notes/train.txt", FileKind.OTHER),
        ("Dockerfile.gpu", FileKind.DOCKERFILE),
        ("Dockerfile.md", FileKind.OTHER),
    ],
)
def test_kind_by_name(path: str, kind: FileKind) -> None:
    assert kind_of(path) is kind
