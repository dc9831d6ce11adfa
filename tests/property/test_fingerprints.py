"""Fingerprints outlive edits that change nothing about the finding."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from reprocheck.model.fingerprint import context, fingerprint
from reprocheck.project.discovery import ProjectFile
from reprocheck.project.file_kinds import FileKind
from reprocheck.project.python.statements import normalized
from reprocheck.rulekit import Call, Catalog, Match, Rule
from reprocheck.scan.analysis import Analyzer

RULE = Rule("ACME001", "pickled", "Something.")


@RULE.on_call("pickle.load")
def report(call: Call) -> Iterator[Match]:
    """Report every call."""
    yield call.match("m")


ANALYZER = Analyzer([RULE], Catalog())
FUNCTIONS = {
    "read": """\
def read(path):
    with open(path, "rb") as stream:
        return pickle.load(stream, encoding="utf-8")
""",
    "cached": """\
def cached(stream, fast=False):
    if fast and pickle.load(stream):
        return 1
    return 2
""",
    "Box": """\
class Box:
    def load(self):
        self.value = [
            pickle.load(s) for s in self.streams
        ]
""",
}


def prints(text: str) -> list[str]:
    """Fingerprints in a fixed order; every function has one finding."""
    data = text.encode()
    result = ANALYZER.analyze(ProjectFile("a.py", "", FileKind.PYTHON, len(data)), data)
    assert result.unread == ""
    return sorted(finding.fingerprint for finding in result.findings)


def written(order: list[str]) -> str:
    return "import pickle\n\n" + "\n\n".join(FUNCTIONS[name] for name in order)


EXPECTED = prints(written(list(FUNCTIONS)))


def test_every_function_has_a_fingerprint_of_its_own() -> None:
    assert len(set(EXPECTED)) == len(FUNCTIONS)


@given(st.permutations(list(FUNCTIONS)), st.data())
def test_blank_lines_comments_and_moved_functions_change_nothing(order: list[str], data: st.DataObject) -> None:
    lines = written(order).splitlines()
    for _ in range(data.draw(st.integers(0, 6))):
        position = data.draw(st.integers(0, len(lines)))
        lines.insert(position, data.draw(st.sampled_from(["", "    # a comment", "# größe", "\f", "  "])))
    assert prints("\n".join(lines) + "\n") == EXPECTED


@given(st.data())
def test_quotes_spaces_and_trailing_comments_change_nothing(data: st.DataObject) -> None:
    text = written(list(FUNCTIONS))
    for old, new in (
        ('"', "'"),
        ("(stream)", "( stream )"),
        (", ", ",  "),
        ("(path)", "(\n    path,\n)"),
        ("return 1", "return (1)  # one"),
        ("\n", "\r\n"),
        ("    ", "\t"),
        ("False", "(False)"),
    ):
        if data.draw(st.booleans()):
            text = text.replace(old, new)
    assert prints(text) == EXPECTED


@given(st.sampled_from(list(FUNCTIONS)))
def test_another_name_around_it_or_another_argument_is_another_finding(name: str) -> None:
    text = written(list(FUNCTIONS))
    renamed = text.replace(f"def {name}", f"def {name}_2").replace(f"class {name}", f"class {name}2")
    assert len(set(prints(renamed)) - set(EXPECTED)) == 1
    changed = text.replace(FUNCTIONS[name], FUNCTIONS[name].replace("pickle.load(s", "pickle.load(0 or s"))
    assert len(set(prints(changed)) - set(EXPECTED)) == 1


TEXTS = st.text(max_size=8)


@given(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
def test_parts_never_run_into_each_other(a: str, b: str, c: str, d: str, e: str, f: str) -> None:
    assert (fingerprint(a, b, c) == fingerprint(d, e, f)) is ((a, b, c) == (d, e, f))
    assert (context(a, b) == context(d, e)) is ((a, b) == (d, e))


def test_lone_surrogates_can_be_identified() -> None:
    assert fingerprint("a", "b", "\ud800") != fingerprint("a", "b", "\ud801")


STATEMENTS = """\
frame = store.read('clicks', snapshot=None, *rest)
@cached(size=3)
def f(a, /, b: int = 1, *c, d=None, **e) -> str: pass
class A(B, metaclass=C): pass
x = f"a{b!r:>{c}}d{e:{f}}" + u"x" + b"y" + f""
async def g(): return [await h async for h in i if j]
match x:
    case [1, *r] | {"a": b, **c}: pass
try: pass
except* E as e: pass
y: int
del a[1:2, ...]
f = lambda *, a=1: (b := a)
z = -1.5e300 * 1j
"""


def test_identity_is_the_same_under_every_version_of_python() -> None:
    found = [normalized(statement) for statement in ast.parse(STATEMENTS).body]
    assert fingerprint("ACME001", "main.load", "|".join(found)) == "c426b15d28e64ca3"


def test_only_the_header_of_a_compound_statement_counts() -> None:
    first, second, third = (
        ast.parse(f"with open({name}) as stream:\n    {body}").body[0]
        for name, body in (("a", "one()"), ("a", "two()"), ("b", "one()"))
    )
    assert normalized(first) == normalized(second) != normalized(third)
    (lambdas,) = ast.parse("f = lambda: first()").body
    (other,) = ast.parse("f = lambda: second()").body
    assert normalized(lambdas) != normalized(other)


def test_a_generated_statement_is_not_read_to_its_end() -> None:
    (statement,) = ast.parse("table = [" + "1, " * 200_000 + "]").body
    assert len(normalized(statement)) < 100_000
