"""What a loop does that depends on the order of what it runs over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reprocheck.rulekit import Confidence
from reprocheck_rules.determinism.order_effects import Effect, last_name, shown

if TYPE_CHECKING:
    from reprocheck_rules.determinism.order_of_use import OrderOfUse

_COLLECTING = frozenset({"append", "extend", "insert", "appendleft"})
_WRITING = frozenset({"write", "writerow", "writelines", "writerows"})
_JOINING = frozenset({"concat", "concatenate", "vstack", "hstack", "append", "stack", "dstack", "cat", "r_", "c_"})
_DRAWS = frozenset(
    {"random", "randint", "randrange", "uniform", "choice", "choices", "sample", "shuffle", "rand", "randn", "normal"}
)
_LEARNING = frozenset({"fit", "partial_fit", "train_on_batch", "fit_generator"})
_TELLING = frozenset({"print", "info", "debug", "warning", "write", "set_description", "update", "log", "error"})
_FAILURES = re.compile(r"(^|_)(err|errs|errors?|fail|fails|failed|failures?|skipped|warnings?)(_|$)", re.IGNORECASE)
"""Names of lists that tell a person what went wrong."""
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class LoopReader:
    """Reads the body of one loop."""

    def __init__(self, order: OrderOfUse, loop: ast.For | ast.AsyncFor) -> None:
        """`loop` runs over something whose order is arbitrary."""
        self._order = order
        self._file = order.file
        self._loop = loop
        self._nodes = list(_inside(loop.body))
        self._bound = {
            node.id for node in self._nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        self._targets = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}

    def effects(self) -> Iterator[Effect | None]:
        """Everything in the body that the order reaches: nothing where the body never looks at what it is given."""
        read = {node.id for node in self._nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        if self._targets and self._targets.isdisjoint(read):
            return
        yield self._number()
        yield from self._over(self._nodes)

    def effects_by_index(self, index: str, sequence: str) -> Iterator[Effect | None]:
        """The same for a loop over the positions of a sequence, where what is done is done with `sequence[index]`."""
        use = self._used_as_number(index, sequence)
        yield None if use is None else Effect(use, f"`{shown(use)}` numbers in that order", Confidence.HIGH)
        yield from self._over(self._nodes)

    def _over(self, nodes: list[ast.AST]) -> Iterator[Effect | None]:
        for node in nodes:
            match node:
                case ast.Call():
                    yield self._call(node)
                case ast.AugAssign(op=ast.Add()):
                    yield self._added(node)
                case ast.Assign(targets=[target]):
                    yield self._assigned(node, target)
                case ast.Yield() | ast.YieldFrom():
                    yield self._order.returned(node)
                case ast.Return(value=ast.expr() as value) if self._depends(value):
                    confidence = Confidence.LOW if self._searched(node) else Confidence.MEDIUM
                    yield Effect(node, f"`{shown(node)}` returns whichever matches first", confidence)

    def _call(self, call: ast.Call) -> Effect | None:
        function = call.func
        drawn = self._drawn(call)
        if drawn is not None or not isinstance(function, ast.Attribute):
            return drawn or self._printed(call)
        receiver = function.value
        if isinstance(receiver, ast.Name) and self._is_own(receiver):
            return None
        if function.attr in _COLLECTING and call.args and not self._is_of_errors(call):
            effect = self._order.receiver_effect(receiver)
            if effect is None:
                return None
            confidence = Confidence.LOW if _FAILURES.search(last_name(receiver)) else effect.confidence
            return Effect(call, f"`{shown(function)}(...)` collects in that order", confidence)
        if (
            function.attr in _WRITING
            and self._depends(call)
            and isinstance(receiver, ast.Name)
            and receiver.id != "sys"
        ):
            kind = self._file.resolve(receiver, self._file.scope_of(receiver)) or ""
            if kind.startswith(("zipfile.", "tarfile.")) or self._is_module_function(kind):
                return None
            return Effect(call, f"`{shown(function)}(...)` writes in that order", Confidence.MEDIUM)
        if function.attr in _LEARNING and not isinstance(receiver, ast.Call):
            return Effect(call, f"`{shown(function)}(...)` learns in that order", Confidence.MEDIUM)
        return None

    def _is_of_errors(self, node: ast.AST) -> bool:
        """Whether a node stands where an error is handled: what is collected there tells a person what failed."""
        for ancestor in self._file.ancestors(node):
            if ancestor is self._loop:
                return False
            if isinstance(ancestor, ast.ExceptHandler):
                return True
        return False

    @staticmethod
    def _is_module_function(receiver: str) -> bool:
        """Whether a receiver is an imported module: `wavfile.write(path, x)` writes a file of its own."""
        return bool(receiver) and "()" not in receiver and not receiver.startswith((".", "builtins.", "sys."))

    def _is_own(self, name: ast.Name) -> bool:
        """Whether a name is bound anew for each entry; a list that is emptied now and then goes on before that."""
        if name.id in self._targets:
            return True
        if name.id not in self._bound:
            return False
        reset = [
            node
            for node in self._nodes
            if isinstance(node, ast.Name) and node.id == name.id and isinstance(node.ctx, ast.Store)
        ]
        plain = all(isinstance(self._file.parent(store), ast.Assign) for store in reset)
        return not plain or self._is_fresh(name.id, name)

    def _is_fresh(self, name: str, node: ast.AST) -> bool:
        """Whether each turn of the loop binds a name anew before it gets to a node."""
        inner = node
        for ancestor in self._file.ancestors(node):
            for block in _blocks(ancestor):
                if inner in block and any(_binds(name, earlier) for earlier in block[: block.index(inner)]):
                    return True
            if ancestor is self._loop:
                return False
            inner = ancestor
        return False

    def _drawn(self, call: ast.Call) -> Effect | None:
        """Each entry gets the random number that is next: another order deals them to others."""
        name = self._file.resolve(call.func, self._file.scope_of(call)) or ""
        if name.startswith(("random.", "numpy.random.")) and last_name(call.func) in _DRAWS:
            return Effect(call, f"`{shown(call)}` draws for each of them in that order", Confidence.HIGH)
        return None

    def _printed(self, call: ast.Call) -> Effect | None:
        """`print(path, file=out)`."""
        target = next((keyword.value for keyword in call.keywords if keyword.arg == "file"), None)
        if last_name(call.func) != "print" or not isinstance(target, ast.Name) or not self._depends(call):
            return None
        return Effect(call, f"`{shown(call)}` writes in that order", Confidence.MEDIUM)

    def _added(self, node: ast.AugAssign) -> Effect | None:
        """`xs += [x]`, and a counter that numbers things."""
        if not isinstance(node.target, ast.Name | ast.Attribute):
            return None
        if isinstance(node.target, ast.Name) and node.target.id in self._bound and self._rebound(node.target.id):
            return None
        if isinstance(node.value, ast.Constant) and node.value.value == 1:
            return self._counter(node)
        text = isinstance(node.value, ast.JoinedStr) and isinstance(node.target, ast.Name)
        if text or isinstance(node.value, ast.List | ast.ListComp) or self._is_sequence(node.value):
            effect = self._order.receiver_effect(node.target)
            if effect is not None:
                return Effect(node, f"`{shown(node)}` collects in that order", effect.confidence)
        return None

    def _is_sequence(self, value: ast.expr) -> bool:
        name = self._file.resolve(value, self._file.scope_of(value))
        return name in {"builtins.list()", "builtins.sorted()", "glob.glob()", "os.listdir()"}

    def _rebound(self, name: str) -> bool:
        return any(
            isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
            for node in self._nodes
        )

    def _counter(self, node: ast.AugAssign) -> Effect | None:
        if not isinstance(node.target, ast.Name):
            return None
        use = self._used_as_number(node.target.id)
        return None if use is None else Effect(use, f"`{shown(use)}` numbers in that order", Confidence.HIGH)

    def _number(self) -> Effect | None:
        """The index that `enumerate` gives."""
        iterated = self._loop.iter
        if not (isinstance(iterated, ast.Call) and last_name(iterated.func) == "enumerate"):
            return None
        target = self._loop.target
        if not (isinstance(target, ast.Tuple) and target.elts and isinstance(target.elts[0], ast.Name)):
            return None
        use = self._used_as_number(target.elts[0].id)
        return None if use is None else Effect(use, f"`{shown(use)}` numbers in that order", Confidence.HIGH)

    def _used_as_number(self, name: str, sequence: str = "") -> ast.AST | None:
        """Statement in which a number is more than progress: an index, a part of a name, a value.

        Where it is the position in `sequence`, taking the entry there says nothing about the number.
        """
        for node in self._nodes:
            if not (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)):
                continue
            for ancestor in self._file.ancestors(node):
                if isinstance(ancestor, ast.Compare | ast.AugAssign):
                    break
                if isinstance(ancestor, ast.Subscript) and sequence and _takes(ancestor, sequence):
                    break
                if isinstance(ancestor, ast.Call) and (
                    last_name(ancestor.func) in _TELLING or last_name(ancestor.func).startswith(("log", "print"))
                ):
                    break
                if isinstance(ancestor, ast.Call) and last_name(ancestor.func) == "format":
                    continue  # a text, by what becomes of it
                if isinstance(ancestor, ast.BinOp) and isinstance(ancestor.op, ast.Mod) and ancestor.left is node:
                    break
                if isinstance(ancestor, ast.Subscript | ast.Assign | ast.Call):
                    return ancestor
                if isinstance(ancestor, ast.stmt):
                    break
        return None

    def _assigned(self, node: ast.Assign, target: ast.expr) -> Effect | None:
        """`all = pd.concat([all, part])`, `all = all.merge(part)`, `xs = xs + [x]`, `index[name] = len(index)`."""
        match target, node.value:
            case (
                ast.Subscript(value=ast.Name(id=table)),
                ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=measured)]),
            ):
                if table == measured:
                    return Effect(node, f"`{shown(node)}` numbers in that order", Confidence.HIGH)
            case (ast.Name(id=name), ast.Call() as call) if last_name(call.func) in _JOINING and _mentions(call, name):
                return None if self._is_fresh(name, node) else self._joined(node, target)
            case (ast.Name(id=name), ast.BinOp(op=ast.Add(), left=ast.Name(id=left), right=ast.List())) if left == name:
                return self._joined(node, target)
            case (
                ast.Name(id=name),
                ast.Call(func=ast.Attribute(value=ast.Name(id=left), attr="merge" | "join")),
            ) if left == name and not self._is_fresh(name, node):
                return self._joined(node, target) or self._merged(node, target)
        return None

    def _joined(self, node: ast.Assign, target: ast.expr) -> Effect | None:
        effect = self._order.receiver_effect(target)
        if effect is None:
            return None
        return Effect(node, f"`{shown(node)}` joins in that order", effect.confidence)

    def _merged(self, node: ast.Assign, target: ast.expr) -> Effect | None:
        """A table whose columns come in that order, and which is used behind the loop, whatever for."""
        inside = set(self._nodes)
        if isinstance(target, ast.Name) and any(use not in inside for use in self._order.names.uses(target)):
            return Effect(node, f"`{shown(node)}` joins in that order", Confidence.MEDIUM)
        return None

    def _searched(self, node: ast.AST) -> bool:
        """Whether what is returned was looked for by name or value, so that there is rarely more than one."""
        for ancestor in self._file.ancestors(node):
            if ancestor is self._loop:
                return False
            if isinstance(ancestor, ast.If) and any(
                isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq | ast.In)
                for test in ast.walk(ancestor.test)
            ):
                return True
        return False

    def _depends(self, value: ast.AST) -> bool:
        """Whether a value is made from the loop's own names, directly or through names bound in the body."""
        names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
        return not names.isdisjoint(self._targets | self._bound)


def _inside(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Nodes of a body in order, without those of functions and classes defined there."""
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _FUNCTIONS):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _takes(node: ast.Subscript, sequence: str) -> bool:
    return isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name) and node.value.id == sequence


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Statements that run one after the other inside a node."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(node, field, None)
        if isinstance(block, list):
            yield block


def _binds(name: str, statement: ast.stmt) -> bool:
    """Whether a statement in any case binds a name to something that is not made from what it was."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            return any(_mentions(target, name) for target in targets if not isinstance(target, ast.Subscript)) and (
                not _mentions(value, name)
            )
        case ast.If(body=body, orelse=orelse):
            return all(any(_binds(name, inner) for inner in block) for block in (body, orelse))
        case ast.With(body=body) | ast.Try(body=body):
            return any(_binds(name, inner) for inner in body)
    return False
