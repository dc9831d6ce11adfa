"""From a name to the checks that want to see it."""

from __future__ import annotations

from collections.abc import Iterator

from reprocheck.rulekit import Call, Catalog, CatalogEntry, Match, Rule
from reprocheck.rulekit.catalog import CatalogFile
from reprocheck.scan.dispatch import Dispatch

DOC = "Something."
CATALOG = Catalog([CatalogFile(names={"lib.draw": CatalogEntry(roles=frozenset({"draw", "numeric"}))})])


def rule(code: str, *names: str, role: str | tuple[str, ...] = ()) -> Rule:
    made = Rule(code, "named-" + code.lower(), DOC)

    @made.on_call(*names, role=role)
    def check(call: Call) -> Iterator[Match]:
        yield call.match("m")

    return made


def codes(dispatch: Dispatch, name: str) -> list[str]:
    return [found.code for found, _ in dispatch.for_call(name)]


def test_names_patterns_and_roles_are_found() -> None:
    dispatch = Dispatch(
        [rule("AB001", "lib.draw"), rule("AB002", "lib.*"), rule("AB003", role="draw"), rule("AB004", "lib")], CATALOG
    )
    assert sorted(codes(dispatch, "lib.draw")) == ["AB001", "AB002", "AB003"]
    assert codes(dispatch, "lib.deep.er") == ["AB002"]
    assert codes(dispatch, "lib") == ["AB004"]
    assert codes(dispatch, "other.lib.draw") == []


def test_dots_in_patterns_are_dots() -> None:
    assert codes(Dispatch([rule("AB001", "lib.*.load")], CATALOG), "lib_x_load") == []


def test_check_that_is_meant_several_times_runs_once() -> None:
    dispatch = Dispatch([rule("AB001", "lib.draw", "lib.*", role=("draw", "numeric"))], CATALOG)
    assert codes(dispatch, "lib.draw") == ["AB001"]
    assert codes(dispatch, "lib.draw") == ["AB001"]
