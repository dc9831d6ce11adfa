"""What a read-me file shows of how a project is used."""

from __future__ import annotations

import pytest

from reprocheck.project.documents.readme import read_readme
from reprocheck.project.source import SourceText


def commands(text: str) -> list[tuple[int, str]]:
    read = read_readme(SourceText("README.md", text))
    return [(command.span.line, " ".join(command.argv)) for command in read.commands if command.words]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("```\npython train.py\n```\n", [(2, "python train.py")]),
        ("```bash\n$ python train.py \\\n    --seed 1\n```\n", [(2, "python train.py --seed 1")]),
        ("~~~sh\nmake\n~~~\n", [(2, "make")]),
        ("```python\nimport torch\n```\n", []),
        ("```yaml\nrun: make\n```\n", []),
        ("Text\n\n    make train\n\nText\n", [(3, "make train")]),
        ("Usage::\n\n    dvc repro\n", [(3, "dvc repro")]),
        ("Run `python train.py --lr 1`, then look at `model.pt`.\n", [(1, "python train.py --lr 1")]),
        ("```python train.py```\n\nText\n", [(1, "python train.py")]),
        ("1. First:\n   ```bash\n   make\n   ```\n", [(3, "make")]),
        ("```\n(venv) user@host:~$ make\n```\n", [(2, "make")]),
        ("```bash\nmake\n", []),
        ("", []),
    ],
)
def test_commands(text: str, found: list[tuple[int, str]]) -> None:
    assert commands(text) == found


def test_headings_of_every_style() -> None:
    text = "# One #\n\nTwo\n===\n\n<h2 align=center>Three</h2>\n\n#hash\n\n```\n# not this\n```\n"
    assert read_readme(SourceText("README.md", text)).headings == ("one", "two", "three")


def test_long_files_are_bounded() -> None:
    text = "```\n" + "make\n" * 20_000 + "```\n" + "```\nmake\n```\n" * 3_000
    assert len(read_readme(SourceText("README.md", text)).commands) <= 500
