"""A condition that always comes out the same, or code behind a `return` or `raise`: one side never runs.

## Why
Dead code in an experiment is a result that nobody can get any more: the branch that made last month's figures may be
the one switched off by `if False`. It is read, refactored and reviewed as if it ran, and nothing tests it.

## Fix
Delete the dead side (version control keeps it), or make the switch an option that is recorded with the run.

## Notes
`while True`, `assert False`, type-checking blocks and a bare `yield` that makes a generator are not reported. A
constant of the module that nothing changes is DBT001's. Parts of a notebook behind `if False` are said once.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from reprocheck.rulekit import Confidence, DropUnused, Fix, KeepBranch, Match, Module, ReplaceText, Rule, Safety
from reprocheck_rules.debt.condition_values import Verdict, settled, verdict
from reprocheck_rules.debt.unreachable_code import is_declaration, line_count, size, unreachable

rule = Rule("DBT002", "constant-condition", __doc__)

_CONDITION_AND_MESSAGE = 2
_LONGEST = 60
"""Characters of source shown in a message."""


@rule.on_module()
def check(module: Module) -> Iterator[Match]:
    """Conditions, then code that control never reaches."""
    seen_chains: set[int] = set()
    by_hand: list[ast.If] = []
    for node, scope in module.file.conditions:
        found = verdict(node.test, scope)
        match node:
            case ast.If(test=ast.Constant(value=False | 0)) if module.notebook and scope.kind == "module":
                by_hand.append(node)
            case ast.If() | ast.While() if found is not None:
                yield from _branch(module, node, found)
            case ast.IfExp() if found is not None:
                yield from _expression(module, node, found)
            case ast.Assert():
                yield from _assertion(module, node)
            case ast.If() if id(node) not in seen_chains:
                yield from _repeated(module, node, seen_chains)
    yield from _switched_off(module, by_hand)
    yield from unreachable(module)


def _switched_off(module: Module, switches: list[ast.If]) -> Iterator[Match]:
    """Parts of a notebook that somebody switches on by hand: the pages of one tool have a dozen, said once."""
    found = [
        (node, match)
        for node in switches
        for match in _branch(module, node, Verdict(value=False, reason="literal", culprit=node.test))
    ]
    if len(found) == 1:
        yield found[0][1]
    elif found:
        first = found[0][0].test
        total = sum(line_count(node.body) for node, _ in found)
        message = (
            f"`if {_short(first)}` is always false {len(found)} times in this notebook, so {total} lines never run"
        )
        yield module.match(first, message, trail=[module.note(node.body[0], "never runs") for node, _ in found])


def _branch(module: Module, node: ast.If | ast.While, found: Verdict) -> Iterator[Match]:
    word = "if" if isinstance(node, ast.If) else "while"
    if found.value:
        if isinstance(node, ast.While) or not node.orelse:
            yield from _always(module, node, found)
            return
        dead: Sequence[ast.stmt] = node.orelse
        outcome = f"so its `else` side never runs ({size(dead)})"
    else:
        dead = node.body
        outcome = f"so {size(dead)} below never {'runs' if line_count(dead) == 1 else 'run'}"
    if is_declaration(dead):
        return
    trail = [module.note(dead[0], "never runs")]
    message = f"`{word} {_short(node.test)}` is always {_truth(found)}, {outcome}"
    yield module.match(node.test, message, confidence=_confidence(found), trail=trail, fix=_fix(module, node, found))


def _fix(module: Module, node: ast.If | ast.While | ast.IfExp, found: Verdict) -> Fix | None:
    """What runs, in place of the choice.

    A constant that decides it may be a switch that is turned by hand, and a contradiction or a text that is a condition
    by itself is more likely a mistake: what was meant then is not for a tool to say.
    """
    decided = found.reason == "literal" and not (
        isinstance(found.culprit, ast.Tuple)
        or (isinstance(found.culprit, ast.Constant) and isinstance(found.culprit.value, str))
    )
    if not decided or (isinstance(node, ast.While) and found.value):
        return None
    edits = (KeepBranch(module.span(node.test), found.value), DropUnused())
    return Fix("keep what runs", Safety.UNSAFE, edits)


def _always(module: Module, node: ast.If | ast.While, found: Verdict) -> Iterator[Match]:
    """A test that changes nothing: worth a word when it was meant to decide something."""
    if isinstance(node, ast.While) or found.culprit is node.test:
        return
    if isinstance(node.test, ast.BoolOp) and found.reason != "name":
        yield module.match(node.test, _always_message(node.test, found), confidence=_confidence(found))


def _always_message(test: ast.expr, found: Verdict) -> str:
    return f"`{_short(test)}` is always {_truth(found)}, so the test decides nothing"


def _expression(module: Module, node: ast.IfExp, found: Verdict) -> Iterator[Match]:
    dead = node.orelse if found.value else node.body
    if isinstance(node.test, ast.Constant):
        message = f"`{_short(dead)}` is never used: the condition beside it is the literal `{_short(node.test)}`"
    else:
        message = f"`{_short(node.test)}` is always {_truth(found)}, so `{_short(dead)}` is never used"
    yield module.match(node.test, message, confidence=_confidence(found), fix=_fix(module, node, found))


def _assertion(module: Module, node: ast.Assert) -> Iterator[Match]:
    if isinstance(node.test, ast.Tuple) and node.test.elts:
        message = "an assertion on a tuple always holds: take the parentheses away"
        yield module.match(node.test, message, fix=_unwrapped(module, node.test))
    elif isinstance(node.test, ast.Constant) and isinstance(node.test.value, str) and node.test.value:
        yield module.match(node.test, "an assertion on a text always holds: write `raise` or test a condition")


def _unwrapped(module: Module, test: ast.Tuple) -> Fix | None:
    """`assert condition, message`."""
    if len(test.elts) != _CONDITION_AND_MESSAGE or module.notebook:
        return None
    span = module.span(test)
    new = ", ".join(module.source.slice(module.span(part)) for part in test.elts)
    return Fix("assert the condition", Safety.UNSAFE, (ReplaceText(span, module.source.slice(span), new),))


def _repeated(module: Module, node: ast.If, seen_chains: set[int]) -> Iterator[Match]:
    """An `elif` that asks what was asked before in the same chain."""
    if len(node.orelse) != 1 or not isinstance(node.orelse[0], ast.If):
        return
    asked: dict[str, ast.expr] = {}
    current = node
    while True:
        seen_chains.add(id(current))
        if settled(current.test):
            first = asked.setdefault(ast.dump(current.test), current.test)
            if first is not current.test:
                message = (
                    f"`{_short(current.test)}` was asked before in this chain, so {size(current.body)} below never run"
                )
                yield module.match(current.test, message, trail=[module.note(first, "taken here already")])
        if len(current.orelse) != 1 or not isinstance(current.orelse[0], ast.If):
            return
        current = current.orelse[0]


def _truth(found: Verdict) -> str:
    word = "true" if found.value else "false"
    match found.reason:
        case "contradiction":
            return f"{word} (its parts {'cover everything' if found.value else 'exclude one another'})"
        case "name":
            names = [node.id for node in ast.walk(found.culprit) if isinstance(node, ast.Name)]
            return f"{word} (`{names[0]}` is assigned once, a literal)"
        case _ if isinstance(found.culprit, ast.Constant) and isinstance(found.culprit.value, str):
            return f"{word} (`{_short(found.culprit)}` alone is a condition)"
    return word


def _confidence(found: Verdict) -> Confidence:
    if found.reason != "name":
        return Confidence.HIGH
    return Confidence.MEDIUM if isinstance(found.culprit, ast.Name) else Confidence.LOW


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


rule.flags(
    """
    def augment(image):
        if False:  # expect: DBT002
            image = elastic(image)
            image = blur(image)
        return image

    if 0:  # expect: DBT002
        train(old_model)

    while 0:  # expect: DBT002
        train_more()

    if True:  # expect: DBT002
        optimizer = adam()
    else:
        optimizer = sgd()
        schedule = step()
    """,
    fixed="""
    def augment(image):
        return image

    optimizer = adam()
    """,
)
rule.flags(
    """
    def forward(x, mask):
        return attention(x, mask)
        x = norm(x)  # expect: DBT002
        return x

    def load(path):
        raise ValueError(path)
        data = read(path)  # expect: DBT002

    for batch in loader:
        continue
        step(batch)  # expect: DBT002
    """,
    fixed="""
    def forward(x, mask):
        return attention(x, mask)

    def load(path):
        raise ValueError(path)

    for batch in loader:
        continue
    """,
)
rule.flags(
    """
    import sys

    def preprocess(rows):
        if mode == "train" and mode == "test":  # expect: DBT002
            rows = shuffle(rows)
        if target is None and target is not None:  # expect: DBT002
            rows = label(rows)
        if split == "val" or "test":  # expect: DBT002
            rows = center(rows)
        if kind == "a":
            rows = first(rows)
        elif kind == "a":  # expect: DBT002
            rows = second(rows)
        print(rows)
        sys.exit()
        return save(rows)

    def debug(rows):
        print(rows)
        sys.exit()
        write(rows)  # expect: DBT002
    """,
    fixed="""
    import sys

    def preprocess(rows):
        if mode == "train" and mode == "test":
            rows = shuffle(rows)
        if target is None and target is not None:
            rows = label(rows)
        if split == "val" or "test":
            rows = center(rows)
        if kind == "a":
            rows = first(rows)
        elif kind == "a":
            rows = second(rows)
        print(rows)
        sys.exit()
        return save(rows)

    def debug(rows):
        print(rows)
        sys.exit()
    """,
)
rule.flags(
    """
    def train(model):
        use_mixup = False
        for batch in loader:
            if use_mixup:  # expect: DBT002
                batch = mixup(batch)
            step(batch)
        scale = 2.0 if False else 1.0  # expect: DBT002
        assert (scale > 0, "scale must be positive")  # expect: DBT002
    """,
    fixed="""
    def train(model):
        use_mixup = False
        for batch in loader:
            if use_mixup:
                batch = mixup(batch)
            step(batch)
        scale = 1.0
        assert scale > 0, "scale must be positive"
    """,
)
rule.allows(
    """
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        import torch

    if False:
        import pandas

    while True:
        step()
        if done():
            break

    if __name__ == "__main__":
        main()
    """
)
rule.allows(
    """
    class Reader:
        def rows(self):
            raise NotImplementedError
            yield

        def empty(self):
            return
            yield from ()

        def check(self, kind):
            assert False, kind

        def nothing(self):
            if False:
                yield None
    """
)
rule.allows(
    """
    DEBUG = False

    def train(model, verbose=False):
        improved = False
        for batch in loader:
            loss = step(batch)
            if loss < best:
                improved = True
        if improved:
            save(model)
        if verbose or DEBUG:
            report(model)
        if mode == "train" or mode == "test":
            log(mode)
        if next(values) == 1 and next(values) == 2:
            log("pair")
        return model
    """
)
