"""Whether the order of a sequence reaches something: follows an expression to where it is used."""

import ast
import re
from collections.abc import Iterable

from reprocheck.rulekit import Confidence, Module, NameUses
from reprocheck_rules.determinism.order_effects import Effect, last_name, shown, strongest
from reprocheck_rules.determinism.order_in_loops import LoopReader
from reprocheck_rules.determinism.order_settled import SORTING_ENCODERS, is_extreme, starts_at_top

_ORDERLESS_TEXT = """
    sorted natsorted humansorted os_sorted realsorted index_natsorted order_by_index len set frozenset any all max
    min sum bool print pprint isinstance type str repr id Counter sort unique argsort lexsort dict rmtree remove
    unlink copy copy2 copyfile copytree move exists isfile isdir log info debug warning warn error exception
    critical log_artifacts update add union difference intersection issubset issuperset isdisjoint
    symmetric_difference difference_update intersection_update delete cleanup count echo display fromkeys
    remove_files gather getsize dirname basename zip_files commonprefix commonpath hash getctime getmtime fail
    subTest skipif percentile nanpercentile quantile nanquantile quantiles median nanmedian histogram bincount nunique
"""
_ORDERLESS = frozenset(_ORDERLESS_TEXT.split())
"""Last part of the name of calls whose result doesn't depend on the order of what they are given."""
_SAME_ORDER_TEXT = """
    list tuple iter enumerate zip map filter reversed array asarray chain from_iterable tqdm trange track copy
    filterfalse compress starmap join flatten cycle as_posix Series Index progress_bar progressbar deepcopy trange
    takewhile batched cast imap imap_unordered map_async starmap_async process_map thread_map
"""
_SAME_ORDER = frozenset(_SAME_ORDER_TEXT.split())
_MUTATIONS = frozenset(["append", "extend", "insert", "remove", "clear", "appendleft", "add", "discard", "update"])
_DATA_LIBRARIES_TEXT = """
    numpy pandas torch torchvision torchaudio tensorflow keras sklearn random jax datasets polars xgboost lightgbm
    lightning pytorch_lightning cv2 PIL dask pyspark transformers scipy monai webdataset
"""
_DATA_LIBRARIES = frozenset(_DATA_LIBRARIES_TEXT.split())
_CARRIERS_TEXT = """
    subprocess os shutil huggingface_hub boto3 requests google azure zipfile tarfile logging wandb mlflow rich
    tabulate prettytable statistics
"""
_CARRIERS = frozenset(_CARRIERS_TEXT.split())
"""Packages that carry files elsewhere or show them, all alike; and `statistics`, which adds up without rounding."""
_FORM = frozenset({"shape", "dtype", "ndim", "size", "width", "height", "mode", "format"})
"""What entries of one data set mostly have in common."""
_LISTING_NAME = re.compile(r"^_?(ls|i?glob|list_?(dir|files?|paths?)?|walk|scandir|iterdir|my_glob|find_files?)$")
_DEPTH = 12


class OrderOfUse:
    """Follows expressions of one module."""

    def __init__(self, module: Module) -> None:
        """Nothing is looked at yet."""
        self.module = module
        self.file = module.file
        self.names = module.once(NameUses)
        self._seen: set[ast.AST] = set()
        self._depth = 0

    def effect(self, node: ast.expr) -> Effect | None:
        """Where the order of an expression's elements reaches something; None when it doesn't, as far as is seen."""
        if node in self._seen or self._depth > _DEPTH:
            return None
        self._seen.add(node)
        self._depth += 1
        try:
            return self._by_parent(node, self.file.parent(node))
        finally:
            self._depth -= 1
            self._seen.discard(node)

    def _by_parent(self, node: ast.expr, parent: ast.AST | None) -> Effect | None:
        match parent:
            case ast.Call():
                return self._argument(parent, node)
            case ast.keyword():
                call = self.file.parent(parent)
                return self._argument(call, node) if isinstance(call, ast.Call) else None
            case ast.Starred() | ast.Await() | ast.NamedExpr() | ast.BoolOp() | ast.List() | ast.Tuple():
                return self._in_tuple(node, parent) if isinstance(parent, ast.Tuple) else self.effect(parent)
            case ast.BinOp(op=ast.Add()) | ast.IfExp():
                return None if isinstance(parent, ast.IfExp) and parent.test is node else self.effect(parent)
            case ast.Subscript(value=value) if value is node:
                return self._subscript(parent)
            case ast.Attribute():
                return self._method(parent)
            case ast.comprehension():
                return self._comprehension(parent)
            case ast.ListComp() | ast.GeneratorExp():
                return self.effect(parent)
            case ast.For() | ast.AsyncFor():
                return strongest(LoopReader(self, parent).effects())
            case ast.Return() | ast.Yield() | ast.YieldFrom() | ast.Lambda():
                return self.returned(parent)
            case ast.Assign(targets=targets):
                return strongest(self._target(target) for target in targets)
            case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                return self._target(target)
            case ast.withitem(optional_vars=ast.expr() as target):
                return self._target(target)
            case ast.Dict(values=values) if node in values:
                return Effect(parent, "it is stored in that order", Confidence.LOW)
        return None

    def _in_tuple(self, node: ast.expr, parent: ast.Tuple) -> Effect | None:
        """`a, b = listing(), 1` and `return listing(), 1`: the name that gets the listing."""
        position = parent.elts.index(node)
        match self.file.parent(parent):
            case ast.Assign(targets=[ast.Tuple(elts=names)]) if len(names) == len(parent.elts):
                return self._target(names[position])
            case ast.Return():
                return self.returned(parent, position)
        return self.effect(parent)

    def _target(self, target: ast.expr) -> Effect | None:
        match target:
            case ast.Name():
                return self.name_effect(target)
            case ast.Attribute():
                return self.attribute_effect(target)
            case ast.Subscript(slice=ast.Slice()):
                return self.effect(target)
            case ast.Subscript():
                return Effect(target, f"`{shown(target)}` keeps that order", Confidence.LOW)
            case ast.Tuple() | ast.List():
                return Effect(target, "it is unpacked by position", Confidence.MEDIUM)
        return None

    # Calls, subscripts, comprehensions

    def _argument(self, call: ast.Call, node: ast.expr) -> Effect | None:
        name = last_name(call.func)
        lowered = name.lower()
        if name in _ORDERLESS or "sort" in lowered or lowered.startswith(("assert", "print", "log", "check", "delete")):
            return None
        if name in _SAME_ORDER:
            return self.effect(call)
        if self._picks_extreme(call):
            return None
        if name in {"extend", "append", "appendleft", "put", "insert"} and isinstance(call.func, ast.Attribute):
            found = self.receiver_effect(call.func.value)
            if name != "extend" and found is not None and isinstance(found.node, ast.Subscript):
                return self.effect(found.node)  # of lists in a list, what happens to each of them counts
            return found
        if name == "next":
            return Effect(call, f"`{shown(call)}` takes whichever comes first", Confidence.MEDIUM)
        resolved = self.file.resolve(call.func, self.file.scope_of(call))
        if resolved is not None and resolved.startswith("."):
            return self._parameter(call, node, resolved)
        if resolved in SORTING_ENCODERS or self._sorted_later(call):
            return None
        package = (resolved or "").partition(".")[0]
        if package in _CARRIERS:
            return None
        confidence = Confidence.HIGH if package in _DATA_LIBRARIES else Confidence.MEDIUM
        return Effect(call, f"`{shown(call.func)}(...)` gets it in that order", confidence)

    def _sorted_later(self, call: ast.Call) -> bool:
        match self.file.parent(call):
            case ast.Assign(targets=[ast.Name() as target]):
                return any(self._sorts(use) for use in self.names.uses(target))
            case ast.Attribute(attr=name):
                return name.startswith("sort")
        return False

    def _parameter(self, call: ast.Call, node: ast.expr, name: str) -> Effect | None:
        """What a function of this file does with the parameter that gets the sequence."""
        scope = next((s for s in self.file.scopes if s.kind == "function" and "." + s.qualname == name), None)
        unseen = Effect(call, f"`{shown(call.func)}(...)` gets it in that order", Confidence.MEDIUM)
        if scope is None or not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
            return unseen
        arguments = scope.node.args
        names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
        if names[:1] in (["self"], ["cls"]):
            names = names[1:]
        wanted = next((keyword.arg for keyword in call.keywords if keyword.value is node), None)
        if wanted is None and node in call.args and call.args.index(node) < len(names):
            wanted = names[call.args.index(node)]
        bindings = scope.bindings.get(wanted or "")
        if not bindings:
            return unseen
        return self._strongest_use(self.names.uses_of(bindings[0], wanted or ""))

    def _subscript(self, node: ast.Subscript) -> Effect | None:
        if not isinstance(node.ctx, ast.Load):
            return None
        harmless = self.file.parent(node)
        if isinstance(harmless, ast.FormattedValue | ast.Expr):
            return None
        if isinstance(harmless, ast.Call) and last_name(harmless.func) in {"print", "info", "debug", "warning"}:
            return None
        match node.slice:
            case ast.Slice(lower=None, upper=None):
                return self.effect(node)
            case ast.Tuple(elts=[ast.Slice(lower=None, upper=None), *_]):
                return self.effect(node)  # columns of an array
            case ast.Slice(lower=ast.Constant(value=1), upper=None) if starts_at_top(node.value):
                return self.effect(node)
            case ast.Slice():
                return Effect(node, f"`{shown(node)}` keeps whichever come first", Confidence.HIGH)
            case ast.Call() if is_extreme(node.slice):
                return None
            case ast.Constant(value=int()) | ast.UnaryOp():
                if isinstance(node.value, ast.Name) and self._has_one(node.value):
                    return None
                confidence = Confidence.LOW if self._is_probed(node) else Confidence.MEDIUM
                return Effect(node, f"`{shown(node)}` takes whichever stands there", confidence)
        loop = self._loop_over_positions(node)
        if loop is not None and isinstance(node.slice, ast.Name) and isinstance(node.value, ast.Name):
            return strongest(LoopReader(self, loop).effects_by_index(node.slice.id, node.value.id))
        return Effect(node, f"`{shown(node)}` picks by position", Confidence.HIGH)

    def _loop_over_positions(self, node: ast.Subscript) -> ast.For | None:
        """The loop around `names[i]` that goes through all of them: `for i in range(len(names))`."""
        if not isinstance(node.slice, ast.Name) or not isinstance(node.value, ast.Name):
            return None
        for ancestor in self.file.ancestors(node):
            match ancestor:
                case ast.For(target=ast.Name(id=index), iter=iterated) if index == node.slice.id:
                    while isinstance(iterated, ast.Call) and last_name(iterated.func) in {"tqdm", "track"}:
                        iterated = iterated.args[0] if iterated.args else iterated.func
                    return ancestor if self._counts(iterated, node.value) else None
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                    return None
        return None

    def _counts(self, iterated: ast.expr, sequence: ast.Name) -> bool:
        """Whether an expression is `range(len(sequence))`, or that of a name that was given the length."""
        match iterated:
            case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=0), end] | [end]):
                return self._is_length(end, sequence)
        return False

    def _is_length(self, value: ast.expr, sequence: ast.Name) -> bool:
        match value:
            case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=measured)]):
                return measured == sequence.id
            case ast.Name(id=name):
                for use in self.names.reads(sequence.id):
                    match self.file.parent(use):
                        case ast.Call(func=ast.Name(id="len")) as call:
                            match self.file.parent(call):
                                case ast.Assign(targets=[ast.Name(id=given)]) if given == name:
                                    return self.file.scope_of(use) is self.file.scope_of(sequence)
        return False

    def _is_probed(self, node: ast.expr) -> bool:
        """Whether one entry stands for all: nothing is asked but its form, as in `np.load(files[0]).shape`."""
        parent = self.file.parent(node)
        if isinstance(parent, ast.Call) and node in parent.args:
            node, parent = parent, self.file.parent(parent)
        match parent:
            case ast.Attribute(attr=name):
                return name in _FORM
            case ast.Assign(targets=[ast.Name(id=name)]):
                scope = self.file.scope_of(node)
                uses = [self.file.parent(use) for use in self.names.reads(name) if self.file.scope_of(use) is scope]
                return bool(uses) and all(isinstance(use, ast.Attribute) and use.attr in _FORM for use in uses)
        return False

    def _has_one(self, name: ast.Name) -> bool:
        """Whether the code makes sure that there is one entry: `len(files) == 1`, `len(files) > 1`."""
        scope = self.file.scope_of(name)
        for use in self.names.reads(name.id):
            match self.file.parent(use):
                case ast.Call(func=ast.Name(id="len")) as call if self.file.scope_of(use) is scope:
                    test = self.file.parent(call)
                    if isinstance(test, ast.Compare) and any(
                        isinstance(part, ast.Constant) and part.value in {1, 2} for part in test.comparators
                    ):
                        return True
        return False

    def _method(self, attribute: ast.Attribute) -> Effect | None:
        call = self.file.parent(attribute)
        if not isinstance(call, ast.Call) or call.func is not attribute:
            return None
        match attribute.attr:
            case "copy" | "tolist" | "__iter__":
                return self.effect(call)
            case "pop" | "popleft" | "__next__":
                return Effect(call, f"`{shown(call)}` takes whichever stands there", Confidence.MEDIUM)
            case "index" if not self._picks_extreme(call):
                return Effect(call, f"`{shown(call)}` is a position in it", Confidence.HIGH)
        return None

    def _picks_extreme(self, call: ast.Call) -> bool:
        """Whether a call says where the largest or smallest stands, to take what stands there in a list beside it."""
        parent = self.file.parent(call)
        if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "int":
            parent = self.file.parent(parent)
        return isinstance(parent, ast.Subscript) and isinstance(parent.slice, ast.Call) and is_extreme(call)

    def _comprehension(self, generator: ast.comprehension) -> Effect | None:
        owner = self.file.parent(generator)
        counted = generator.iter
        if isinstance(owner, ast.DictComp) and isinstance(counted, ast.Call) and last_name(counted.func) == "enumerate":
            return Effect(owner, f"`{shown(owner)}` numbers in that order", Confidence.HIGH)
        return self.effect(owner) if isinstance(owner, ast.ListComp | ast.GeneratorExp) else None

    def returned(self, node: ast.AST, position: int | None = None) -> Effect | None:
        """What the callers in this file do with it; `position` is its place in a tuple."""
        scope = self.file.scope_of(node)
        function = scope.enclosing("function")
        if isinstance(node, ast.Lambda) or function is None:
            return Effect(node, "it is returned in that order", Confidence.LOW)
        wraps = _LISTING_NAME.match(function.name) is not None
        confidence = Confidence.LOW if wraps else Confidence.MEDIUM
        unseen = Effect(node, f"`{function.name}` hands it on in that order", confidence)
        name = "." + function.qualname
        calls = [call.node for call in self.module.calls if call.name == name]
        if not calls:
            return unseen
        return strongest(self._received(call, position) for call in calls)

    def _received(self, call: ast.Call, position: int | None) -> Effect | None:
        match self.file.parent(call):
            case ast.Assign(targets=[ast.Tuple(elts=names)]) if position is not None and position < len(names):
                return self._target(names[position])
        return self.effect(call)

    # Names

    def receiver_effect(self, receiver: ast.expr) -> Effect | None:
        """Where the order of a list reaches something that elements are added to."""
        match receiver:
            case ast.Name():
                return self.name_effect(receiver)
            case ast.Attribute():
                return self.attribute_effect(receiver)
            case ast.Subscript(value=ast.Name() as table) if self._entries_sorted(table):
                return None
        return Effect(receiver, f"`{shown(receiver)}` keeps that order", Confidence.MEDIUM)

    def _entries_sorted(self, table: ast.Name) -> bool:
        """Whether the lists of a table are sorted one by one: `for rows in table.values(): rows.sort()`."""
        for use in self.names.uses(table):
            match self.file.parent(use):
                case ast.Subscript() as entry if self._sorts(entry):
                    return True
                case ast.Attribute(attr="values" | "items") as method:
                    call = self.file.parent(method)
                    loop = self.file.parent(call) if isinstance(call, ast.Call) else None
                    target = loop.target if isinstance(loop, ast.For) else None
                    each = target.elts[-1] if isinstance(target, ast.Tuple) and target.elts else target
                    if isinstance(each, ast.Name) and any(self._sorts(read) for read in self.names.uses(each)):
                        return True
        return False

    def name_effect(self, target: ast.Name) -> Effect | None:
        """The strongest effect of the uses of a name after `target`; None when it is sorted."""
        if target in self._seen:
            return None
        self._seen.add(target)
        try:
            return self._strongest_use(self.names.uses(target))
        finally:
            self._seen.discard(target)

    def attribute_effect(self, target: ast.Attribute) -> Effect | None:
        """The same for `self.NAME`, over all methods of the class."""
        if target in self._seen:
            return None
        uses = list(self.names.attribute_uses(target))
        self._seen.add(target)
        try:
            if uses:
                return self._strongest_use(uses)
        finally:
            self._seen.discard(target)
        return Effect(target, f"`{shown(target)}` keeps that order", Confidence.MEDIUM)

    def _strongest_use(self, uses: Iterable[ast.expr]) -> Effect | None:
        listed = list(uses)
        if any(self._sorts(use) for use in listed):
            return None
        return strongest(self.effect(use) for use in listed)

    def _sorts(self, use: ast.expr) -> bool:
        """`x.sort()`, `x.sort_values(...)`, `x = sorted(x)`, `x[:] = sorted(x)`."""
        parent = self.file.parent(use)
        if isinstance(parent, ast.Attribute):
            return parent.attr.startswith("sort")
        if isinstance(parent, ast.Call) and "sort" in last_name(parent.func) and parent.func is not use:
            statement = self.file.parent(parent)
            return (
                isinstance(statement, ast.Assign)
                and any(ast.dump(target).replace("Store()", "Load()") == ast.dump(use) for target in statement.targets)
            ) or isinstance(statement, ast.Expr)
        return False
