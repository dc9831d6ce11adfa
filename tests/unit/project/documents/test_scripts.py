"""Shell text inside YAML and JSON keeps its places."""

from __future__ import annotations

import pytest

from reprocheck.model.place import Span
from reprocheck.project.documents.scripts import line_commands, script_commands
from reprocheck.project.documents.tree import Scalar, walk
from reprocheck.project.documents.yaml_file import read_yaml
from reprocheck.project.source import SourceText


def words(text: str) -> list[tuple[str, str]]:
    """Each word of every command in a YAML file, with the text at its place."""
    source = SourceText("ci.yml", text)
    return [
        (word.text, source.slice(word.span))
        for root in read_yaml(source).roots
        for _, node in walk(root)
        if isinstance(node, Scalar)
        for command in script_commands(source, node)
        for word in command.words
    ]


@pytest.mark.parametrize(
    "text",
    [
        "run: pip install torch\n",
        'run: "pip install torch"\n',
        "run: |\n  pip install torch\n",
        "run: |-\n\n    pip install torch\n",
    ],
)
def test_words_stand_where_the_file_has_them(text: str) -> None:
    assert words(text) == [("pip", "pip"), ("install", "install"), ("torch", "torch")]


def test_a_command_over_several_lines_of_a_block_is_one() -> None:
    found = words("steps:\n  - run: |\n      apt-get install \\\n        git\n      make\n")
    assert found == [("apt-get", "apt-get"), ("install", "install"), ("git", "git"), ("make", "make")]


def test_words_of_a_folded_text_stand_for_the_whole_of_it() -> None:
    found = words("run: >\n  pip install\n  torch\n")
    assert [word for word, _ in found] == ["pip", "install", "torch"]
    assert {place for _, place in found} == {">\n  pip install\n  torch"}


def test_a_here_document_in_a_block_is_no_command() -> None:
    assert [word for word, _ in words("run: |\n  cat <<END\n  pip install torch\n  END\n  make\n")] == ["cat", "make"]


def test_a_text_that_the_line_does_not_show_as_it_is_stands_for_its_span() -> None:
    source = SourceText("a.json", r'{"run": "pip\tinstall"}')
    span = Span(1, 9, 1, 23)
    assert {word.span for command in line_commands(source, "pip\tinstall", span) for word in command.words} == {span}
