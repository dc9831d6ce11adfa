"""What the elements of a set are: texts have another hash in each process, numbers always the same."""

import ast
import re
from contextlib import suppress
from enum import Enum

from reprocheck.rulekit import Binding, Kind, Module


class Elements(Enum):
    """Kinds of elements, by what their hashes depend on."""

    NUMBERS = "numbers"
    """Their hash is their value: the same set, filled the same way, has the same order."""
    LIKELY_NUMBERS = "likely numbers"
    TEXTS = "texts"
    LIKELY_TEXTS = "likely texts"
    UNKNOWN = "unknown"


_TO_NUMBER_TEXT = """
    int len round abs float ord hash bool min max sum item argmax argmin index rindex count token_to_id piece_to_id
"""
_TO_NUMBER = frozenset(_TO_NUMBER_TEXT.split())
_OF_NUMBERS = frozenset(
    ["range", "arange", "nonzero", "where", "argsort", "randint", "randperm", "permutation", "argwhere", "encode"]
)
_PICKS = frozenset(["choice", "choices", "sample", "permutation", "shuffled"])
"""Functions whose result has elements of what they are given."""
_TO_TEXT_TEXT = """
    str repr lower upper strip rstrip lstrip join format replace title basename dirname decode hexdigest casefold
    removeprefix removesuffix splitext
"""
_TO_TEXT = frozenset(_TO_TEXT_TEXT.split())
_OF_TEXTS = frozenset(
    ["split", "splitlines", "listdir", "readlines", "word_tokenize", "tokenize", "rsplit", "words", "glob", "findall"]
)
_NUMBER_NAME = re.compile(
    r"(^|_)(i?dx|ind|index|indices|inds|num|nums|numbers?|count|years?|months?|days?|sizes?|dims?|steps?|epochs?|ranks?|n|i|j|k"
    r"|ints?|pos|positions?|offsets?|lengths?|levels?|layers?|ports?|axis|axes|[pv]?ids?\d*|nodes?|edges?|rows?|cols?|frames?"
    r"|timestamps?|ticks?|shapes?|devices?|gpus?|seeds?|bits|batch|iters?|degrees?)s?$",
    re.IGNORECASE,
)
_DECLARED_TEXT = """
    list set frozenset tuple sequence iterable iterator collection abstractset mutableset mutablesequence deque counter
    dict defaultdict mapping mutablemapping ordereddict keysview
"""
_DECLARED = frozenset(_DECLARED_TEXT.split())
"""Types, in lower case, whose first parameter is what a set of it is made of."""
_BY_TYPE = {
    **dict.fromkeys(("int", "float", "bool", "integer", "floating", "int64", "int32", "float64"), Elements.NUMBERS),
    **dict.fromkeys(("str", "bytes", "Path", "PurePath"), Elements.TEXTS),
}
_TENSOR = re.compile(r"^torch\.(tensor|as_tensor|Tensor|(Long|Int|Short|Float|Double|Bool)Tensor)$")
_OF_GRAPH = re.compile(r"^(node|edge|vertex|vertices|graph)_", re.IGNORECASE)
"""Names of what graphs are labelled with, which is numbered where anything is learnt from it."""
_TEXT_NAME = re.compile(
    r"(^|_)(words?|tokens?|names?|categor(y|ies)|characters?|chars?|texts?|tags?|titles?|genres?|languages?|langs?|paths?"
    r"|files?|filenames?|species|sentences?|phrases?|urls?|keywords?|vocab(ulary)?|letters?|strings?)$",
    re.IGNORECASE,
)


def elements_of_set(module: Module, node: ast.expr) -> Elements:
    """Kind of the elements of a set expression; what isn't known otherwise, the name that it is given may tell."""
    known = elements_of(module, node)
    if known is not Elements.UNKNOWN:
        return known
    if _fills_tensor(module, node):
        return Elements.NUMBERS
    statement = module.file.statement(node)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    for target in targets:
        name = target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
        if name and _NUMBER_NAME.search(name.removesuffix("_list").removesuffix("_set")):
            return Elements.LIKELY_NUMBERS
    return known


def _fills_tensor(module: Module, node: ast.expr) -> bool:
    """Whether a tensor of PyTorch is made of the elements, which takes no texts: `torch.tensor(list(set(found)))`."""
    for ancestor in module.file.ancestors(node):
        match ancestor:
            case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted")):
                continue
            case ast.Call(func=function):
                return _TENSOR.search(module.name(function, module.file.scope_of(function)) or "") is not None
        return False
    return False


def elements_of(module: Module, node: ast.expr, depth: int = 4) -> Elements:
    """Kind of the elements of a set expression or of what a set is made from."""
    match node:
        case ast.Set(elts=items) | ast.List(elts=items) | ast.Tuple(elts=items):
            return _joined([_kind_of(module, item, depth) for item in items])
        case ast.SetComp(elt=item) | ast.ListComp(elt=item) | ast.GeneratorExp(elt=item):
            return _kind_of(module, item, depth)
        case ast.Constant(value=str()):
            return Elements.TEXTS
        case ast.Call(func=ast.Name(id="set" | "frozenset" | "list" | "tuple" | "sorted"), args=[inner]):
            return elements_of(module, inner, depth)
        case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id=function), *_]):
            return _by_function(function)
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return _of_call(module, node, name, depth)
        case ast.BinOp(op=ast.Sub(), left=left):
            return elements_of(module, left, depth)
        case ast.BinOp(op=ast.BitAnd(), left=left, right=right):
            return _common([elements_of(module, left, depth), elements_of(module, right, depth)])
        case ast.BinOp(left=left, right=right):
            return _joined([elements_of(module, left, depth), elements_of(module, right, depth)])
        case ast.Name(id=name):
            return _of_name(module, node, name, depth)
        case ast.Attribute(attr=name):
            return Elements.TEXTS if name == "columns" else _by_identifier(name)
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return _by_identifier(name)
        case ast.Subscript(value=ast.Name() | ast.Attribute() as table):
            return _of_entries(module, table, depth)
    return Elements.UNKNOWN


def _of_call(module: Module, node: ast.expr, name: str, depth: int) -> Elements:
    """Kind of the elements of what a function gives back."""
    assert isinstance(node, ast.Call)
    if name in _PICKS and node.args:
        first = node.args[0]
        return Elements.NUMBERS if isinstance(first, ast.Constant) else elements_of(module, first, depth)
    if name in {"difference", "intersection"} and isinstance(node.func, ast.Attribute):
        return elements_of(module, node.func.value, depth)
    return Elements.NUMBERS if name in _OF_NUMBERS else Elements.TEXTS if name in _OF_TEXTS else Elements.UNKNOWN


def _of_name(module: Module, node: ast.expr, name: str, depth: int) -> Elements:
    assert isinstance(node, ast.Name)
    bindings = module.file.scope_of(node).lookup(name) or []
    values = [b.value for b in bindings if b.kind is Kind.ASSIGN and b.value is not None and b.index is None]
    if depth > 0 and values and len(values) == len(bindings):
        # `rest = list(set(rest) - taken)` has some of the elements that it had before.
        others = [value for value in values if not _derives(value, name)]
        known = _joined([elements_of(module, value, depth - 1) for value in others])
        if known is not Elements.UNKNOWN:
            return known
    declared = [_of_annotation(annotation) for b in bindings if (annotation := _annotation(module, b)) is not None]
    known = _joined(declared)
    return known if known is not Elements.UNKNOWN else _by_identifier(name)


def _annotation(module: Module, binding: Binding) -> ast.expr | None:
    """The type that a parameter or a variable is declared with."""
    if isinstance(binding.node, ast.arg):
        return binding.node.annotation
    statement = module.file.statement(binding.node) if binding.kind is Kind.ASSIGN else None
    return statement.annotation if isinstance(statement, ast.AnnAssign) else None


def _of_annotation(annotation: ast.expr) -> Elements:
    """Kind of the elements of a collection of a declared type: those of `list[int]`, the keys of `dict[str, float]`."""
    match annotation:
        case ast.Constant(value=str(text)):
            with suppress(SyntaxError, ValueError, RecursionError):
                return _of_annotation(ast.parse(text, mode="eval").body)
        case ast.BinOp(op=ast.BitOr(), left=left, right=ast.Constant(value=None)):
            return _of_annotation(left)
        case ast.Subscript(value=outer, slice=inner):
            name = ast.unparse(outer).rpartition(".")[2].lower()
            if name == "optional":
                return _of_annotation(inner)
            if name in _DECLARED:
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                return _BY_TYPE.get(ast.unparse(parts[0]).rpartition(".")[2], Elements.UNKNOWN)
    return Elements.UNKNOWN


def _derives(value: ast.expr, name: str) -> bool:
    """Whether an expression only takes elements away from what a name has, or changes their order."""
    match value:
        case ast.Name(id=other):
            return other == name
        case ast.BinOp(op=ast.Sub() | ast.BitAnd(), left=left):
            return _derives(left, name)
        case ast.Call(func=ast.Name(id="set" | "list" | "tuple" | "sorted" | "frozenset"), args=[inner]):
            return _derives(inner, name)
        case ast.Subscript(value=inner, slice=ast.Slice()):
            return _derives(inner, name)
    return False


def _of_entries(module: Module, table: ast.Name | ast.Attribute, depth: int) -> Elements:
    """Kind of the elements of the entries that a file gives to a table: `pools[user] = [...]`."""
    if depth <= 0:
        return Elements.UNKNOWN
    wanted = ast.unparse(table)
    values = [
        node.value
        for node in module.file.every(ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Subscript)
        and not isinstance(target.slice, ast.Slice)
        and ast.unparse(target.value) == wanted
    ]
    return _joined([elements_of(module, value, depth - 1) for value in values])


def _kind_of(module: Module, item: ast.expr, depth: int) -> Elements:
    """Kind of one element."""
    match item:
        case ast.Constant(value=value):
            return Elements.TEXTS if isinstance(value, str | bytes) else Elements.NUMBERS
        case ast.JoinedStr():
            return Elements.TEXTS
        case ast.Tuple(elts=items):
            return _joined([_kind_of(module, part, depth) for part in items])
        case ast.Call(func=ast.Name(id="choice") | ast.Attribute(attr="choice"), args=[inner, *_]):
            return Elements.NUMBERS if isinstance(inner, ast.Constant) else elements_of(module, inner, depth)
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)):
            return _by_function(name)
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str())):
            return Elements.TEXTS
        case ast.BinOp(left=left, right=right):
            return _joined([_kind_of(module, left, depth), _kind_of(module, right, depth)])
        case ast.IfExp(body=left, orelse=right):
            return _joined([_kind_of(module, left, depth), _kind_of(module, right, depth)])
        case ast.UnaryOp(operand=operand):
            return _kind_of(module, operand, depth)
        case ast.Name(id=name):
            return _of_loop(module, item, name, depth)
        case ast.Attribute(attr="stem" | "name" | "suffix" | "__name__"):
            return Elements.TEXTS
        case ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str() as name)):
            return _by_identifier(name)
        case ast.Starred(value=value):
            return elements_of(module, value, depth)
    return Elements.UNKNOWN


def _of_loop(module: Module, node: ast.Name, name: str, depth: int) -> Elements:
    """Kind of what a loop or comprehension runs over."""
    for binding in module.file.scope_of(node).lookup(name) or []:
        if binding.kind is Kind.LOOP and binding.value is not None and depth > 0:
            if binding.index is None:
                known = elements_of(module, binding.value, depth - 1)
                return known if known is not Elements.UNKNOWN else _by_identifier(name)
            value = binding.value
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "enumerate":
                return Elements.NUMBERS if binding.index == 0 else _by_identifier(name)
    return _by_identifier(name)


def _by_function(name: str) -> Elements:
    if name in _TO_NUMBER or re.fullmatch(r"u?int\d*|float\d*", name):
        return Elements.NUMBERS
    return Elements.TEXTS if name in _TO_TEXT else Elements.UNKNOWN


def _by_identifier(name: str) -> Elements:
    if _TEXT_NAME.search(name) and not _OF_GRAPH.search(name):
        return Elements.LIKELY_TEXTS
    numbered = _NUMBER_NAME.search(name) or _OF_GRAPH.search(name)
    return Elements.LIKELY_NUMBERS if numbered else Elements.UNKNOWN


def _common(kinds: list[Elements]) -> Elements:
    """Kind of what two sets have in common: what is known of one holds for it."""
    return next((kind for kind in (Elements.NUMBERS, Elements.TEXTS) if kind in kinds), _joined(kinds))


def _joined(kinds: list[Elements]) -> Elements:
    """Kind of a mixture: one text is enough to give it another order."""
    for kind in (Elements.TEXTS, Elements.LIKELY_TEXTS, Elements.UNKNOWN, Elements.LIKELY_NUMBERS):
        if kind in kinds:
            return kind
    return Elements.NUMBERS if kinds else Elements.UNKNOWN
