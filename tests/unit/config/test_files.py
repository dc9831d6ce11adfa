"""Which folder is the project's, where the user's file stands, and on which line a key is."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprocheck.config import find_root, user_config_file
from reprocheck.config.files import index_lines


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("reprocheck.toml", "", True),
        ("pyproject.toml", "[tool.reprocheck]\n", True),
        ("pyproject.toml", "[tool.reprocheck.severity]\n", True),
        ("pyproject.toml", "[tool.reprocheck\n", True),
        ("pyproject.toml", "[project]\nname = 'reprocheck'\n", False),
        ("pyproject.toml", "[tool.ruff]\n", False),
        (".git", "gitdir: ../x\n", True),
        ("setup.py", "", False),
    ],
)
def test_root_is_the_nearest_folder_with_settings_or_git(tmp_path: Path, name: str, text: str, *, found: bool) -> None:
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    marked = tmp_path / "a"
    (marked / name).write_text(text, encoding="utf-8")
    assert find_root(inner) == (marked if found else tmp_path)


def test_root_of_a_file_is_that_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    script = tmp_path / "train.py"
    script.write_text("", encoding="utf-8")
    assert find_root(script) == tmp_path


def test_root_without_any_mark_is_the_start(tmp_path: Path) -> None:
    if find_root(tmp_path.parent) != tmp_path.parent:
        pytest.skip("the folder for temporary files is itself inside a project")
    assert find_root(tmp_path) == tmp_path


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"XDG_CONFIG_HOME": "/conf", "HOME": "/home/a"}, Path("/conf/reprocheck/reprocheck.toml")),
        ({"XDG_CONFIG_HOME": "conf", "HOME": "/home/a"}, Path("/home/a/.config/reprocheck/reprocheck.toml")),
        ({"HOME": "/home/a"}, Path("/home/a/.config/reprocheck/reprocheck.toml")),
        ({}, None),
    ],
)
def test_user_file_follows_the_xdg_specification(environment: dict[str, str], expected: Path | None) -> None:
    assert user_config_file(environment) == expected


def test_lines_of_keys_are_found_through_headers_strings_and_inline_tables() -> None:
    text = """\
# [tool.reprocheck]
note = '''
[tool.reprocheck]
pack = "no"
'''
[tool . 'reprocheck']
select = [
  "a]",  # ]
]
severity = { RNG001 = "note" }
per-file-ignores."tests/*" = ["RNG"]
[tool.reprocheck.other.deep]
x = 1
[[tool.list]]
y = 1
"""
    lines = index_lines(text)
    tool = ("tool", "reprocheck")
    assert lines["note",] == 2
    assert lines[tool] == 6
    assert (*tool, "pack") not in lines
    assert lines[*tool, "select"] == 7
    assert lines[*tool, "severity"] == 10
    assert lines[*tool, "severity", "RNG001"] == 10
    assert lines[*tool, "per-file-ignores", "tests/*"] == 11
    assert lines[*tool, "other"] == 12
    assert lines["tool", "list"] == 14
    assert lines["tool", "list", "y"] == 15


def test_search_for_lines_gives_up_on_endless_statements() -> None:
    entries = "\n".join(["  ']',"] * 3000)
    assert ("last",) not in index_lines(f"first = [\n{entries}\n]\nlast = 1\n")


def test_long_lists_do_not_end_the_search() -> None:
    entries = "\n".join(["  'entry',"] * 3000)
    assert index_lines(f"first = [\n{entries}\n]\nlast = 1\n")["last",] == 3003


def test_keys_are_followed_no_deeper_than_settings_go() -> None:
    assert max(map(len, index_lines("a.b.c.d.e.f = 1\n"))) == 4
