"""Shell text is split into simple commands and never refused."""

import pytest

from reprocheck.model.place import Span
from reprocheck.project.documents.shell import ShellCommand, read_commands


def argvs(text: str) -> list[list[str]]:
    return [list(command.argv) for command in read_commands(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b && c || d; e | f & g", [["a", "b"], ["c"], ["d"], ["e"], ["f"], ["g"]]),
        ("a |& b", [["a"], ["b"]]),
        ("a\nb\r\nc\rd", [["a"], ["b"], ["c"], ["d"]]),
        ("pip install \\\n  'x>=1' \\\r\n  \"y z\"", [["pip", "install", "x>=1", "y z"]]),
        ("to\\\nrch", [["torch"]]),
        ("a # b; c\nd#e", [["a"], ["d#e"]]),
        ('a \'b; c\' "d && $(e; f \\")\\")" \\;', [["a", "b; c", 'd && $(e; f ")")', ";"]]),
        ("x=$(a; b | c) d", [["d"]]),
        ("a $(b 'c)' \"d)\"; (e)) f", [["a", "$(b 'c)' \"d)\"; (e))", "f"]]),
        ("a ${b:-c d} `e; f` g", [["a", "${b:-c d}", "`e; f`", "g"]]),
        ("diff <(a; b) >(c)", [["diff", "<(a; b)", ">(c)"]]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("while ! a; do b; done", [["a"], ["b"]]),
        ("for i in 1 2; do a; done", [["for", "i", "in", "1", "2"], ["a"]]),
        ("f() { a; }; f", [["a"], ["f"]]),
        ("case x in\n a) b;;\n *) c;;\nesac", [["case", "x", "in"], ["b"], ["c"]]),
        ("(cd a && b); { c; }", [["cd", "a"], ["b"], ["c"]]),
        ("'if' a", [["if", "a"]]),
        ("a=(1 2; 3) b", [["b"]]),
        ("sudo -E env X=1 time exec python a.py", [["sudo", "-E", "env", "X=1", "time", "exec", "python", "a.py"]]),
        ("a --b=c 'd'e\"f\"", [["a", "--b=c", "def"]]),
        ("echo ''", [["echo", ""]]),
        ("echo 'open; x\ny", [["echo", "open; x\ny"]]),
        ('echo "open; x', [["echo", "open; x"]]),
        ("echo $(open; x", [["echo", "$(open; x"]]),
        ("a \\", [["a", ""]]),
        ("$X $", [["$X", "$"]]),
        ("a\xa0b \x00", [["a\xa0b", "\x00"]]),
        (";;; && ) (", []),
    ],
)
def test_commands_are_split(text: str, expected: list[list[str]]) -> None:
    assert argvs(text) == expected


def test_bodies_of_here_documents_are_no_commands() -> None:
    text = "cat <<EOF > a; b <<-'X Y'\nfoo; bar\nEOF\n\tbaz\n\tX Y\nc\n"
    assert argvs(text) == [["cat"], ["b"], ["c"]]


def test_only_a_dash_takes_the_tabs_before_the_end_of_a_here_document() -> None:
    assert argvs("cat <<A\n\tA\nfoo\nA\nb") == [["cat"], ["b"]]


def test_a_here_document_without_end_reaches_to_the_end() -> None:
    assert argvs("cat <<EOF\nfoo\nbar") == [["cat"]]


def only(text: str, first_line: int = 1) -> ShellCommand:
    (command,) = read_commands(text, first_line)
    return command


def test_assignments_in_front_are_apart() -> None:
    command = only('A=1 B+="x y" python C=2')
    assert [(found.name, found.value) for found in command.assignments] == [("A", "1"), ("B", "x y")]
    assert command.argv == ("python", "C=2")
    assert command.assignments[1].span == Span(1, 5, 1, 13)


def test_a_quoted_assignment_is_a_word() -> None:
    assert only("'A=1' b").argv == ("A=1", "b")


def test_redirects_are_apart() -> None:
    command = only("a 2>&1 >> log <in &> all 3< x b <<< y")
    assert command.argv == ("a", "b")
    assert [(found.operator, found.target) for found in command.redirects] == [
        ("2>&", "1"),
        (">>", "log"),
        ("<", "in"),
        ("&>", "all"),
        ("3<", "x"),
        ("<<<", "y"),
    ]


def test_words_stand_where_they_stand() -> None:
    command = only("é \\\n  'pip' x\\\ny z", 40)
    assert [word.span for word in command.words] == [
        Span(40, 1, 40, 2),
        Span(41, 3, 41, 8),
        Span(41, 9, 42, 2),
        Span(42, 3, 42, 4),
    ]
    assert command.span == Span(40, 1, 42, 4)


def test_the_separator_behind_a_command_is_told() -> None:
    assert [command.separator for command in read_commands("a | b && c\nd")] == ["|", "&&", "\n", ""]


def test_a_long_file_is_read_whole() -> None:
    assert len(read_commands("pip install a && b\n" * 20_000)) == 40_000


@pytest.mark.parametrize("part", ["(", "$(", '"', "`", "${", "<<A ", "'", "\\", "f()", "{ "])
def test_open_ends_without_number_are_read_in_one_go(part: str) -> None:
    read_commands(part * 50_000)
