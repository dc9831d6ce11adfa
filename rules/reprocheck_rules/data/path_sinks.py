"""Where a path goes: to the call that opens it, the option that it is the default of, or the name that it gets."""

import ast
import re
from dataclasses import dataclass
from enum import IntEnum

from reprocheck.rulekit import Call, Module, NameUses


class Rank(IntEnum):
    """How surely a text is used as a path, and without the user's say."""

    OTHER = 0
    """Goes somewhere that tells nothing."""
    DEFAULT = 1
    """The default of an option or parameter: used unless one says otherwise."""
    NAMED = 2
    """Given to something whose name speaks of paths."""
    USED = 3
    """Opened, listed, written, changed into or imported from."""


@dataclass(frozen=True, slots=True)
class Sink:
    """The end of the way."""

    rank: Rank
    node: ast.AST
    clause: str
    """What happens there, to follow `and`."""


_PATH_WORD = re.compile(
    r"(^|_)(path|paths|dir|dirs|directory|folder|root|file|files|filename|fname|fn|csv|data|dataset|datadir|dataroot|ckpt|checkpoint"
    r"|weights|model|models|output|input|log|logs|cache|base|prefix|source|src|dst|target|pretrained|images?|train|test|val|out"
    r"|wav|audio|video|config|cfg|location|uri|home|save|load|bucket)\d*(_|$)|path|dir$|file$|folder",
    re.IGNORECASE,
)
_JOINS = frozenset({"os.path.join", "posixpath.join", "ntpath.join"})
_SAME_PATH_TEXT = """
    str fspath Path PurePath PosixPath WindowsPath expanduser expandvars normpath abspath realpath format joinpath
    resolve absolute with_suffix with_name as_posix replace rstrip strip UPath to_absolute_path AnyPath CloudPath
    S3Path list sorted array asarray tuple parse join
"""
_SAME_PATH = frozenset(_SAME_PATH_TEXT.split())
_NOT_PATHS_TEXT = """
    startswith endswith split find match search fullmatch sub compile findall print info debug warning error warn
    exception log lstrip removeprefix partition count index exists isfile isdir is_dir is_file xpath route get post
    put patch head options websocket api_route add_url_rule url_for redirect mount Mount include_router join_path
    assertEqual isinstance append_url record_event event critical commonprefix relpath relative_to getsize
    setdefault warn_once echo success request url capture group ValueError RuntimeError FileNotFoundError KeyError
    Exception Markdown markdown write title secho
"""
_NOT_PATHS = frozenset(_NOT_PATHS_TEXT.split())
_DEFAULTS_TEXT = """
    getenv get pop add_argument option Option argument Argument Field field DEFINE_string DEFINE_multi_string
    DEFINE_list setdefault add_option Parameter DEFINE_string_list DEFINE_spaceseplist getattr config
"""
_DEFAULTS = frozenset(_DEFAULTS_TEXT.split())
_PATH_METHODS_TEXT = """
    open read_text read_bytes write_text write_bytes mkdir touch iterdir glob rglob rename unlink walk read_csv
"""
_PATH_METHODS = frozenset(_PATH_METHODS_TEXT.split())
_DEPTH = 7
_SHOWN = 40
"""Characters of source in a message."""


class PathSinks:
    """Follows texts of one module."""

    def __init__(self, module: Module) -> None:
        """Calls are indexed by their nodes."""
        self.module = module
        self.file = module.file
        self.names = module.once(NameUses)
        self._calls = {call.node: call for call in module.calls}
        self._seen: set[ast.AST] = set()

    def of(self, node: ast.expr, depth: int = _DEPTH) -> Sink | None:
        """The most certain use of an expression as a path; None when it is none at all."""
        if depth <= 0 or node in self._seen:
            return None
        self._seen.add(node)
        try:
            return self._by_parent(node, self.file.parent(node), depth - 1)
        finally:
            self._seen.discard(node)

    def _by_parent(self, node: ast.expr, parent: ast.AST | None, depth: int) -> Sink | None:
        match parent:
            case ast.JoinedStr(values=values):
                return self.of(parent, depth) if values[0] is node else None
            case ast.FormattedValue():
                outer = self.file.parent(parent)
                return self.of(outer, depth) if isinstance(outer, ast.JoinedStr) and outer.values[0] is parent else None
            case ast.BinOp(op=ast.Add() | ast.Div() | ast.Mod(), left=left):
                return self.of(parent, depth) if left is node or isinstance(parent.op, ast.Div) else None
            case ast.IfExp(test=test):
                return None if test is node else self.of(parent, depth)
            case ast.BoolOp():
                return _lower(self.of(parent, depth))
            case ast.List() | ast.Tuple() | ast.Set() | ast.Starred():
                return self.of(parent, depth)
            case ast.Subscript(value=value) if value is node:
                return self.of(parent, depth)
            case ast.Call():
                return self._argument(parent, node, None, depth)
            case ast.keyword(arg=name):
                call = self.file.parent(parent)
                return self._argument(call, node, name, depth) if isinstance(call, ast.Call) else None
            case ast.Attribute(attr=name):
                return self._attribute(parent, name, depth)
            case ast.For() | ast.comprehension() if parent.iter is node and isinstance(parent.target, ast.Name):
                return self._target(parent.target, depth)
            case ast.Dict(keys=keys, values=values) if node in values:
                key = keys[values.index(node)]
                word = str(key.value) if isinstance(key, ast.Constant) else ""
                return _named(parent, word) or Sink(Rank.OTHER, parent, "it is kept in a table")
        return self._by_statement(node, parent, depth)

    def _by_statement(self, node: ast.expr, parent: ast.AST | None, depth: int) -> Sink | None:
        """Where a path that isn't part of another expression goes."""
        match parent:
            case ast.Assign(targets=targets):
                found = _best(self._target(target, depth) for target in targets)
                return _lower(found) if self._falls_back(parent) else found
            case ast.AnnAssign(target=target):
                scope = self.file.scope_of(parent)
                found = self._target(target, depth)
                return _lower(found) if scope.kind == "class" else found
            case ast.AugAssign(target=target):
                return self._target(target, depth)
            case ast.arguments():
                return self._parameter(parent, node)
            case ast.withitem(optional_vars=ast.Name() as target):
                return self._target(target, depth)
            case ast.Return():
                return Sink(Rank.OTHER, parent, "it is returned")
        return None

    def _falls_back(self, assignment: ast.Assign) -> bool:
        """`if path is None: path = ...`, and names that call themselves defaults."""
        name = _last(assignment.targets[0])
        if name.lower().startswith("default"):
            return True
        match self.file.parent(assignment):
            case ast.If(
                test=ast.Compare(left=left, ops=[ast.Is() | ast.Eq()]) | ast.UnaryOp(op=ast.Not(), operand=left)
            ):
                return bool(name) and _last(left) == name
        return False

    def _attribute(self, node: ast.Attribute, name: str, depth: int) -> Sink | None:
        call = self.file.parent(node)
        if isinstance(call, ast.Call) and call.func is node:
            if name in _PATH_METHODS:
                return Sink(Rank.USED, call, f"`{name}` uses it")
            return self.of(call, depth) if name in _SAME_PATH else None
        return self.of(node, depth) if name in {"parent", "name", "stem"} else None

    def _argument(self, call: ast.Call, node: ast.expr, keyword: str | None, depth: int) -> Sink | None:
        if call.func is node:
            return None
        name = _last(call.func)
        seen = self._calls.get(call)
        entry = seen.entry if seen is not None else None
        if keyword in {
            "help",
            "description",
            "epilog",
            "metavar",
            "pattern",
            "url",
            "doc",
            "usage",
            "endpoint",
            "title",
            "name",
        }:
            return None
        if seen is not None and entry is not None and entry.path_arguments:
            return self._known(seen, node)
        if keyword == "default" or (name in _DEFAULTS and self._is_default(call, node, name)):
            return Sink(Rank.DEFAULT, call, f"it is the default of {_option(call)}")
        if name in _NOT_PATHS:
            return None
        if seen is not None and seen.name in _JOINS:
            return self.of(call, depth)
        if name in _SAME_PATH:
            return self.of(call, depth)
        if seen is not None and seen.name.startswith("."):
            return self._of_parameter(seen, node, keyword, depth)
        if name in {"run", "check_call", "check_output", "call", "Popen", "system"}:
            return Sink(Rank.USED, call, f"`{name}` hands it to a command")
        return _named(call, keyword or "") or Sink(Rank.OTHER, call, f"`{_short(call.func)}(...)` gets it")

    def _is_default(self, call: ast.Call, node: ast.expr, name: str) -> bool:
        if node not in call.args:
            return False
        position = call.args.index(node)
        return position == (2 if name == "getattr" else 0 if name in {"Field", "Option", "Argument"} else 1)

    def _known(self, call: Call, node: ast.expr) -> Sink | None:
        entry = call.entry
        assert entry is not None
        if not any(call.argument(name) is node for name in entry.path_arguments):
            return None
        if entry.roles <= {"inspects", "deletes"}:
            return None
        verb = "imports from it" if "extends-import-path" in entry.roles else "uses it"
        return Sink(Rank.USED, call.node, f"`{_short(call.node.func)}` {verb}")

    def _of_parameter(self, call: Call, node: ast.expr, keyword: str | None, depth: int) -> Sink | None:
        """What a function of this file does with it."""
        scope = next((s for s in self.file.scopes if s.kind == "function" and "." + s.qualname == call.name), None)
        fallback = _named(call.node, keyword or "") or Sink(
            Rank.OTHER, call.node, f"`{_short(call.node.func)}(...)` gets it"
        )
        if scope is None or not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
            return fallback
        names = [a.arg for a in (*scope.node.args.posonlyargs, *scope.node.args.args) if a.arg not in {"self", "cls"}]
        if keyword is None and node in call.node.args and call.node.args.index(node) < len(names):
            keyword = names[call.node.args.index(node)]
        bindings = scope.bindings.get(keyword or "")
        if not bindings or keyword is None:
            return fallback
        found = _best(self.of(use, depth) for use in self.names.uses_of(bindings[0], keyword))
        return found if found is not None and found.rank >= Rank.NAMED else _named(call.node, keyword) or fallback

    def _parameter(self, arguments: ast.arguments, node: ast.expr) -> Sink | None:
        """A parameter's default."""
        positional = (*arguments.posonlyargs, *arguments.args)
        pairs = [*zip(reversed(positional), reversed(arguments.defaults), strict=False)]
        pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None]
        name = next((argument.arg for argument, default in pairs if default is node), "")
        return Sink(Rank.DEFAULT, arguments, f"it is the default of `{name}`") if name else None

    def _target(self, target: ast.expr, depth: int) -> Sink | None:
        match target:
            case ast.Name(id=name):
                found = _best(self.of(use, depth) for use in self.names.uses(target))
                return _best((found, _named(target, name) or Sink(Rank.OTHER, target, f"it becomes `{name}`")))
            case ast.Attribute(attr=name):
                found = _best(self.of(use, depth) for use in self.names.attribute_uses(target))
                return _best((found, _named(target, name) or Sink(Rank.OTHER, target, f"it becomes `{name}`")))
            case ast.Subscript(value=value, slice=ast.Constant(value=key)):
                if _last(value) == "environ":
                    return Sink(Rank.USED, target, f"the environment variable `{key!s}` is set to it")
                return _named(target, str(key)) or Sink(Rank.OTHER, target, "it is kept in a table")
        return None


def _best(sinks: object) -> Sink | None:
    found = [sink for sink in sinks if sink is not None]  # type: ignore[attr-defined]
    return max(found, key=lambda sink: sink.rank, default=None)


def _lower(sink: Sink | None) -> Sink | None:
    """The same end for a text that is only the last resort."""
    return None if sink is None else Sink(min(sink.rank, Rank.DEFAULT), sink.node, sink.clause)


def _named(node: ast.AST, name: str) -> Sink | None:
    return Sink(Rank.NAMED, node, f"`{name}` is set to it") if _PATH_WORD.search(name) else None


def _last(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _option(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return f"`{first.value}`"
    return "an option"
