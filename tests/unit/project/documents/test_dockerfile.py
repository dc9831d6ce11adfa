"""Dockerfiles: instructions with places, stages, scopes, image uses."""

import pytest

from reprocheck.model.place import Span
from reprocheck.project.documents.dockerfile import Dockerfile, read_dockerfile, shell_commands
from reprocheck.project.documents.image_reference import parse_image_reference
from reprocheck.project.source import SourceText, decode_text


def read(text: str) -> Dockerfile:
    return read_dockerfile(SourceText("Dockerfile", text))


def clean(text: str) -> Dockerfile:
    document = read(text)
    assert document.problems == ()
    return document


def uses(text: str) -> list[tuple[str, str, str | None]]:
    source = SourceText("Dockerfile", text)
    found = list(read_dockerfile(source).image_uses())
    assert [source.slice(use.span) for use in found] == [use.written for use in found]
    assert all(use.image == parse_image_reference(use.resolved or "") for use in found)
    return [(use.via, use.written, use.resolved) for use in found]


def test_instructions_have_names_words_and_places() -> None:
    document = clean("# é\r\nfrom\tpython:3 as X\r\n  RUN echo 'é  b' \"c d\" e\\ f  \r\n")
    first, second = document.instructions
    assert (first.name, first.text) == ("FROM", "python:3 as X")
    assert first.span == Span(2, 1, 2, 19)
    assert [argument.text for argument in second.arguments] == ["echo", "'é  b'", '"c d"', "e\\ f"]
    assert second.arguments[2].span == Span(3, 19, 3, 24)
    assert second.span == Span(3, 3, 3, 29)


def test_a_byte_order_mark_moves_nothing() -> None:
    text, _ = decode_text(b"\xef\xbb\xbfFROM a")
    assert clean(text).stages[0].span == Span(1, 6, 1, 7)


def test_continuations_join_over_comments_and_empty_lines() -> None:
    document = clean("FROM a\nRUN x \\  \n  # comment \\\n\n  y \\\n# other\n&& z\nUSER u\n")
    run = document.instructions[1]
    assert run.text == "x   y && z"
    assert [argument.span.line for argument in run.arguments] == [2, 5, 7, 7]
    assert run.span == Span(2, 1, 7, 5)
    assert document.instructions[2].span.line == 8


def test_an_escaped_escape_continues_nothing() -> None:
    assert [found.name for found in clean("FROM a\nRUN x \\\\\nUSER u").instructions] == ["FROM", "RUN", "USER"]


def test_a_word_may_be_continued() -> None:
    document = clean("FROM pyt\\\nhon:3\n")
    assert document.stages[0].base == "python:3"
    assert document.stages[0].span == Span(1, 6, 2, 6)


def test_a_continuation_at_the_end_of_the_file_ends_there() -> None:
    assert clean("FROM a\nRUN x \\").instructions[1].text == "x"


def test_directives_stand_at_the_top() -> None:
    document = clean("# Syntax = docker/dockerfile:1\n#escape=`\n\nFROM a\nRUN x `\n y\\\n")
    assert [(found.name, found.value) for found in document.directives] == [
        ("syntax", "docker/dockerfile:1"),
        ("escape", "`"),
    ]
    assert document.directives[0].span == Span(1, 12, 1, 31)
    assert document.escape == "`"
    assert document.instructions[1].text == "x  y\\"


@pytest.mark.parametrize("above", ["# a comment\n", "\n", "# unknown=x\n", "FROM b\n"])
def test_a_directive_below_anything_else_is_a_comment(above: str) -> None:
    document = clean(f"{above}# escape=`\nFROM a\nRUN x `\nUSER u\n")
    assert document.escape == "\\"
    assert document.instructions[-1].name == "USER"


def test_an_impossible_escape_is_a_problem() -> None:
    assert [problem.fatal for problem in read("# escape=x\nFROM a").problems] == [False]


def test_flags_are_apart_from_arguments() -> None:
    text = 'FROM --platform=$BUILDPLATFORM a\nCOPY --link --chown="a b" --from=x -- --y z\n'
    copy = clean(text).instructions[1]
    assert [(flag.name, flag.value) for flag in copy.flags] == [("link", None), ("chown", '"a b"'), ("from", "x")]
    assert [argument.text for argument in copy.arguments] == ["--y", "z"]
    flag = copy.flag("from")
    assert flag is not None
    assert (flag.span, flag.value_span) == (Span(2, 27, 2, 35), Span(2, 34, 2, 35))
    assert copy.flag("chmod") is None


def test_exec_form_is_read_as_json() -> None:
    source = SourceText("Dockerfile", 'FROM a\nCMD [ "é", "a \\"b\\"", \\\n "c" ]\nENTRYPOINT [ bad ]\nRUN ["a", 1]\n')
    document = read_dockerfile(source)
    command, entry, run = document.instructions[1:]
    assert command.exec_form
    assert [argument.text for argument in command.arguments] == ["é", 'a "b"', "c"]
    assert [source.slice(argument.span) for argument in command.arguments] == ['"é"', '"a \\"b\\""', '"c"']
    assert not entry.exec_form
    assert not run.exec_form
    assert not read("FROM a\nCMD " + "[" * 100_000).instructions[1].exec_form


def test_here_documents_belong_to_their_instruction() -> None:
    text = 'FROM a\nRUN <<A cat <<-"B" 3<<C\none\nB\nA\n\ttwo\n\tB\nC\nUSER u\n'
    document = clean(text)
    run = document.instructions[1]
    assert [(found.name, found.text, found.expand, found.strip_tabs) for found in run.heredocs] == [
        ("A", "one\nB", True, False),
        ("B", "\ttwo", False, True),
        ("C", "", True, False),
    ]
    assert run.heredocs[0].span == Span(3, 1, 4, 2)
    assert run.span == Span(2, 1, 8, 2)
    assert document.instructions[2].name == "USER"


def test_a_here_document_without_end_is_a_problem() -> None:
    document = read("FROM a\nRUN <<EOF\nx\n")
    assert [(problem.span, problem.fatal) for problem in document.problems] == [(Span(2, 5, 2, 10), True)]


@pytest.mark.parametrize("line", ["RUN cat <<<x", "RUN echo '<<x y'", 'CMD ["<<x"]', "USER <<x", "RUN a<<x"])
def test_what_only_looks_like_a_here_document_is_none(line: str) -> None:
    assert clean(f"FROM a\n{line}\nWORKDIR x\n").instructions[-1].name == "WORKDIR"


def test_stages_know_their_base_and_their_parent() -> None:
    document = clean("FROM a:1 AS Base\nFROM base as next\nFROM scratch\nFROM other\n")
    assert [(stage.name, stage.base, stage.parent) for stage in document.stages] == [
        ("Base", "a:1", None),
        ("next", "base", 0),
        (None, "scratch", None),
        (None, "other", None),
    ]
    assert document.stages[0].span == Span(1, 6, 1, 9)


def test_from_sees_the_arguments_before_it_and_nothing_else() -> None:
    text = """\
ARG TAG=3.11
ARG IMAGE=python:${TAG}-slim OPEN
FROM $IMAGE AS a
ARG INNER=x
ENV OUTER=y
FROM b:${INNER} AS c
FROM b:${OUTER}
FROM b:${OPEN}
FROM b:${OPEN:-1}
FROM "b:${TAG}"
FROM --platform=$BUILDPLATFORM b:$TARGETARCH
"""
    assert [stage.resolved for stage in clean(text).stages] == [
        "python:3.11-slim",
        None,
        None,
        None,
        "b:1",
        "b:3.11",
        None,
    ]


def test_a_stage_sees_its_own_variables() -> None:
    text = """\
ARG GLOBAL=g
ARG HIDDEN=h
FROM a AS one
ARG GLOBAL
ARG LOCAL=l-$GLOBAL-$HIDDEN
ARG SET=1 OPEN
ENV SET=2 SEEN=$SET
ARG SET=3
ENV OLD the rest $GLOBAL
ENV PATH=/x:$PATH
FROM one
RUN x
FROM a
RUN y
"""
    document = clean(text)
    last = document.variables_at(11)
    assert last == {"GLOBAL": "g", "LOCAL": None, "SET": "2", "SEEN": "1", "OLD": "the rest g", "PATH": None}
    assert document.variables_at(6) == {"GLOBAL": "g", "LOCAL": None, "SET": "1"}
    assert document.variables_at(13) == {}
    assert document.variables_at(2)["HIDDEN"] == "h"
    first = document.stages[0].variables
    assert [(found.name, found.is_set) for found in first if not found.is_set] == [("OPEN", False)]
    assert next(found for found in first if found.name == "SEEN").span == Span(7, 11, 7, 20)


def test_every_use_of_an_image_is_listed() -> None:
    text = """\
FROM a:1 AS build
FROM build AS next
FROM scratch
COPY --from=build /x /x
COPY --from=0 /x /x
COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /uv
COPY --from=$X /x /x
RUN --mount=type=cache,target=/c --mount=type=bind,from=b:2,source=/x ls
RUN --mount=from=next,target=/x ls
COPY /x /x
"""
    assert uses(text) == [
        ("FROM", "a:1", "a:1"),
        ("COPY --from", "ghcr.io/astral-sh/uv:0.5", "ghcr.io/astral-sh/uv:0.5"),
        ("COPY --from", "$X", None),
        ("RUN --mount", "b:2", "b:2"),
    ]


def test_commands_of_a_shell_form_stand_where_they_stand() -> None:
    source = SourceText(
        "Dockerfile",
        "FROM a\nRUN --mount=target=/x \\\n  # why\n  pip install \\\n\n    'torch' && \\\n# c\n    é x\nUSER u\n",
    )
    commands = shell_commands(read_dockerfile(source).instructions[1])
    assert [command.argv for command in commands] == [("pip", "install", "torch"), ("é", "x")]
    assert [source.slice(word.span) for command in commands for word in command.words] == [
        "pip",
        "install",
        "'torch'",
        "é",
        "x",
    ]


def test_commands_come_from_exec_form_and_here_documents_too() -> None:
    document = clean('FROM a\nCMD ["python", "a b.py"]\nRUN <<E\npip x\ny\nE\nRUN python <<E\nprint()\nE\nUSER u\n')
    found = [
        [(command.argv, command.span.line) for command in shell_commands(instruction)]
        for instruction in document.instructions[1:]
    ]
    assert found == [[(("python", "a b.py"), 2)], [(("pip", "x"), 4), (("y",), 5)], [(("python",), 7)], []]


def test_a_backtick_continues_a_command_as_a_backslash_does() -> None:
    document = clean("# escape=`\nFROM a\nRUN x `\n  y\n")
    assert [command.argv for command in shell_commands(document.instructions[1])] == [("x", "y")]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", [(1, True)]),
        ("# only a comment", [(1, True)]),
        ("RUN x\nFROM a", [(1, True)]),
        ("FROM\nFROM a", [(1, True)]),
        ("FROM a b", [(1, True)]),
        ("FROM a AS b c", [(1, True)]),
        ("FROM a\n{{ template }}\nUSER u", [(2, False)]),
    ],
)
def test_what_is_not_understood_is_a_problem_and_the_rest_is_read(text: str, problems: list[tuple[int, bool]]) -> None:
    assert [(problem.span.line, problem.fatal) for problem in read(text).problems] == problems


def test_a_variable_bomb_is_unknown() -> None:
    lines = ["ARG a0=xxxxxxxxxx"] + [f"ARG a{n}={f'$a{n - 1}' * 10}" for n in range(1, 30)]
    assert clean("\n".join([*lines, "FROM b:$a29"])).stages[0].resolved is None


def test_null_bytes_hurt_nothing() -> None:
    assert clean("FROM a\x00b\nRUN \x00\n").stages[0].base == "a\x00b"


def test_long_files_are_read_whole() -> None:
    long_run = "FROM a\nRUN x \\\n" + "  && y \\\n" * 50_000 + "  z\n"
    assert len(shell_commands(clean(long_run).instructions[1])) == 50_001
    many = "".join(f"ENV a{n}={n}\n" for n in range(50_000))
    assert len(clean("FROM a\n" + many).stages[0].variables) == 50_000
