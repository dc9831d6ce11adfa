"""Whether a call is made again for each step, sample or epoch with the same seed."""

import ast
import re
from collections.abc import Iterable

from reprocheck.rulekit import Call, Confidence, Kind, Module

_SAMPLE = frozenset({"__getitem__", "__getitems__"})
_STEPS = re.compile(
    r"(train|training|val|validation|test|eval|predict)_(step|batch|one_batch|iter|iteration)|train_on_batch"
    r"|_train_step|_training_step|training_step_\w+|forward|collate_fn|_?collate(_batch)?|get_batch"
)
_MAKING = frozenset({"__init__", "__post_init__", "setup", "build"})
_UPDATE = frozenset({"backward", "zero_grad", "train_on_batch", "apply_gradients", "train_step", "training_step"})
_BATCHES = re.compile(
    r"(epochs?|steps?|batch(es)?|iters?|iterations?|minibatch(es)?|(\w+_)?(loader|dataloader|dl)s?|n_epoch)"
)
_TRIALS = re.compile(
    r"folds?|trials?|runs?|seeds?|repeats?|rep|models?|experiments?|datasets?|tasks?|episodes?|config\w*|cfg|mode"
)
_BUILDS = re.compile(
    r"([A-Z]\w*(Model|Net|Network|Classifier|Regressor|Trainer)|(build|make|create|get|init)_(model|net|network|trainer|agent)\w*)"
)


def in_loop(call: Call, seed: ast.expr) -> tuple[str, Confidence] | None:
    """In which loop a call repeats with the same seed, in words, and how sure that is."""
    loop = call.site.loop
    if not isinstance(loop, ast.For | ast.AsyncFor | ast.While) or _leaves(call, loop):
        return None
    loops = [a for a in call.module.file.ancestors(call.node) if isinstance(a, ast.For | ast.AsyncFor | ast.While)]
    if _depends(call, seed, set().union(*(_assigned(item) for item in loops))):
        return None
    if _guarded(call, loop):
        return None
    confidence = _training(loop)
    return None if confidence is None else (f"in every turn of the loop on line {loop.lineno}", confidence)


def _training(loop: ast.For | ast.AsyncFor | ast.While) -> Confidence | None:
    """How sure it is that one turn of the loop is a step or an epoch, and not a trial of its own."""
    names = _words(loop.target) | _words(loop.iter) if not isinstance(loop, ast.While) else set()
    if any(_TRIALS.fullmatch(name) for name in names) or _builds_model(loop):
        return None
    if _updates(loop, nested=False):
        return Confidence.HIGH
    if any(_BATCHES.fullmatch(name) for name in names):
        return Confidence.HIGH if _updates(loop, nested=True) else Confidence.MEDIUM
    return None


def _words(node: ast.expr) -> set[str]:
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(part.id.lower())
        elif isinstance(part, ast.Attribute):
            found.add(part.attr.lower())
    return found


def _builds_model(loop: ast.AST) -> bool:
    for node in ast.walk(loop):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if _BUILDS.fullmatch(name):
                return True
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id in {
                    "model",
                    "net",
                    "network",
                    "agent",
                    "trainer",
                    "optimizer",
                }:
                    return True
    return False


def _updates(loop: ast.AST, *, nested: bool) -> bool:
    stack = list(ast.iter_child_nodes(loop))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _UPDATE:
            return True
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if nested or not isinstance(node, ast.For | ast.AsyncFor | ast.While):
            stack.extend(ast.iter_child_nodes(node))
    return False


def in_step(call: Call, seed: ast.expr) -> tuple[str, Confidence] | None:
    """In which function of steps or samples a call repeats with the same seed, and how sure that is."""
    function = call.scope.enclosing("function")
    node = function.node if function is not None else None
    if function is None or not isinstance(node, ast.FunctionDef):
        return None
    owner = function.parent if function.parent is not None and function.parent.kind == "class" else None
    is_sample = owner is not None and node.name in _SAMPLE
    if not is_sample and _STEPS.fullmatch(node.name) is None:
        return None
    parameters = {a.arg for a in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]}
    changing = parameters | _assigned(node) | (_set_later(owner.node) if owner is not None else set())
    if _depends(call, seed, changing - {"self", "cls"}):
        return None
    if _guarded(call, node):
        return None
    place = f"for every {'sample' if is_sample else 'call'} in `{node.name}`"
    constant = isinstance(call.module.literal(seed, call.scope, call.site.order), int)
    return place, Confidence.HIGH if constant else Confidence.MEDIUM


def _set_later(owner: ast.AST) -> set[str]:
    """Attributes that methods of a class bind once its objects are there."""
    methods = (part for part in ast.iter_child_nodes(owner) if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))
    found = set().union(*(_assigned(method) for method in methods if method.name not in _MAKING))
    return {name for name in found if name.startswith("self.")}


def is_state(seed: ast.expr) -> bool:
    """Whether it is a state to go back to, not a seed."""
    return any("state" in name for name in _words(seed))


def _depends(call: Call, seed: ast.expr, changing: Iterable[str]) -> bool:
    """Whether the seed is another one each time, or may be."""
    names = set(changing)
    for part in ast.walk(seed):
        match part:
            case ast.Name(id=name) if name in names or _is_parameter(call, name):
                return True
            case ast.Attribute() if ast.unparse(part) in names or part.attr in {"epoch", "step", "global_step", "rank"}:
                return True
            case ast.Call() if not _is_plain(call.module, part):
                return True
    return False


def _is_parameter(call: Call, name: str) -> bool:
    """Whether a name is given by the caller of a function inside a loop's own function, which may vary it."""
    function = call.scope.enclosing("function")
    bindings = function.bindings.get(name) if function is not None and name not in {"self", "cls"} else None
    return bindings is not None and bindings[0].kind is Kind.PARAMETER and call.site.loop is None


def _is_plain(module: Module, node: ast.Call) -> bool:
    """Whether a call gives the same each time for the same arguments: `int(...)`."""
    name = module.name(node.func)
    return name in {"builtins.int", "builtins.abs", "builtins.hash", "numpy.uint32", "numpy.int64"}


def _assigned(node: ast.AST) -> set[str]:
    """Names and attributes that something inside binds."""
    found: set[str] = set()
    for part in ast.walk(node):
        targets: list[ast.expr] = []
        match part:
            case ast.Assign(targets=given):
                targets = given
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target) | ast.NamedExpr(target=target):
                targets = [target]
            case ast.For(target=target) | ast.AsyncFor(target=target) | ast.comprehension(target=target):
                targets = [target]
            case ast.With(items=items) | ast.AsyncWith(items=items):
                targets = [item.optional_vars for item in items if item.optional_vars is not None]
        for target in targets:
            found |= {ast.unparse(leaf) for leaf in ast.walk(target) if isinstance(leaf, ast.Name | ast.Attribute)}
    return found


def _leaves(call: Call, loop: ast.For | ast.AsyncFor | ast.While) -> bool:
    """Whether the loop ends in the same block right after, as a search does."""
    for parent in call.module.file.ancestors(call.node):
        body = getattr(parent, "body", [])
        if isinstance(body, list) and any(isinstance(item, ast.Break | ast.Return) for item in body):
            return True
        if parent is loop:
            break
    return False


def _guarded(call: Call, outer: ast.AST) -> bool:
    """Whether a condition inside lets it happen only at times: `if epoch == 0`."""
    for parent in call.module.file.ancestors(call.node):
        if parent is outer:
            return False
        if isinstance(parent, ast.If | ast.IfExp):
            return True
    return False
