"""Whatever is declared comes out, with its versions and on its line, however it is written and in every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reprocheck.project.dependencies.model import DependencyFacts
from reprocheck.project.source import Problem

Declared = Callable[[str, str], DependencyFacts]
FactsOf = Callable[[str, str], tuple[DependencyFacts | None, tuple[Problem, ...]]]


@dataclass(frozen=True)
class Wanted:
    """A dependency before it is written down."""

    name: str
    version: str
    """Empty for any."""
    noise: int
    """Lines that say nothing, in front of it."""
    form: int
    """Which of the ways to write it."""


NAMES = st.sampled_from(
    [f"{word}{end}" for word in ("torch", "a", "ray", "pip2", "zz9") for end in ("", "-x", "-core9")]
)
WANTED = st.builds(
    Wanted,
    NAMES,
    st.sampled_from(["", "1.2.3", "2.0", "0.9"]),
    st.integers(min_value=0, max_value=2),
    st.integers(min_value=0, max_value=4),
)
LISTS = st.lists(WANTED, min_size=1, max_size=5, unique_by=lambda wanted: wanted.name)
Rows = list[tuple[str, str, int]]
MANY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Page:
    """A text that grows line by line and knows where things stand."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.rows: Rows = []

    def add(self, wanted: Wanted, line: str, *more: str, specifier: str | None = None, comment: str = "# note") -> None:
        self.lines.extend([comment] * wanted.noise)
        self.lines.append(line)
        exact = f"=={wanted.version}" if wanted.version else ""
        self.rows.append((wanted.name, exact if specifier is None else specifier, len(self.lines)))
        self.lines.extend(more)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def rows_of(found: DependencyFacts) -> Rows:
    return [(dependency.name, dependency.specifier, dependency.span.line) for dependency in found.dependencies]


def pip_style(wanted: Wanted) -> str:
    exact = f"=={wanted.version}" if wanted.version else ""
    return [
        f"{wanted.name}{exact}",
        f"{wanted.name.upper().replace('-', '_')} {exact}",
        f"{wanted.name}[extra,more]{exact}",
        f"{wanted.name}{exact} ; python_version < '3.14'",
        f"{wanted.name}{exact}",
    ][wanted.form]


@MANY
@given(LISTS)
def test_requirements(declared: Declared, wanted: list[Wanted]) -> None:
    page = Page("--index-url https://packages.example.org/simple", "", "-r more.txt")
    for one in wanted:
        match one.form:
            case 3:
                hashes = [f"    --hash=sha256:{'0a' * 32} \\", f"    --hash=sha256:{'0b' * 32}"]
                page.add(one, f"{pip_style(one)} \\", *hashes)
            case 4:
                page.add(one, f"{pip_style(one)}  # {one.name} is needed", "--no-binary :all:")
            case _:
                page.add(one, pip_style(one), "")
    found = declared("requirements.txt", page.text)
    assert rows_of(found) == page.rows
    assert [dependency.hashed for dependency in found.dependencies] == [one.form == 3 for one in wanted]
    assert [dependency.extras for dependency in found.dependencies] == [
        ("extra", "more") if one.form == 2 else () for one in wanted
    ]


@MANY
@given(LISTS, LISTS, LISTS)
def test_standard_tables(declared: Declared, main: list[Wanted], extra: list[Wanted], group: list[Wanted]) -> None:
    page = Page("[project]", 'name = "t"', "dependencies = [")
    for one in main:
        page.add(one, f'  "{pip_style(one)}",')
    page.lines += ["]", "[project.optional-dependencies]", "plots = ["]
    for one in extra:
        page.add(one, f"  '{pip_style(one).split(';')[0].strip()}',")
    page.lines += ["]", "[dependency-groups]", "dev = [{include-group = 'lint'},"]
    for one in group:
        page.add(one, f'  "{pip_style(one)}",')
    page.lines += ["]", "lint = []"]
    assert rows_of(declared("pyproject.toml", page.text)) == page.rows


@pytest.mark.parametrize(
    ("head", "path"),
    [
        ("[tool.poetry.dependencies]", "pyproject.toml"),
        ("[tool.poetry.group.dev.dependencies]", "pyproject.toml"),
        ("[packages]", "Pipfile"),
        ("[dev-packages]", "Pipfile"),
        ("[pypi-dependencies]", "pixi.toml"),
        ("[tool.pixi.feature.gpu.target.linux-64.pypi-dependencies]", "pyproject.toml"),
    ],
)
@MANY
@given(LISTS)
def test_tables_of_packages(declared: Declared, head: str, path: str, wanted: list[Wanted]) -> None:
    page = Page("# made by hand", head)
    for one in wanted:
        version = f"=={one.version}" if one.version else "*"
        match one.form:
            case 0:
                page.add(one, f'{one.name} = "{version}"')
            case 1:
                page.add(one, f"{one.name} = {{ version = '{version}', extras = ['x'] }}")
            case 2:
                page.add(one, f'{one.name} = {{ git = "https://git.example.org/x", rev = "0a" }}', specifier="")
            case 3:
                page.add(one, f'"{one.name}" = "{version}"  # quoted')
            case _:
                page.add(one, f'{one.name} = {{ path = "../x", editable = true }}', specifier="")
    assert rows_of(declared(path, page.text)) == page.rows


@pytest.mark.parametrize(
    ("head", "foot"),
    [
        ("[tool.pdm.dev-dependencies]\nlint = [", "]"),
        ("[tool.uv]\ndev-dependencies = [", "]"),
        ("[tool.hatch.envs.train]\ndependencies = [", "]"),
        ("[tool.hatch.envs.train]\nextra-dependencies = [", "]"),
    ],
)
@MANY
@given(LISTS)
def test_lists_of_tools(declared: Declared, head: str, foot: str, wanted: list[Wanted]) -> None:
    page = Page(*head.split("\n"))
    for one in wanted:
        page.add(one, f'    "{pip_style(one)}",')
    page.lines.append(foot)
    assert rows_of(declared("pyproject.toml", page.text)) == page.rows


@MANY
@given(LISTS, LISTS)
def test_conda(declared: Declared, conda: list[Wanted], pip: list[Wanted]) -> None:
    page = Page("name: t", "channels: [conda-forge]", "dependencies:", "  - python=3.11")
    for one in conda:
        version = one.version
        exact = [f"=={version}", f" =={version}", f"=={version}=py311_0", f"=={version}", f"=={version}"][one.form]
        channel = "conda-forge::" if one.form == 4 else ""
        page.add(one, f"  - {channel}{one.name}{exact if version else ''}")
    page.lines += ["  - pip:", "    - -r more.txt"]
    for one in pip:
        page.add(one, f'    - "{pip_style(one)}"')
    found = declared("environment.yml", page.text)
    assert rows_of(found) == page.rows
    assert [dependency.conda for dependency in found.dependencies] == [True] * len(conda) + [False] * len(pip)


@MANY
@given(LISTS, LISTS)
def test_setup_cfg(declared: Declared, main: list[Wanted], extra: list[Wanted]) -> None:
    page = Page("[metadata]", "name = t", "[options]", "install_requires =")
    for one in main:
        page.add(one, f"    {pip_style(one)}", comment="    # note")
    page.lines += ["packages = find:", "[options.extras_require]", "all =", ""]
    for one in extra:
        page.add(one, f"    {pip_style(one)}", comment="    ; note")
    assert rows_of(declared("setup.cfg", page.text)) == page.rows


@MANY
@given(LISTS, LISTS)
def test_setup_py(declared: Declared, main: list[Wanted], extra: list[Wanted]) -> None:
    page = Page("from setuptools import setup", "BASE = [")
    for one in main:
        page.add(one, f'    "{pip_style(one)}",')
    page.lines += ["]", "setup(name='t', install_requires=BASE, extras_require={'all': ["]
    for one in extra:
        page.add(one, f'    "{pip_style(one)}",')
    page.lines += ["]})"]
    assert rows_of(declared("setup.py", page.text)) == page.rows


ADDRESSES = [
    ("git+https://git.example.org/a.git@0a1b2c3#egg=a", ("a", "git", "0a1b2c3", False)),
    ("a @ git+ssh://git@git.example.org/a.git@main", ("a", "git", "main", False)),
    ("-e git+https://git.example.org/a@v1.0#egg=a&subdirectory=x", ("a", "git", "v1.0", False)),
    ("hg+https://hg.example.org/a#egg=a", ("a", "hg", "", False)),
    ("https://files.example.org/a-1.0-py3-none-any.whl", ("a", "", "", False)),
    (f"a @ https://files.example.org/a.zip#sha256={'0a' * 32}", ("a", "", "", True)),
    ("./vendored/a", ("", "", "", False)),
    ("-e .[train]", ("", "", "", False)),
]


@pytest.mark.parametrize(("line", "expected"), ADDRESSES)
def test_addresses_in_requirements(declared: Declared, line: str, expected: tuple[str, str, str, bool]) -> None:
    found = declared("requirements.txt", f"# first\n\n{line}\nnumpy\n")
    first, second = found.dependencies
    assert (first.name, first.vcs, first.revision, first.hashed) == expected
    assert first.url
    assert (first.span.line, second.name, second.span.line) == (3, "numpy", 4)


def includes() -> Iterator[tuple[str, str, bool]]:
    """Ways to name another file."""
    for option in ("-r ", "--requirement ", "--requirement=", "-r", "-c ", "--constraint ", "--constraint="):
        yield f"{option}sub/base.txt", "sub/base.txt", option.startswith(("-c", "--c"))


@pytest.mark.parametrize(("line", "path", "constraint"), list(includes()))
def test_includes_and_constraints(declared: Declared, line: str, path: str, constraint: bool) -> None:
    found = declared("requirements.txt", f"numpy\n{line}\n")
    assert [(i.path, i.constraint, i.span.line) for i in found.includes] == [(path, constraint, 2)]


def test_what_can_not_be_read_is_named_with_its_line_and_the_rest_is_kept(facts_of: FactsOf) -> None:
    found, problems = facts_of("requirements.txt", "numpy==1.26.4\n!! broken\n--hash=sha256:00 torch\npandas\n")
    assert found is not None
    assert (found.dependencies[0].name, found.dependencies[-1].name) == ("numpy", "pandas")
    assert 2 in {problem.span.line for problem in problems}
