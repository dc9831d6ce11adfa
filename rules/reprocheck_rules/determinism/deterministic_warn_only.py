"""Deterministic mode that only warns lets nondeterministic operations run.

## Why
`torch.use_deterministic_algorithms(True, warn_only=True)` replaces an operation where a deterministic version exists;
where none does, the operation runs anyway and a warning scrolls by. A run that says it is deterministic is then not.

## Fix
Leave `warn_only` out, so that such an operation raises; replace it, or switch the mode off around that one call and
say why. With Lightning, `Trainer(deterministic=True)`.

## Notes
`warn_only=True` is a fair step while operations are being replaced. A value that comes from an option is reported
with low confidence.
"""

import re
from collections.abc import Iterator

from reprocheck.rulekit import (
    UNKNOWN,
    Call,
    Confidence,
    Fix,
    Match,
    RemoveArgument,
    ReplaceExpression,
    ReplaceText,
    Rule,
    Safety,
    Scalar,
    TreeView,
    walk,
)

rule = Rule("DET006", "deterministic-warn-only", __doc__)

_TRAINER_FILE = re.compile(r"(^|/)trainers?/[^/]+\.ya?ml$")
_TITLE = "raise errors again"
_WHY = "so operations without a deterministic version still run"


@rule.on_call("torch.use_deterministic_algorithms")
def check_mode(call: Call) -> Iterator[Match]:
    """The mode itself; `warn_only` is keyword-only."""
    if call.value("mode", 0) is False:
        return
    warn_only = call.value("warn_only", 99)
    if warn_only is True:
        yield call.match(f"`warn_only=True` turns errors into warnings, {_WHY}", fix=_strict(call))
    elif warn_only is UNKNOWN:
        yield call.match(
            f"`warn_only` comes from a variable; where it is true, errors are warnings, {_WHY}",
            confidence=Confidence.LOW,
        )


@rule.on_call("torch.set_deterministic_debug_mode")
def check_debug_mode(call: Call) -> Iterator[Match]:
    """`"warn"`, or 1, is the same mode."""
    mode = call.value("debug_mode", 0)
    if mode == "warn" or (mode == 1 and mode is not True):
        given = call.argument("debug_mode", 0)
        edits = () if given is None else (ReplaceExpression(call.module.span(given), '"error"'),)
        yield call.match(f"debug mode `{mode}` only warns, {_WHY}", fix=Fix(_TITLE, Safety.UNSAFE, edits))


@rule.on_call("transformers.enable_full_determinism", "transformers.trainer_utils.enable_full_determinism")
def check_transformers(call: Call) -> Iterator[Match]:
    """The function of transformers hands `warn_only` on."""
    if call.value("warn_only", 1) is True:
        yield call.match(f"`warn_only=True` turns errors into warnings, {_WHY}", fix=_strict(call))


def _strict(call: Call) -> Fix | None:
    """The argument taken away: operations without a deterministic version raise then."""
    if not any(keyword.arg == "warn_only" for keyword in call.node.keywords):
        return None
    return Fix(_TITLE, Safety.UNSAFE, (RemoveArgument(call.module.span(call.node), "warn_only"),))


@rule.on_call("lightning.pytorch.Trainer", "lightning.Trainer")
def check_trainer(call: Call) -> Iterator[Match]:
    """Lightning's spelling."""
    if call.value("deterministic", 999) == "warn":
        given = call.argument("deterministic", 999)
        edits = () if given is None else (ReplaceExpression(call.module.span(given), "True"),)
        yield call.match(f'`deterministic="warn"` only warns, {_WHY}', at=given, fix=Fix(_TITLE, Safety.UNSAFE, edits))


@rule.on_tree
def check_tree(tree: TreeView) -> Iterator[Match]:
    """`trainer.deterministic: warn` in configuration files."""
    for root in tree.document.roots:
        for path, node in walk(root):
            if not isinstance(node, Scalar) or node.value != "warn" or not path or path[-1] != "deterministic":
                continue
            if "trainer" in path[:-1] or _TRAINER_FILE.search(tree.path):
                edit = ReplaceText(node.span, tree.source.slice(node.span), "true")
                fix = Fix(_TITLE, Safety.UNSAFE, (edit,))
                yield Match(span=node.span, message=f"`deterministic: warn` only warns, {_WHY}", fix=fix)


rule.flags(
    """
    import torch
    from torch import use_deterministic_algorithms
    import lightning.pytorch as pl

    torch.use_deterministic_algorithms(True, warn_only=True)  # expect: DET006
    use_deterministic_algorithms(mode=True, warn_only=True)  # expect: DET006
    torch.set_deterministic_debug_mode("warn")  # expect: DET006
    torch.set_deterministic_debug_mode(1)  # expect: DET006
    trainer = pl.Trainer(deterministic="warn")  # expect: DET006
    """,
    fixed="""
    import torch
    from torch import use_deterministic_algorithms
    import lightning.pytorch as pl

    torch.use_deterministic_algorithms(True)
    use_deterministic_algorithms(mode=True)
    torch.set_deterministic_debug_mode("error")
    torch.set_deterministic_debug_mode("error")
    trainer = pl.Trainer(deterministic=True)
    """,
)
rule.flags(
    """
    import torch

    def set_seed(seed, deterministic, warn_only):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)  # expect: DET006
    """,
    title="from an option, with less confidence",
)
rule.flags(
    """
    trainer:
      deterministic: warn  # expect: DET006
    """,
    file="configs/train.yaml",
    fixed="""
    trainer:
      deterministic: true
    """,
)
rule.allows(
    """
    import torch
    import lightning.pytorch as pl

    torch.use_deterministic_algorithms(True)
    torch.use_deterministic_algorithms(True, warn_only=False)
    torch.use_deterministic_algorithms(False, warn_only=True)
    torch.set_deterministic_debug_mode("error")
    torch.set_deterministic_debug_mode(0)
    trainer = pl.Trainer(deterministic=True)
    validate(schema, warn_only=True)
    """
)
rule.allows(
    """
    lint:
      deterministic: warn
    trainer:
      deterministic: true
    """,
    file="config.yaml",
)
