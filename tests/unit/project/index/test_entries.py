"""Where execution begins."""

from __future__ import annotations

import ast

from reprocheck.model.place import Span
from reprocheck.project.facts.extract import extract
from reprocheck.project.facts.model import Command, DocumentFacts, FileFacts
from reprocheck.project.index.entries import Entry
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.python.file import PythonFile
from reprocheck.project.source import SourceText

HERE = Span(1, 1, 1, 10)
SCRIPT = "import lib\n\nlib.run()\n"
MAIN = "def main():\n    pass\n\nif __name__ == '__main__':\n    main()\n"


def facts_of(path: str, text: str) -> FileFacts:
    return extract(PythonFile(SourceText(path, text), ast.parse(text), ()))


def entries_of(files: dict[str, str], *documents: DocumentFacts, only: tuple[str, ...] = ()) -> list[Entry]:
    facts = {path: facts_of(path, text) for path, text in files.items()}
    return list(ProjectIndex(facts, {each.path: each for each in documents}, files, only).entries)


def script(*words: str) -> DocumentFacts:
    return DocumentFacts("run.sh", "shell", commands=(Command(words, {}, HERE),))


def test_a_guarded_module_a_script_and_a_library() -> None:
    found = entries_of({"a.py": MAIN, "b.py": SCRIPT, "c.py": "def f():\n    open(1)\n"})
    assert [(entry.path, entry.kind) for entry in found] == [("a.py", "main"), ("b.py", "script")]


def test_a_module_that_is_imported_is_no_script_but_its_guard_counts() -> None:
    found = entries_of({"a.py": "import b\nimport c\n" + SCRIPT, "b.py": SCRIPT, "c.py": MAIN})
    assert [(entry.path, entry.kind, entry.imported) for entry in found] == [
        ("a.py", "script", False),
        ("c.py", "main", True),
    ]


def test_tests_and_packaging_are_no_programs() -> None:
    files = {"tests/test_a.py": MAIN, "conftest.py": SCRIPT, "setup.py": "setup()\n", "smoke_test_models.py": SCRIPT}
    assert entries_of(files) == []


def test_a_command_makes_a_module_a_program_and_gives_its_arguments() -> None:
    (entry,) = entries_of({"pkg/train.py": "import b\n"}, script("python", "pkg/train.py", "--seed", "3"))
    assert entry.kind == "script"
    assert [invocation.arguments for invocation in entry.invocations] == [("--seed", "3")]


def test_a_module_is_called_by_name_and_by_a_launcher() -> None:
    (entry,) = entries_of({"pkg/train.py": MAIN}, script("torchrun", "--nproc_per_node=2", "-m", "pkg.train", "--x"))
    assert [invocation.path for invocation in entry.invocations] == ["run.sh"]


def test_only_the_programs_that_are_asked_for_count_tests_too() -> None:
    found = entries_of({"a.py": MAIN, "tests/test_a.py": SCRIPT}, only=("tests/test_a.py",))
    assert [entry.path for entry in found] == ["tests/test_a.py"]


def test_a_notebook_is_a_program() -> None:
    (entry,) = entries_of({"look.ipynb": SCRIPT})
    assert entry.kind == "notebook"


GROUP = "import click\n\n@click.group()\ndef cli():\n    pass\n\n"


def test_each_command_of_a_group_is_a_program() -> None:
    text = GROUP + "@cli.command(name='fit')\n@click.option('--rate')\ndef train(rate):\n    open(rate)\n\n"
    text += "@cli.group()\ndef data():\n    pass\n\n@data.command\ndef show():\n    open(1)\n\ncli()\n"
    found = entries_of({"app.py": text})
    assert [(entry.kind, entry.function, entry.span.line) for entry in found] == [
        ("script", 0, 3),
        ("command", 2, 9),
        ("command", 4, 17),
    ]


def test_commands_are_added_from_another_module() -> None:
    work = "import click\n\n@click.command()\ndef fit():\n    open(1)\n\ndef helper():\n    pass\n"
    found = entries_of(
        {"app.py": "from work import fit\n" + GROUP + "cli.add_command(fit)\n\ncli()\n", "work.py": work}
    )
    assert [(entry.path, entry.kind, entry.function) for entry in found] == [
        ("app.py", "script", 0),
        ("work.py", "command", 1),
    ]


def test_an_application_of_typer_starts_its_commands() -> None:
    shared = "import typer\n\napp = typer.Typer()\n"
    text = "from shared import app\n\n@app.command()\ndef fit(rate: float = 0.1):\n    open(rate)\n"
    assert [(e.path, e.kind) for e in entries_of({"shared.py": shared, "fit.py": text})] == [
        ("fit.py", "script"),
        ("fit.py", "command"),
    ]


def test_what_only_looks_like_a_command_is_none() -> None:
    text = "import bot\n\nclient = bot.Client()\n\n@client.command()\ndef ping():\n    pass\n\n"
    text += "class Menu:\n    def command(self):\n        return self\n\nmenu = Menu()\n\n"
    text += "@menu.command()\ndef open_it():\n    pass\n"
    assert [entry.kind for entry in entries_of({"app.py": text})] == ["script"]
    assert entries_of({"tests/test_app.py": GROUP + "@cli.command()\ndef fit():\n    pass\n"}) == []
