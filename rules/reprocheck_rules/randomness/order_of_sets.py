"""Whether the arbitrary order of a set reaches something: follows a set to where it is turned into a sequence."""

import ast
import re
from collections.abc import Iterable, Iterator

from reprocheck.rulekit import Confidence, Module
from reprocheck_rules.determinism.order_effects import Effect, last_name, shown, strongest
from reprocheck_rules.determinism.order_in_loops import LoopReader
from reprocheck_rules.determinism.order_of_use import OrderOfUse

_SEQUENCES_TEXT = """
    list tuple iter enumerate zip map filter chain from_iterable deque tqdm join cycle islice Series Index product
    combinations permutations
"""
_SEQUENCES = frozenset(_SEQUENCES_TEXT.split())
"""Last part of the name of calls that give the elements some order."""
_ALGEBRA = frozenset(["union", "intersection", "difference", "symmetric_difference", "copy", "deepcopy"])
_METRICS = frozenset(["metric", "metrics", "eval_metric", "custom_metric"])
_BOOSTERS = ("lightgbm", "xgboost", "catboost")
_LITTLE = re.compile(r"whichever|unpacked|hands it on")
_KEEPING_TEXT = """
    choice choices sample shuffle permutation random_split train_test_split array asarray tensor as_tensor stack vstack
    hstack concatenate concat DataFrame Series Index from_tensor_slices from_list Dataset Subset write writelines
    writerow writerows savetxt save dump fit fit_transform partial_fit LabelEncoder
"""
_KEEPING = frozenset(_KEEPING_TEXT.split())
"""Last part of the name of calls whose result has the elements in the order in which they come."""
_INDEXED = re.compile(
    r"class(es|_?names?|_?list)?$|vocab|categories|label_?(names|list|set)|characters|alphabet|param", re.IGNORECASE
)
_DEPTH = 10


class _Sequences(OrderOfUse):
    """Sequences made of sets: often of one element, or only tested later, so what isn't seen counts for little."""

    def effect(self, node: ast.expr) -> Effect | None:
        """As for any sequence, but taking an element by position, or by code that can't be seen, counts for little."""
        found = super().effect(node)
        if found is None or self._binarized(found.node):
            return None
        if not self._little(found):
            return found
        return Effect(found.node, found.clause, Confidence.LOW)

    def _binarized(self, node: ast.AST) -> bool:
        """`MultiLabelBinarizer().fit_transform(sets)`: a column for each label, in the order of the labels."""
        function = node.func if isinstance(node, ast.Call) else None
        if not isinstance(function, ast.Attribute) or function.attr not in {"fit_transform", "transform"}:
            return False
        resolved = self.file.resolve(function, self.file.scope_of(node)) or ""
        return resolved.startswith("sklearn.preprocessing.MultiLabelBinarizer()")

    @staticmethod
    def _little(found: Effect) -> bool:
        if "gets it in that order" in found.clause and isinstance(found.node, ast.Call):
            return last_name(found.node.func) not in _KEEPING
        return found.confidence is Confidence.MEDIUM and _LITTLE.search(found.clause) is not None

    def returned(self, node: ast.AST, position: int | None = None) -> Effect | None:
        """What the callers in this file do with it; others are not known to mind."""
        found = super().returned(node, position)
        if found is not None and found.confidence is Confidence.MEDIUM and "hands it on" in found.clause:
            return Effect(found.node, found.clause, Confidence.LOW)
        return found

    def receiver_effect(self, receiver: ast.expr) -> Effect | None:
        """A list that elements are added to; a subscript names one list for each key."""
        return super().receiver_effect(receiver) if isinstance(receiver, ast.Name | ast.Attribute) else None

    def attribute_effect(self, target: ast.Attribute) -> Effect | None:
        """What the class does with it; nothing in sight counts where the name says that positions mean something."""
        found = super().attribute_effect(target)
        if found is None or found.node is target:
            named = _INDEXED.search(target.attr) is not None
            unseen = Effect(target, f"`{shown(target)}` keeps that order", Confidence.MEDIUM)
            return unseen if named and not self._is_sorted(target) else None
        return found

    def _is_sorted(self, target: ast.Attribute) -> bool:
        return any(self._sorts(use) for use in self.names.attribute_uses(target))


class OrderOfSets:
    """Follows sets of one module."""

    def __init__(self, module: Module) -> None:
        """Nothing is looked at yet."""
        self.module = module
        self.file = module.file
        self.sequences = _Sequences(module)
        self.names = self.sequences.names
        self._seen: set[ast.AST] = set()
        self._attributes: dict[str, list[ast.Attribute]] | None = None

    def effect(self, node: ast.expr) -> Effect | None:
        """Where the order of a set reaches something; None when it doesn't, as far as is seen."""
        if node in self._seen or len(self._seen) > _DEPTH:
            return None
        self._seen.add(node)
        try:
            return self._by_parent(node, self.file.parent(node))
        finally:
            self._seen.discard(node)

    def _by_parent(self, node: ast.expr, parent: ast.AST | None) -> Effect | None:
        match parent:
            case ast.Call():
                return self._argument(parent, node)
            case ast.keyword():
                return self._keyword(parent, node)
            case ast.Starred():
                outer = self.file.parent(parent)
                return self.sequences.effect(outer) if isinstance(outer, ast.List | ast.Tuple) else None
            case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor()):
                return None if isinstance(parent.op, ast.Sub) and parent.right is node else self.effect(parent)
            case ast.BoolOp() | ast.NamedExpr() | ast.IfExp():
                return None if isinstance(parent, ast.IfExp) and parent.test is node else self.effect(parent)
            case ast.Attribute():
                return self._method(parent)
            case ast.comprehension():
                return self._comprehension(parent)
            case ast.For() | ast.AsyncFor():
                return strongest([*LoopReader(self.sequences, parent).effects(), self._collected(parent)])
            case ast.Return():
                return self._returned(parent)
            case ast.Assign(targets=targets):
                return strongest(self._target(target) for target in targets)
            case ast.AnnAssign(target=target):
                return self._target(target)
            case ast.Dict():
                return self._entry(parent, node)
        return None

    # Calls

    def _argument(self, call: ast.Call, node: ast.expr) -> Effect | None:
        name = last_name(call.func)
        if name == "join":
            return self._joined(call)
        if name in _SEQUENCES:
            return self.sequences.effect(call)
        if name in {"union", "symmetric_difference", "copy", "deepcopy"}:
            return self.effect(call)
        if name in {"extend", "extendleft"} and isinstance(call.func, ast.Attribute):
            return self.sequences.receiver_effect(call.func.value)
        resolved = self.file.resolve(call.func, self.file.scope_of(call)) or ""
        if resolved == "random.sample":
            return Effect(call, "`random.sample` draws by position in it", Confidence.HIGH)
        if resolved.startswith("."):
            return self._parameter(call, node, resolved)
        return None

    def _joined(self, call: ast.Call) -> Effect | None:
        """`" ".join(names)`: matters where the text is more than a message."""
        effect = self.sequences.effect(call)
        return Effect(effect.node, effect.clause, Confidence.LOW) if effect is not None else None

    def _keyword(self, keyword: ast.keyword, node: ast.expr) -> Effect | None:
        call = self.file.parent(keyword)
        if not isinstance(call, ast.Call):
            return None
        if keyword.arg in _METRICS and isinstance(node, ast.Set):
            return self._metrics(node)
        return self._argument(call, node)

    def _entry(self, display: ast.Dict, node: ast.expr) -> Effect | None:
        """`{"metric": {"l1", "l2"}}`: a booster evaluates, logs and stores metrics in the order that it is given."""
        if node not in display.values or not isinstance(node, ast.Set):
            return None
        key = display.keys[display.values.index(node)]
        named = isinstance(key, ast.Constant) and key.value in _METRICS
        return self._metrics(node) if named else None

    def _metrics(self, node: ast.Set) -> Effect | None:
        boosts = self.module.imports(*_BOOSTERS) and len(node.elts) > 1
        return (
            Effect(node, "metrics are evaluated, logged and stored in that order", Confidence.HIGH) if boosts else None
        )

    def _parameter(self, call: ast.Call, node: ast.expr, name: str) -> Effect | None:
        """What a function of this file does with the parameter that gets the set."""
        scope = next((s for s in self.file.scopes if s.kind == "function" and "." + s.qualname == name), None)
        if scope is None or not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        arguments = scope.node.args
        names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
        if names[:1] in (["self"], ["cls"]):
            names = names[1:]
        wanted = next((keyword.arg for keyword in call.keywords if keyword.value is node), None)
        if wanted is None and node in call.args and call.args.index(node) < len(names):
            wanted = names[call.args.index(node)]
        bindings = scope.bindings.get(wanted or "")
        return self._strongest(self.names.uses_of(bindings[0], wanted or "")) if bindings else None

    def _method(self, attribute: ast.Attribute) -> Effect | None:
        call = self.file.parent(attribute)
        if isinstance(call, ast.Call) and call.func is attribute:
            if attribute.attr in _ALGEBRA:
                return self.effect(call)
            if attribute.attr == "pop" and not call.args:
                return self._popped(call)
        return None

    def _popped(self, call: ast.Call) -> Effect | None:
        used = not isinstance(self.file.parent(call), ast.Expr)
        return Effect(call, f"`{shown(call)}` takes whichever comes first", Confidence.LOW) if used else None

    # Loops

    def _comprehension(self, generator: ast.comprehension) -> Effect | None:
        owner = self.file.parent(generator)
        return self.sequences.effect(owner) if isinstance(owner, ast.ListComp | ast.GeneratorExp) else None

    def _collected(self, loop: ast.For | ast.AsyncFor) -> Effect | None:
        """A function of the file that is called with each element and adds to a list outside itself."""
        targets = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
        for node in (part for statement in loop.body for part in ast.walk(statement)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if any(isinstance(argument, ast.Name) and argument.id in targets for argument in node.args):
                function = self._local_function(node.func)
                if function is not None and _collects(function):
                    return Effect(node, f"`{shown(node)}` collects in that order", Confidence.MEDIUM)
        return None

    def _local_function(self, name: ast.Name) -> ast.FunctionDef | None:
        bindings = self.file.scope_of(name).lookup(name.id) or []
        node = bindings[-1].node if bindings else None
        return node if isinstance(node, ast.FunctionDef) else None

    def _returned(self, node: ast.Return) -> Effect | None:
        """What the callers in this file do with it."""
        function = self.file.scope_of(node).enclosing("function")
        if function is None:
            return None
        if any(other is not node for other in ast.walk(function.node) if isinstance(other, ast.Return)):
            return None  # a function of several forms, whose callers may get a list
        name = "." + function.qualname
        return strongest([self.effect(call.node) for call in self.module.calls if call.name == name])

    # Names

    def _target(self, target: ast.expr) -> Effect | None:
        match target:
            case ast.Name():
                return self._strongest(self.names.uses(target))
            case ast.Attribute(attr=name):
                return self._strongest(self._attribute_reads(name))
        return None

    def _attribute_reads(self, name: str) -> Iterator[ast.Attribute]:
        """Reads of an attribute of that name on any object of the file: instances go by many names."""
        if self._attributes is None:
            self._attributes = {}
            for node in self.file.every(ast.Attribute):
                if isinstance(node.ctx, ast.Load):
                    self._attributes.setdefault(node.attr, []).append(node)
        return iter(self._attributes.get(name, ()))

    def _strongest(self, uses: Iterable[ast.expr]) -> Effect | None:
        return strongest([self.effect(use) for use in uses])


def _collects(function: ast.FunctionDef) -> bool:
    """Whether a function appends to a list that it doesn't make itself."""
    own = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "append"
        and not (isinstance(node.func.value, ast.Name) and node.func.value.id in own)
        for node in ast.walk(function)
    )
