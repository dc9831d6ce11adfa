"""Requirements files are read as pip reads them, with places."""

import pytest

from reprocheck.model.place import Span
from reprocheck.project.documents.requirements_file import Requirement, Requirements, read_requirements
from reprocheck.project.source import SourceText, decode_text


def read(text: str) -> Requirements:
    return read_requirements(SourceText("requirements.txt", text))


def only(text: str) -> Requirement:
    found = read(text)
    assert not found.problems
    (entry,) = found.entries
    return entry


@pytest.mark.parametrize(
    ("text", "name", "specifier", "extras", "marker"),
    [
        ("numpy", "numpy", "", (), None),
        ("numpy==1.2.3", "numpy", "==1.2.3", (), None),
        ("NumPy_Ext.X == 1.2.*", "numpy-ext-x", "==1.2.*", (), None),
        ("a>=1,<2", "a", "<2,>=1", (), None),
        ("a (>=1)", "a", ">=1", (), None),
        ("torch==2.1.0+cu118", "torch", "==2.1.0+cu118", (), None),
        ("a===odd-1", "a", "===odd-1", (), None),
        ("a[y, X]~=1.0", "a", "~=1.0", ("X", "y"), None),
        ('a; python_version<"3.9"', "a", "", (), 'python_version < "3.9"'),
        ("a==${VER}", "a", "==${VER}", (), None),
        ("a[x]==${VER} ; sys_platform=='linux'", "a", "==${VER}", ("x",), "sys_platform=='linux'"),
    ],
)
def test_requirements_by_name(
    text: str, name: str, specifier: str, extras: tuple[str, ...], marker: str | None
) -> None:
    entry = only(f"  {text}  # comment")
    assert (entry.name, entry.specifier, entry.extras, entry.marker) == (name, specifier, extras, marker)
    assert (entry.text, entry.url, entry.editable) == (text, None, False)
    assert entry.span == Span(1, 3, 1, 3 + len(text))


@pytest.mark.parametrize(
    ("text", "name", "url", "vcs", "revision"),
    [
        ("https://x.org/a-1.0-py3-none-any.whl", None, "https://x.org/a-1.0-py3-none-any.whl", None, None),
        ("a @ https://x.org/a.zip#sha256=0", "a", "https://x.org/a.zip#sha256=0", None, None),
        ("git+https://u@h/a/b", None, "git+https://u@h/a/b", "git", None),
        (
            "git+https://h/a/b@f/x#egg=My_B[e]",
            "my-b",
            "git+https://h/a/b@f/x#egg=My_B[e]",
            "git",
            "f/x",
        ),
        ("B@git+ssh://git@h/a/b.git@v1", "b", "git+ssh://git@h/a/b.git@v1", "git", "v1"),
        ("hg+http://h/a@tip#subdirectory=x", None, "hg+http://h/a@tip#subdirectory=x", "hg", "tip"),
        ("file:///a/b", None, "file:///a/b", None, None),
        ("./a", None, "./a", None, None),
        ("..\\a", None, "..\\a", None, None),
        ("/abs/a.tar.gz", None, "/abs/a.tar.gz", None, None),
        ("a-1.0-py3-none-any.whl", None, "a-1.0-py3-none-any.whl", None, None),
        ("a @ https://${TOKEN}@h/a.whl", "a", "https://${TOKEN}@h/a.whl", None, None),
    ],
)
def test_requirements_by_url_or_path(
    text: str, name: str | None, url: str, vcs: str | None, revision: str | None
) -> None:
    for prefix, editable in (("", False), ("-e ", True), ("--editable=", True)):
        if editable and " " in text:
            continue
        entry = only(prefix + text)
        assert (entry.name, entry.url, entry.vcs, entry.revision) == (name, url, vcs, revision)
        assert entry.editable is editable
        assert entry.span == Span(1, 1 + len(prefix), 1, 1 + len(prefix) + len(text))


def test_a_path_may_have_extras_and_a_url_a_marker() -> None:
    entry = only("-e .[dev,gpu]")
    assert (entry.url, entry.extras, entry.editable) == (".", ("dev", "gpu"), True)
    entry = only('a[x] @ https://h/a;b.whl ; python_version > "3"')
    assert (entry.url, entry.marker, entry.extras) == ("https://h/a;b.whl", 'python_version > "3"', ("x",))


def test_hashes_follow_over_continuations() -> None:
    source = SourceText("r", "é # c\r\na==1 \\\r\n    --hash=sha256:00 \\\r\n    --hash sha256:11  # via b\r\nc\r\n")
    found = read_requirements(source)
    assert found.entries[0].hashes == ("sha256:00", "sha256:11")
    assert found.entries[0].span == Span(2, 1, 2, 5)
    assert found.options == ()
    assert found.entries[1].span == Span(5, 1, 5, 2)
    assert [problem.span for problem in found.problems] == [Span(1, 1, 1, 2)]


def test_a_requirement_may_be_continued_itself() -> None:
    entry = only("numpy\\\n>=1\\\n  ,<2")
    assert entry.specifier == "<2,>=1"
    assert entry.span == Span(1, 1, 3, 6)


def test_a_comment_ends_a_continuation() -> None:
    found = read("a==1\\\n# comment \\\nb\n# only \\\nc # x \\\nd\n")
    assert [entry.name for entry in found.entries] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("-r base.txt", "--requirement", "base.txt"),
        ("-rbase.txt", "--requirement", "base.txt"),
        ("--requirement=base.txt", "--requirement", "base.txt"),
        ("-c  constraints.txt", "--constraint", "constraints.txt"),
        ("-i https://${U}@x/simple", "--index-url", "https://${U}@x/simple"),
        ("--extra-index-url https://x#y", "--extra-index-url", "https://x#y"),
        ("-f 'a b'", "--find-links", "a b"),
        ("--find-links ./wheels", "--find-links", "./wheels"),
        ("--no-index", "--no-index", None),
        ("--pre", "--pre", None),
        ("--no-binary :all:", "--no-binary", ":all:"),
        ("--use-feature=fast-deps", "--use-feature", "fast-deps"),
    ],
)
def test_options_have_their_long_name_and_their_place(text: str, name: str, value: str | None) -> None:
    found = read(f" {text}  # comment")
    assert not found.problems
    assert [(option.name, option.value) for option in found.options] == [(name, value)]
    assert found.options[0].span == Span(1, 2, 1, 2 + len(text))


def test_options_behind_a_requirement_are_kept() -> None:
    found = read('a --config-settings="x=y z" --global-option=q\n')
    assert [(option.name, option.value) for option in found.options] == [
        ("--config-settings", "x=y z"),
        ("--global-option", "q"),
    ]
    assert found.entries[0].text == "a"


@pytest.mark.parametrize("line", ["a b c", "==1", "a==", "--wat", "-r", "{{ x }}", "a[", "\x00", "<<<<<<< HEAD"])
def test_an_unreadable_line_is_a_problem_and_the_rest_goes_on(line: str) -> None:
    found = read(f"first\n{line}\nlast\n")
    assert [entry.name for entry in found.entries] == ["first", "last"]
    assert [problem.span.line for problem in found.problems] == [2]


def test_nothing_is_read_from_nothing() -> None:
    assert read("\n  \n# c\n\\\n") == Requirements((), (), ())


def test_a_byte_order_mark_moves_nothing() -> None:
    text, _ = decode_text(b"\xef\xbb\xbfa==1")
    assert only(text).span == Span(1, 1, 1, 5)


def test_long_files_are_read_whole() -> None:
    assert len(read("".join(f"package-{n}==1.{n}\n" for n in range(100_000))).entries) == 100_000


@pytest.mark.parametrize(
    "text", ["a" + " " * 200_000 + "b", "a" * 200_000, "a[" * 90_000, "\\\n" * 90_000, "'" * 90_001]
)
def test_odd_lines_do_not_hold_up(text: str) -> None:
    read(text)


def test_lines_that_conda_wrote_are_one_problem() -> None:
    found = read("zlib=1.2.11=h1de35cc_3\nnumpy==1.26.4\ncertifi=2020.4.5.1=py37_0\nxz=5.2.4=h1_4\n")
    assert [entry.name for entry in found.entries] == ["numpy"]
    (problem,) = found.problems
    assert problem.span.line == 1
    assert "neither are 2 other lines" in problem.message
    assert "conda list --export" in problem.message


def test_other_lines_are_not_put_down_to_conda() -> None:
    (problem,) = read("zlib=1.2.11=h1de35cc_3\n=3\n").problems
    assert "neither is 1 other line" in problem.message
    assert "conda" not in problem.message
