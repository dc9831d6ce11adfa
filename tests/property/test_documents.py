"""For every file: values are those of the reference reader, and each span cuts out the text of its value."""

from __future__ import annotations

import json
import math
import shlex
import tomllib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reprocheck.project.documents import yaml_file
from reprocheck.project.documents.dockerfile import read_dockerfile, shell_commands
from reprocheck.project.documents.image_reference import parse_image_reference
from reprocheck.project.documents.json_file import read_json
from reprocheck.project.documents.positions import LineTable
from reprocheck.project.documents.requirements_file import read_requirements
from reprocheck.project.documents.shell import read_commands
from reprocheck.project.documents.toml_file import read_toml
from reprocheck.project.documents.tree import Document, Mapping, Node, Scalar, walk
from reprocheck.project.documents.yaml_file import read_yaml
from reprocheck.project.source import SourceText

UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers() | st.floats(allow_nan=False)
SCALARS = st.none() | st.booleans() | NUMBERS | UNICODE
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(UNICODE, inner, max_size=4),
    max_leaves=12,
)


def value_of(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {entry.key.value: value_of(entry.value) for entry in node.entries}
    return [value_of(item) for item in node.items]


def keys(document: Document) -> list[Scalar]:
    nodes = [node for root in document.roots for _, node in walk(root)]
    return [entry.key for node in nodes if isinstance(node, Mapping) for entry in node.entries]


def values(document: Document) -> list[Scalar]:
    return [node for root in document.roots for _, node in walk(root) if isinstance(node, Scalar)]


def same(left: object, right: object) -> bool:
    """Equal, of the same type, not-a-number equal to itself."""
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    return left == right and type(left) is type(right)


@given(st.text(st.sampled_from("a\r\n\x0c\u2028é"), max_size=20), st.data())
def test_every_stretch_of_text_has_its_span(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    expected = text[start:end].replace("\r\n", "\n").replace("\r", "\n")
    if text[end - 1 : end + 1] != "\r\n" and text[start - 1 : start + 1] != "\r\n":
        assert SourceText("x", text).slice(LineTable(text).span(start, end)) == expected


@given(value=VALUES, indent=st.sampled_from([None, 1, "\t"]), plain=st.booleans(), end=st.sampled_from(["\n", "\r\n"]))
def test_json_agrees_with_the_standard_library(
    *, value: object, indent: int | str | None, plain: bool, end: str
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=plain).replace("\n", end)
    source = SourceText("x", text)
    document = read_json(source, strict=True)
    assert not document.problems
    assert value_of(document.roots[0]) == json.loads(text)
    for scalar in [*keys(document), *values(document)]:
        assert same(json.loads(source.slice(scalar.span)), scalar.value)
    for _, node in walk(document.roots[0]):
        assert json.loads(source.slice(node.span)) == value_of(node)


JSON_PARTS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"\\n"',
    '"',
    "\\",
    "1",
    "-",
    ".",
    "0",
    "e5",
    "true",
    "nul",
    "NaN",
    " ",
]
JSON_PARTS += ["\n", "é", "\x00", "\t", "Infinity"]


@given(st.lists(st.sampled_from(JSON_PARTS), max_size=12).map("".join))
def test_strict_json_is_what_the_standard_library_reads(text: str) -> None:
    document = read_json(SourceText("x", text), strict=True)
    try:
        expected = json.loads(text)
    except ValueError:
        assert document.roots == ()
        assert len(document.problems) == 1
    else:
        assert not document.problems
        assert json.dumps(value_of(document.roots[0])) == json.dumps(expected)


@pytest.mark.parametrize("loader", [yaml_file._LOADER, yaml.SafeLoader], ids=["fast", "python"])
@given(
    documents=st.lists(VALUES, min_size=1, max_size=3),
    flow=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    style=st.sampled_from([None, '"', "'", "|"]),
)
def test_yaml_agrees_with_pyyaml(
    *, loader: type, documents: list[object], flow: bool, end: str, style: str | None
) -> None:
    text = yaml.safe_dump_all(
        documents, default_flow_style=flow, allow_unicode=True, default_style=style, width=1000, sort_keys=False
    )
    text = text.replace("\n", end)
    source = SourceText("x", text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_file, "_LOADER", loader)
        document = read_yaml(source)
    assert not document.problems
    expected = list(yaml.safe_load_all(text))
    assert len(document.roots) == len(expected)
    for root, value in zip(document.roots, expected, strict=True):
        assert same(value_of(root), value)
    for scalar in [*keys(document), *values(document)]:
        written = source.slice(scalar.span)
        if written[:1] in ("|", ">") or written.startswith("!"):
            continue  # what a block means depends on the indentation around it
        assert same(yaml.safe_load(written), scalar.value)


YAML_PARTS = [
    "a",
    ": ",
    "- ",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "&x ",
    "*x",
    "'",
    '"',
    "|\n",
    "? ",
    "!t ",
    "---\n",
    "é",
]
YAML_PARTS += ["# ", "\t", "%", "\r\n", "<<: ", "1", "\x85", "\u2028", "...\n", "@"]


@given(st.lists(st.sampled_from(YAML_PARTS), max_size=15).map("".join))
def test_yaml_reads_the_documents_that_pyyaml_composes(text: str) -> None:
    document = read_yaml(SourceText("x", text))
    composed = 0
    fails = False
    try:
        for _ in yaml.compose_all(text, Loader=yaml_file._LOADER):
            composed += 1
    except yaml.YAMLError:
        fails = True
    assert len(document.roots) == composed
    assert any(problem.fatal for problem in document.problems) == fails


KEYS = st.sampled_from(["a", "b-1", "2", "c_d"]) | UNICODE


@st.composite
def toml_strings(draw: st.DrawFn) -> str:
    value = draw(UNICODE)
    literal = value if value.isprintable() and "'" not in value else "x"
    return draw(
        st.sampled_from(
            [
                toml_basic(value),
                f"'{literal}'",
                f"'''\n{literal}\n'''''",
                f'"""{toml_basic(value)[1:-1]}\\\n  {toml_basic(value)[1:-1]}"""',
                f'"""\n{toml_basic(value)[1:-1]}"x""y\n"""',
            ]
        )
    )


def toml_basic(value: str) -> str:
    escaped = "".join(char if char.isprintable() and char not in '"\\' else f"\\U{ord(char):08x}" for char in value)
    return f'"{escaped}"'


def toml_key(value: str) -> str:
    return value if value.isascii() and value.replace("-", "").replace("_", "").isalnum() else toml_basic(value)


TOML_SCALARS = toml_strings() | st.sampled_from(
    [
        "0",
        "+1",
        "-1_000",
        "0xDEAD_beef",
        "0o17",
        "0b11",
        "1.5",
        "6.02e+23",
        "-0.0",
        "inf",
        "-nan",
        "1e5",
        "true",
        "false",
    ]
)
TOML_VALUES = st.recursive(
    TOML_SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[" + ",\n  # é\n ".join(items) + "]")
        | st.dictionaries(KEYS.map(toml_key), inner, max_size=3).map(
            lambda table: "{ " + ", ".join(f"{key} = {value}" for key, value in table.items()) + " }"
        )
    ),
    max_leaves=5,
)
DOTTED = st.lists(KEYS.map(toml_key), min_size=1, max_size=3).map(" . ".join)
TOML_LINES = st.one_of(
    DOTTED.map("[{}]".format),
    DOTTED.map("[[ {} ]] # é".format),
    st.tuples(DOTTED, TOML_VALUES).map(" = ".join),
    st.tuples(DOTTED, TOML_VALUES).map(" = ".join),
    st.just("# comment"),
)
TOML = st.lists(TOML_LINES, max_size=7).map("\n".join)


@given(TOML, st.sampled_from(["\n", "\r\n"]))
def test_toml_agrees_with_the_standard_library(text: str, end: str) -> None:
    text = text.replace("\n", end)
    source = SourceText("x", text)
    document = read_toml(source)
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert len(document.problems) == 1
        assert document.problems[0].fatal
        return
    assert not document.problems
    assert repr(value_of(document.roots[0])) == repr(expected)
    for key in keys(document):
        assert tomllib.loads(f"{source.slice(key.span)} = 1") == {key.value: 1}
    for scalar in values(document):
        assert same(tomllib.loads(f"x = {source.slice(scalar.span)}")["x"], scalar.value)


@given(
    TOML, st.integers(0, 200), st.sampled_from(['"', "'", "=", "[", "]", "}", ".", "\n", "\\", "\x00", "1", ",", "_"])
)
def test_damaged_toml_has_the_verdict_of_the_standard_library(text: str, place: int, part: str) -> None:
    text = text[:place] + part + text[place:]
    document = read_toml(SourceText("x", text))
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert len(document.problems) == 1
    else:
        assert not document.problems
        assert repr(value_of(document.roots[0])) == repr(expected)


SHELL_PARTS = [
    "a",
    " ",
    "\n",
    "'",
    '"',
    "\\",
    "$(",
    ")",
    "(",
    "`",
    "${",
    "}",
    ";",
    "&&",
    "|",
    ">",
    "<<A",
    "A",
    "#",
    "=",
    "if ",
]
SHELL_PARTS += ["é", "2>&1", "{", "\r\n", "\x00", "\xa0"]


@given(st.lists(st.sampled_from(SHELL_PARTS), max_size=20).map("".join))
def test_any_shell_text_is_split_in_order(text: str) -> None:
    source = SourceText("x", text)
    commands = read_commands(text)
    spans = [word.span for command in commands for word in command.words]
    assert spans == sorted(spans)
    for command in commands:
        assert command.words or command.assignments or command.redirects
        for word in command.words:
            written = source.slice(word.span)
            assert command.span.line <= word.span.line
            if not any(char in written for char in "\\'\"`$"):
                assert written == word.text


@given(st.lists(UNICODE.filter(lambda word: "\r" not in word), min_size=1, max_size=5))
def test_quoted_words_are_read_back(words: list[str]) -> None:
    (command,) = read_commands("run " + shlex.join(words) + " # comment")
    assert command.argv == ("run", *words)


@given(
    st.lists(
        st.sampled_from([*SHELL_PARTS, "FROM ", "RUN ", "COPY ", "--from=x ", "ARG ", "AS ", "[", "]", "\\\n"]),
        max_size=25,
    )
)
def test_any_dockerfile_is_read_with_places(parts: list[str]) -> None:
    source = SourceText("x", "".join(parts))
    document = read_dockerfile(source)
    previous = (0, 0)
    for instruction in document.instructions:
        assert previous <= (instruction.span.line, instruction.span.column)
        previous = (instruction.span.end_line, instruction.span.end_column)
        assert source.slice(instruction.span).upper().startswith(instruction.name[:1])
        for argument in instruction.arguments:
            if not instruction.exec_form and argument.span.line == argument.span.end_line:
                assert source.slice(argument.span) == argument.text
        shell_commands(instruction)
    for use in document.image_uses():
        assert use.stage < len(document.stages)


NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,6}[A-Za-z0-9])?", fullmatch=True)
PINS = st.sampled_from(["", "==1.0", "==1.0.0", ">=1", "~=2.1", "!=3", "==1.*", "==1.0+cpu", "<2,>=1"])
REQUIREMENT_PARTS = [
    "a",
    "==1",
    " ",
    "\n",
    "\\\n",
    "#",
    ";",
    "-e ",
    "-r",
    "--hash=",
    "@",
    "git+https://",
    "[",
    "]",
    "$",
    "{",
    "'",
    "/",
]


@given(st.lists(st.tuples(NAMES, PINS), max_size=5), st.sampled_from(["\n", "\r\n", " # é\n", " \\\n\n"]))
def test_requirements_are_read_back(lines: list[tuple[str, str]], end: str) -> None:
    source = SourceText("x", "".join(f"{name}{pin}{end}" for name, pin in lines))
    found = read_requirements(source)
    assert not found.problems
    assert [source.slice(entry.span) for entry in found.entries] == [name + pin for name, pin in lines]
    assert [entry.specifier for entry in found.entries] == [pin for _, pin in lines]


@given(st.lists(st.sampled_from(REQUIREMENT_PARTS), max_size=20).map("".join))
def test_any_requirements_file_is_read_with_places(text: str) -> None:
    source = SourceText("x", text)
    found = read_requirements(source)
    for entry in found.entries:
        assert entry.text in source.slice(entry.span).replace("\\\n", "")


REGISTRIES = st.sampled_from(["", "localhost/", "ghcr.io/", "host:5000/", "a.b-c.d/", "LOCAL/"])
COMPONENTS = st.from_regex(r"[a-z0-9]{1,4}((\.|_|__|-{1,3})[a-z0-9]{1,4})?", fullmatch=True)
TAGS = st.just("") | st.from_regex(r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,5}", fullmatch=True)
DIGESTS = st.just("") | st.just("@sha256:" + "0f" * 32)


@given(REGISTRIES, st.lists(COMPONENTS, min_size=1, max_size=3).map("/".join), TAGS, DIGESTS)
def test_image_references_are_taken_apart(registry: str, path: str, tag: str, digest: str) -> None:
    first = path.split("/", maxsplit=1)[0]
    image = parse_image_reference(registry + path + tag + digest)
    assert image is not None
    assert (image.tag, image.digest) == (tag[1:] or None, digest[1:] or None)
    if registry or "/" not in path:
        assert image.repository.removeprefix("library/") == path
        assert image.registry == (registry[:-1] or "docker.io")
    else:
        has_registry = "." in first or first == "localhost"
        assert (image.registry == first) == has_registry
