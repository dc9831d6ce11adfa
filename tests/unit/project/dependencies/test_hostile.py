"""Files made to break a reader end in values and problems with a line, at a bounded cost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reprocheck.project.dependencies.model import DependencyFacts
from reprocheck.project.documents.tree import MAX_CHARACTERS
from reprocheck.project.source import Problem, SourceText, decode_text

FactsOf = Callable[[str, str], tuple[DependencyFacts | None, tuple[Problem, ...]]]


def names(found: DependencyFacts | None) -> list[str]:
    return [] if found is None else [dependency.name for dependency in found.dependencies]


def test_a_bomb_of_aliases_is_not_unfolded(facts_of: FactsOf) -> None:
    bomb = ["channels: [a]", "x0: &x0 [numpy]"]
    bomb += [f"x{level}: &x{level} [{', '.join([f'*x{level - 1}'] * 9)}]" for level in range(1, 40)]
    found, problems = facts_of("environment.yml", "\n".join([*bomb, "dependencies: *x39", ""]))
    assert (names(found), problems) == ([], ())
    found, _ = facts_of("environment.yml", "\n".join([*bomb, "dependencies: [scipy, {pip: *x0}]", ""]))
    assert names(found) == ["scipy", "numpy"]


def test_an_anchor_inside_itself_is_a_problem_with_its_line(facts_of: FactsOf) -> None:
    found, problems = facts_of("environment.yml", "channels: [a]\ndependencies: &d\n  - numpy\n  - *d\n  - pip: *d\n")
    assert names(found) == ["numpy"]
    assert [problem.span.line for problem in problems] == [4, 5]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("pyproject.toml", f"[project]\ndependencies = {'[' * 5000}\n", 2),
        ("Pipfile.lock", '{"default":\n' + '{"a":' * 5000 + "\n", 2),
        ("environment.yml", "dependencies:\n" + "[" * 5000 + "\n", 2),
        ("pixi.toml", "[a]\n" + ".".join(["b"] * 5000) + " = 1\n", 2),
        ("uv.lock", '[[package]]\nname = "a"\nversion = "1\n', 3),
        ("poetry.lock", "[[package]]\nname = 'a'\nname = 'b'\n", 3),
        ("Pipfile.lock", '{"default": {\n"a": {"version": "==1"},\n', 2),
        ("conda-lock.yml", "package:\n- name: a\n  version: '1'\n- {name: b\n", 5),
        ("pixi.lock", "packages:\n- conda: x\n\tname: y\n", 3),
    ],
)
def test_deep_or_broken_files_are_problems_with_their_line(facts_of: FactsOf, path: str, text: str, line: int) -> None:
    _, problems = facts_of(path, text)
    assert line in {problem.span.line for problem in problems}


@pytest.mark.parametrize(("path", "lead"), [("uv.lock", "a = 1\n#"), ("conda-lock.yml", "a: 1\n#")])
def test_a_lock_beyond_the_limit_is_not_read_and_said_so(facts_of: FactsOf, path: str, lead: str) -> None:
    found, problems = facts_of(path, lead + "x" * MAX_CHARACTERS)
    assert names(found) == []
    assert [str(MAX_CHARACTERS) in problem.message for problem in problems] == [True]


def test_a_long_list_costs_what_it_is_long(facts_of: FactsOf) -> None:
    text = "".join(f"package-{number}==1.{number} --hash=sha256:{number:064x}\n" for number in range(3000))
    found, problems = facts_of("requirements.txt", text)
    assert (len(names(found)), problems) == (3000, ())


@pytest.mark.parametrize(
    "line",
    [
        "a" * 100_000,
        "a==" + "1." * 50_000,
        "a" + "[b" * 20_000,
        "a; " + "(" * 20_000 + "python_version<'3'",
        "-r " * 20_000,
        "a @ " + "git+" * 20_000,
        "a" + " " * 100_000 + "!",
        "a" + "\\" * 50_000,
        "a>=" + "1,>=" * 20_000,
    ],
)
@pytest.mark.parametrize("path", ["requirements.txt", "setup.cfg", "pyproject.toml", "environment.yml"])
def test_lines_that_invite_backtracking_end(facts_of: FactsOf, path: str, line: str) -> None:
    quoted = line.replace("\\", "\\\\").replace("'", "''" if path.endswith("yml") else "'")
    text = {
        "requirements.txt": f"{line}\nnumpy\n",
        "setup.cfg": f"[options]\ninstall_requires =\n    {line}\n    numpy\n",
        "pyproject.toml": f'[project]\ndependencies = [\n"{quoted}",\n"numpy",\n]\n',
        "environment.yml": f"channels: [a]\ndependencies:\n  - '{quoted}'\n  - numpy\n",
    }[path]
    found, _ = facts_of(path, text)
    assert names(found)[-1:] == ["numpy"] or path == "requirements.txt"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-bom", "latin-1"])
def test_encodings_that_installers_accept_are_read(facts_of: FactsOf, encoding: str) -> None:
    written = "# versión\r\nnumpy==1.26.4\r\ntorch>=2\r\n"
    data = b"\xfe\xff" + written.encode("utf-16-be") if encoding == "utf-16-be-bom" else written.encode(encoding)
    text, problem = decode_text(data)
    found, _ = facts_of("requirements.txt", SourceText("requirements.txt", text).text)
    assert names(found) == ["numpy", "torch"]
    assert (problem is not None and problem.span.line == 1) is (encoding == "latin-1")
