"""Files that a module opens by names which stand in its code."""

from __future__ import annotations

import textwrap

import pytest

from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import kind_of
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.rulekit import Match, Project, Rule
from reprocheck.rulekit.loading import KnowledgeSources, load_knowledge
from reprocheck.rulekit.opened_files import opened_files
from reprocheck.scan.analysis import Analyzer

KNOWLEDGE = load_knowledge(KnowledgeSources())
ASKS = Rule("ACM001", "asks-for-facts", "Makes the analyzer keep facts.")
ASKS.on_project(lambda _: list[Match]())


def opened(code: str) -> list[tuple[str, bool, int]]:
    text = textwrap.dedent(code).strip() + "\n"
    file = ProjectFile("src/train.py", "", kind_of("src/train.py"), len(text))
    facts = Analyzer([ASKS], KNOWLEDGE.catalog).analyze(file, text.encode()).facts
    project = Project(ProjectIndex({file.path: facts}, paths=[file.path]), KNOWLEDGE.catalog)
    return [(item.name, item.writes, item.span.line) for item in opened_files(project, file.path)]


def test_readers_and_writers_are_told_apart_by_catalog_and_mode() -> None:
    found = opened(
        """
        import json
        import pandas as pd

        table = pd.read_csv("data/train.csv")
        with open("config.json") as file, open("out.json", "w") as out, open("log", mode="a") as log:
            json.dump(json.load(file), out)
        table.to_csv("clean.csv")
        """
    )
    assert found == [
        ("data/train.csv", False, 4), ("config.json", False, 5), ("out.json", True, 5), ("log", True, 5),
        ("clean.csv", True, 7),
    ]  # fmt: skip


def test_names_are_followed_to_where_they_stand() -> None:
    assert opened(
        """
        import argparse
        import pandas as pd

        TRAIN = "data/train.csv"
        parser = argparse.ArgumentParser()
        parser.add_argument("--test", default="data/test.csv")
        args = parser.parse_args()
        pd.read_csv(TRAIN)
        pd.read_csv(args.test)
        """
    ) == [("data/train.csv", False, 8), ("data/test.csv", False, 9)]


def test_what_only_running_tells_and_what_is_no_path_is_left() -> None:
    assert (
        opened(
            """
            import os
            import sys
            import pandas as pd

            def load(path):
                return pd.read_csv(path)

            pd.read_csv(sys.argv[1])
            pd.read_csv("https://example.com/a.csv")
            pd.read_csv("data/*.csv")
            pd.read_csv(f"data/{name}.csv")
            os.makedirs("out")
            unknown.read("x.csv")
            """
        )
        == []
    )


@pytest.mark.parametrize(
    ("name", "folder", "path"),
    [
        ("a.csv", "", "a.csv"),
        ("../a.csv", "sub", "a.csv"),
        ("../a.csv", "", None),
        ("/a.csv", "", None),
        (".", "", None),
    ],
)
def test_a_name_is_seen_from_the_working_directory(name: str, folder: str, path: str | None) -> None:
    text = f'open("{name}")\n'
    file = ProjectFile("train.py", "", kind_of("train.py"), len(text))
    facts = Analyzer([ASKS], KNOWLEDGE.catalog).analyze(file, text.encode()).facts
    project = Project(ProjectIndex({file.path: facts}, paths=[file.path]), KNOWLEDGE.catalog)
    (item,) = opened_files(project, "train.py")
    assert item.inside(folder) == path
