"""A module's statements as plain data: what following values through a program needs once the tree is gone.

Kept for modules that prepare data, hold a model or answer requests, and for short ones that tie such modules together;
of others only imports and the heads of classes. What `forward` computes is the model's business and left out. Packed,
because most projects never unpack it.

An expression is a list that begins with its form:

- `["k", value]` a constant; `["n", name]`; `["a", base, attribute]`; `["?", part, ...]` anything else with its parts
- `["c", callee, arguments, [[keyword, value], ...], span]` a call; `**` for unpacked keywords, `["*", value]` for
  unpacked arguments
- `["o", operator, left, right, span]`; `["u", operator, operand]`; `["b", operator, values]`
- `["s", base, index, span]`; `["l", lower, upper, step]` a slice
- `["q", "list" | "tuple" | "set", items, span]`; `["d", [[key, value], ...], span]`; `["f", parts]`
- `["i", test, body, otherwise]`; `["y", parameters, body]` a lambda; `["m", element, target, iterated]`
- `["v", name, value]` an assignment expression

A statement too:

- `["=", targets, value]`; `["+", target, operator, value, span]`; `["e", value]`; `["r", value]`; `["x"]` a raise
- `["if", test, body, otherwise]`; `["for", target, iterated, body]`; `["while", body]`; `["try", body, handlers]`
- `["with", [[context, target], ...], body]`; `["import", [[name, target], ...]]`
- `["def", name, [[parameter, default or None], ...], body, decorators, span]`
- `["class", name, bases, body, span]`; `["field", name]` an annotation without a value
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from reprocheck.project.python.file import PythonFile

Form = list[Any]
"""An expression or statement as data."""

_PREPARES = frozenset(
    {
        "albumentations", "autogluon", "bentoml", "box", "catboost", "category_encoders", "chalice", "cv2", "datasets",
        "django", "fastai", "fastapi", "feature_engine", "flask", "gensim", "gradio", "imageio", "imblearn", "imgaug",
        "imutils", "joblib", "keras", "kornia", "kserve", "lightgbm", "lightning", "litserve", "mlflow", "nltk",
        "onnxruntime", "pandas", "pickle", "PIL", "pytorch_lightning", "ray", "rest_framework", "sagemaker",
        "seldon_core", "skimage", "sklearn", "spacy", "starlette", "streamlit", "tensorflow", "tf_keras", "timm",
        "torchserve", "torchvision", "transformers", "triton_python_backend_utils", "tritonclient", "ts", "xgboost",
    }
)  # fmt: skip
_TELLING = frozenset(
    {
        "DataLoader", "Dataset", "IterableDataset", "backward", "encode_plus", "from_pretrained", "inference_mode",
        "load_state_dict", "no_grad",
    }
)  # fmt: skip
"""Names that a module trains, loads or asks a model with."""
_SHORT = 250
"""Lines up to which a module that imports nothing of the kind is kept: configuration, stages, argument handling."""
_LONG = 2_500
"""Lines beyond which a module is a library or generated."""
_DEPTH = 40
"""Levels of expressions and statements that are kept."""
_ITEMS = 300
"""Parts of one display that are kept; longer ones are tables."""
_TEXT = 400
_UNKNOWN: Form = ["?"]


def outline(file: PythonFile) -> bytes:
    """The statements of a module, packed: all of them, or only its imports and the heads of its classes."""
    if len(file.source.lines) > _LONG:
        return b""
    outliner = _Outliner(file)
    body = file.tree.body
    forms = outliner.block(body, 0) if _is_kept(file) else outliner.skeleton(body)
    try:
        return msgspec.msgpack.encode(forms)
    except UnicodeEncodeError:
        return msgspec.msgpack.encode(_spelled_out(forms))


def _spelled_out(form: object) -> object:
    r"""The form with lone surrogates, which a literal may hold and UTF-8 may not, written as `\ud800`."""
    match form:
        case str():
            return form.encode("utf-8", "backslashreplace").decode("utf-8")
        case list() | tuple():
            return [_spelled_out(part) for part in form]
        case dict():
            return {_spelled_out(key): _spelled_out(part) for key, part in form.items()}
    return form


def unpack(packed: bytes) -> list[Form]:
    """Statements of a packed outline."""
    return msgspec.msgpack.decode(packed, type=list[Any]) if packed else []


def _is_kept(file: PythonFile) -> bool:
    heads: set[str] = set()
    for scope in file.scopes:
        if scope.kind in {"module", "function"}:
            for bindings in scope.bindings.values():
                for binding in bindings:
                    if binding.target:
                        heads.add(binding.target.partition(".")[0])
                        heads.add(binding.target.rpartition(".")[2])
    if not heads.isdisjoint(_PREPARES) or not heads.isdisjoint(_TELLING) or not file.attributes.isdisjoint(_TELLING):
        return True
    return len(file.source.lines) <= _SHORT and "torch" not in heads


class _Outliner:
    def __init__(self, file: PythonFile) -> None:
        self._span = file.source.span

    def skeleton(self, body: Iterable[ast.stmt]) -> list[Form]:
        """Imports, and classes with nothing in them."""
        found: list[Form] = []
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                form = self._statement(node, 0)
                assert form is not None
                found.append(form)
            elif isinstance(node, ast.ClassDef):
                bases = [self.value(item, 0) for item in node.bases]
                found.append(["class", node.name, bases, [], self._place(node)])
        return found

    def block(self, body: Iterable[ast.stmt], depth: int) -> list[Form]:
        if depth > _DEPTH:
            return []
        return [form for node in body if (form := self._statement(node, depth)) is not None]

    def _statement(self, node: ast.stmt, depth: int) -> Form | None:  # noqa: C901, PLR0912 — one case per statement
        value = self.value
        match node:
            case ast.Expr():
                if isinstance(node.value, ast.Constant):
                    return None
                return ["e", value(node.value, depth)]
            case ast.Assign():
                return ["=", [value(target, depth) for target in node.targets], value(node.value, depth)]
            case ast.AnnAssign():
                if node.value is not None:
                    return ["=", [value(node.target, depth)], value(node.value, depth)]
                return ["field", node.target.id] if isinstance(node.target, ast.Name) else None
            case ast.AugAssign():
                return [
                    "+", value(node.target, depth), type(node.op).__name__, value(node.value, depth), self._place(node)
                ]  # fmt: skip
            case ast.Return():
                return ["r", _UNKNOWN if node.value is None else value(node.value, depth)]
            case ast.Raise():
                return ["x"]
            case ast.If():
                return [
                    "if",
                    value(node.test, depth),
                    self.block(node.body, depth + 1),
                    self.block(node.orelse, depth + 1),
                ]
            case ast.For() | ast.AsyncFor():
                body = self.block([*node.body, *node.orelse], depth + 1)
                return ["for", value(node.target, depth), value(node.iter, depth), body]
            case ast.While():
                return ["while", self.block([*node.body, *node.orelse], depth + 1)]
            case ast.With() | ast.AsyncWith():
                items = [
                    [value(item.context_expr, depth), item.optional_vars and value(item.optional_vars, depth)]
                    for item in node.items
                ]
                return ["with", items, self.block(node.body, depth + 1)]
            case ast.Try():
                handlers = [statement for handler in node.handlers for statement in handler.body]
                body = self.block([*node.body, *node.orelse, *node.finalbody], depth + 1)
                return ["try", body, self.block(handlers, depth + 1)]
            case ast.Import():
                heads = [(alias.asname, alias.name, alias.name.partition(".")[0]) for alias in node.names]
                return ["import", [[name, whole] if name else [head, head] for name, whole, head in heads]]
            case ast.ImportFrom():
                module = "." * node.level + (node.module or "")
                dot = "" if module.endswith(".") else "."
                return ["import", [[alias.asname or alias.name, f"{module}{dot}{alias.name}"] for alias in node.names]]
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                decorators = [value(item, depth) for item in node.decorator_list]
                body = [] if node.name == "forward" else self.block(node.body, depth + 1)
                return ["def", node.name, self.parameters(node.args, depth), body, decorators, self._place(node)]
            case ast.ClassDef():
                bases = [value(item, depth) for item in node.bases]
                return ["class", node.name, bases, self.block(node.body, depth + 1), self._place(node)]
        return None

    def parameters(self, arguments: ast.arguments, depth: int) -> list[Form]:
        positional = arguments.posonlyargs + arguments.args
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults += arguments.defaults
        pairs = [
            *zip(positional, defaults, strict=True),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        found = [[item.arg, default and self.value(default, depth)] for item, default in pairs]
        if arguments.vararg is not None:
            found.append(["*" + arguments.vararg.arg, None])
        if arguments.kwarg is not None:
            found.append(["**" + arguments.kwarg.arg, None])
        return found

    def _place(self, node: ast.AST) -> list[int]:
        span = self._span(node)
        return [span.line, span.column, span.end_line, span.end_column]

    # Expressions

    def value(self, node: ast.expr, depth: int) -> Form:
        """An expression as data."""
        if depth > _DEPTH:
            return _UNKNOWN
        handler = _EXPRESSIONS.get(node.__class__)
        return _UNKNOWN if handler is None else handler(self, node, depth + 1)

    def call(self, node: ast.Call, depth: int) -> Form:
        value = self.value
        arguments = [
            ["*", value(item.value, depth)] if item.__class__ is ast.Starred else value(item, depth)
            for item in node.args[:_ITEMS]
        ]
        keywords = [[item.arg or "**", value(item.value, depth)] for item in node.keywords[:_ITEMS]]
        return ["c", value(node.func, depth), arguments, keywords, self._place(node)]

    def constant(self, node: ast.Constant, _depth: int) -> Form:
        constant = node.value
        if isinstance(constant, str):
            return ["k", constant] if len(constant) <= _TEXT else ["?"]
        if isinstance(constant, int) and abs(constant) >= 1 << 63:
            return ["?"]
        return ["k", constant] if constant is None or isinstance(constant, int | float) else ["?"]

    def display(self, node: ast.List | ast.Tuple | ast.Set, depth: int) -> Form:
        kind = node.__class__.__name__.lower()
        return ["q", kind, [self.value(item, depth) for item in node.elts[:_ITEMS]], self._place(node)]

    def dict(self, node: ast.Dict, depth: int) -> Form:
        pairs = [
            [key and self.value(key, depth), self.value(value, depth)]
            for key, value in zip(node.keys[:_ITEMS], node.values[:_ITEMS], strict=True)
        ]
        return ["d", pairs, self._place(node)]

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, depth: int) -> Form:
        first = node.generators[0]
        return ["m", self.value(node.elt, depth), self.value(first.target, depth), self.value(first.iter, depth)]

    def subscript(self, node: ast.Subscript, depth: int) -> Form:
        return ["s", self.value(node.value, depth), self.value(node.slice, depth), self._place(node)]

    def slice(self, node: ast.Slice, depth: int) -> Form:
        parts = (node.lower, node.upper, node.step)
        return ["l", *(None if part is None else self.value(part, depth) for part in parts)]

    def operation(self, node: ast.BinOp, depth: int) -> Form:
        left, right = self.value(node.left, depth), self.value(node.right, depth)
        return ["o", node.op.__class__.__name__, left, right, self._place(node)]

    def compare(self, node: ast.Compare, depth: int) -> Form:
        operator = node.ops[0].__class__.__name__ if len(node.ops) == 1 else "?"
        right = self.value(node.comparators[0], depth)
        return ["o", operator, self.value(node.left, depth), right, self._place(node)]


_EXPRESSIONS: dict[type[ast.expr], Callable[[_Outliner, Any, int], Form]] = {
    ast.Name: lambda _, node, __: ["n", node.id],
    ast.Attribute: lambda outliner, node, depth: ["a", outliner.value(node.value, depth), node.attr],
    ast.Constant: _Outliner.constant,
    ast.Call: _Outliner.call,
    ast.BinOp: _Outliner.operation,
    ast.Compare: _Outliner.compare,
    ast.Subscript: _Outliner.subscript,
    ast.Slice: _Outliner.slice,
    ast.List: _Outliner.display,
    ast.Tuple: _Outliner.display,
    ast.Set: _Outliner.display,
    ast.Dict: _Outliner.dict,
    ast.UnaryOp: lambda outliner, node, depth: ["u", type(node.op).__name__, outliner.value(node.operand, depth)],
    ast.BoolOp: lambda outliner, node, depth: [
        "b", type(node.op).__name__, [outliner.value(item, depth) for item in node.values]
    ],
    ast.JoinedStr: lambda outliner, node, depth: ["f", [outliner.value(item, depth) for item in node.values]],
    ast.FormattedValue: lambda outliner, node, depth: outliner.value(node.value, depth),
    ast.IfExp: lambda outliner, node, depth: [
        "i", outliner.value(node.test, depth), outliner.value(node.body, depth), outliner.value(node.orelse, depth)
    ],
    ast.Lambda: lambda outliner, node, depth: [
        "y", outliner.parameters(node.args, depth), outliner.value(node.body, depth)
    ],
    ast.ListComp: _Outliner.comprehension,
    ast.SetComp: _Outliner.comprehension,
    ast.GeneratorExp: _Outliner.comprehension,
    ast.NamedExpr: lambda outliner, node, depth: ["v", node.target.id, outliner.value(node.value, depth)],
    ast.Await: lambda outliner, node, depth: outliner.value(node.value, depth),
    ast.Starred: lambda outliner, node, depth: outliner.value(node.value, depth),
}  # fmt: skip
