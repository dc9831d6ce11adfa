"""What each event of a function reaches: catalogued names, functions of the project, what is handed over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from reprocheck.project.facts.model import Call, Exit, FileFacts, Function, Import, ValueKind
from reprocheck.project.index.answers import Traced
from reprocheck.project.index.evaluate import Frame
from reprocheck.project.index.project_index import ProjectIndex
from reprocheck.project.index.steps import runs_later
from reprocheck.project.index.symbols import ClassRef, External, FunctionRef, Instance, Symbol
from reprocheck.project.tests_by_name import is_test_path
from reprocheck.rulekit.catalog import Catalog, CatalogEntry

_NAMESAKES = 3
"""Methods of one name that a call on an unknown receiver may mean."""
_HANDED_ON = 8
"""Calls through which something is handed on as an argument."""
_LOOK_ONLY = ("inspect.", "typing.", "functools.wraps", "functools.update_wrapper", "copy.", "pprint.")
"""Libraries that look at what they are given, and don't call it."""
_CONSTRUCTORS = ("__init__", "__post_init__", "setup")
_COMMON_METHODS = frozenset(
    {"close", "read", "write", "flush", "readline", "readlines", "seek", "open", "exists", "mkdir", "glob"}
    | {name for kind in (str, bytes, list, dict, set, int, float) for name in dir(kind) if name[0] != "_"}
)
"""Methods of Python's own objects, files and paths: on something unknown they are likely these."""


@dataclass(frozen=True, slots=True)
class Linked:
    """An event of a function that matters."""

    event: Call | Import | Exit
    name: str = ""
    entry: CatalogEntry | None = None
    targets: tuple[FunctionRef, ...] = ()
    callbacks: tuple[FunctionRef, ...] = ()
    carried: tuple[FunctionRef, ...] = ()
    """What a function of the project is handed, and may call or hand on."""
    guessed: bool = False
    bound: bool = False
    """Whether the first parameter of the target is the instance."""


class Linker:
    """Links the functions of one project, each once."""

    def __init__(self, index: ProjectIndex, catalog: Catalog, roles: frozenset[str]) -> None:
        """`roles` are those of catalog names that matter."""
        self.index = index
        self._symbols = index.symbols
        self._catalog = catalog
        self._roles = roles
        self._answers = index.answers
        self._links: dict[tuple[str, int], Traced[tuple[Linked, ...]]] = {}
        self._hooks_of: dict[tuple[str, str], Traced[tuple[FunctionRef, ...]]] = {}
        self._answers.values("instantiated", lambda _: self._instantiated, lambda _: index.documents_hold)

    def links(self, key: tuple[str, int]) -> tuple[Linked, ...]:
        """Events of a function with what they reach."""
        return self._answers.remembered(self._links, key, lambda: tuple(self._linked(key)))

    def _linked(self, key: tuple[str, int]) -> Iterator[Linked]:
        path, index = key
        facts = self.index.files[path]
        # What an earlier scan asked about may be gone.
        return self._link_all(facts, facts.functions[index]) if index < len(facts.functions) else iter(())

    def _link_all(self, facts: FileFacts, function: Function) -> Iterator[Linked]:
        for event in function.events:
            match event:
                case Call():
                    linked = self._link_call(facts, function, event)
                    if linked is not None:
                        yield linked
                case Import():
                    targets = tuple(self._imported(facts.path, event.target))
                    if targets:
                        yield Linked(event, event.target, None, targets)
                case Exit():
                    yield Linked(event)

    def _imported(self, path: str, target: str) -> Iterator[FunctionRef]:
        """Bodies of the project's modules that an import runs."""
        dots = len(target) - len(target.lstrip("."))
        parts = target[dots:].split(".")
        for length in range(1, len(parts) + 1):
            found = self._symbols.modules.find(path, "." * dots + ".".join(parts[:length]))
            if found is not None and found != path:
                yield self._symbols.table(found).functions[""]

    def _link_call(self, facts: FileFacts, function: Function, call: Call) -> Linked | None:
        callee = call.callee
        callbacks = () if runs_later(callee) else tuple(self._handed_over(facts.path, call))
        if callee.startswith(("self.", "builtins.super")):
            targets = tuple(self._own_method(facts.path, function, callee))
            if targets:
                return Linked(call, callee, None, targets, (), callbacks, bound=True)
            made = self._external_constructor(facts.path, function, callee)
            if made is not None:
                return Linked(call, *made, (), callbacks)
            return Linked(call, callee, None, (), callbacks, bound=True) if callbacks else None
        if callee[0] == "@":
            return Linked(call, callee, None, (), callbacks)
        if callee[0] == "?":
            return self._link_unknown(facts.path, call, callbacks)
        symbol = self._symbols.resolve(facts.path, callee)
        if symbol is None and callee.startswith("*."):
            symbol = self._from_libraries(facts, callee)
        match symbol:
            case External(name="tensorflow.app.run" | "tensorflow.compat.v1.app.run") if not call.arguments:
                main = self._symbols.table(facts.path).functions.get("main")
                return Linked(call, callee, None, (main,)) if main is not None else None
            case External(name="hydra.utils.instantiate" | "hydra.utils.call" | "hydra.utils.get_class"):
                return self._link_instantiation(call)
            case External():
                name = self._catalog.canonical(symbol.name)
                entry = self._catalog.entry(name)
                known = entry if entry is not None and not entry.roles.isdisjoint(self._roles) else None
                return Linked(call, name, known, (), callbacks) if known is not None or callbacks else None
            case FunctionRef():
                is_bound = symbol.function.method and "()" in callee
                carried = (*self._carried(facts.path, call), *self._made_by(facts.path, call, symbol))
                return Linked(call, callee, None, (symbol,), (), carried, bound=is_bound)
            case ClassRef():
                return self._link_class(call, symbol, callbacks)
            case Instance():
                targets = tuple(self._instance_call(symbol.of))
                return Linked(call, callee, None, targets, (), callbacks, bound=True) if targets else None
        inherited = self._inherited(facts.path, callee)
        if inherited is not None:
            name = self._catalog.canonical(inherited)
            entry = self._catalog.entry(name)
            if entry is not None and not entry.roles.isdisjoint(self._roles):
                return Linked(call, name, entry, (), callbacks)
        # A method of what the project's own function returned: as good as one of an unknown object.
        return self._link_unknown(facts.path, call, callbacks)

    def _from_libraries(self, facts: FileFacts, callee: str) -> External | None:
        """A name that one of several libraries brings by `import *`, when the catalog knows it from one alone."""
        names = [f"{star}{callee[1:]}" for star in facts.stars]
        known = {canonical: name for name in names if self._catalog.entry(canonical := self._catalog.canonical(name))}
        return External(next(iter(known.values()))) if len(known) == 1 else None

    def _link_instantiation(self, call: Call) -> Linked | None:
        """Classes of the project that Hydra makes from `_target_` keys of the configuration group that is named."""
        value = call.arguments[0].value if call.arguments else None
        group = value.path.rpartition(".")[2] if value is not None else ""
        if not group:
            return None
        files: dict[str, list[str]] = {}
        self._answers.note_value("instantiated", "")
        for path, key, named in self._instantiated:
            if f"/{group}/" in f"/{path}" or f".{group}." in f".{key}":
                files.setdefault(path, []).append(named)
        targets: list[FunctionRef] = []
        hooks: list[FunctionRef] = []
        for names in files.values():
            for name in names:
                symbol = self._symbols.resolve("", name)
                if isinstance(symbol, ClassRef):
                    made = self._symbols.method(symbol, "__init__")
                    targets.extend([made] if made is not None else [])
                    hooks.extend(self._hooks(symbol))
        if not targets and not hooks:
            return None
        return Linked(call, group, None, tuple(targets), tuple(hooks), guessed=len(files) > 1, bound=True)

    @cached_property
    def _instantiated(self) -> list[tuple[str, str, str]]:
        """File, key and value of the settings that name a class for Hydra to make."""
        return self._answers.apart(lambda: list(self._targets()))

    def _targets(self) -> Iterator[tuple[str, str, str]]:
        for path, document in self.index.documents.items():
            for setting in document.settings:
                if setting.key.endswith("_target_") and isinstance(setting.value, str):
                    yield path, setting.key, setting.value

    def _link_class(self, call: Call, owner: ClassRef, callbacks: tuple[FunctionRef, ...]) -> Linked | None:
        targets = [method for name in _CONSTRUCTORS if (method := self._symbols.method(owner, name))]
        for base in self._symbols.external_bases(owner):
            name = self._catalog.canonical(base)
            entry = self._catalog.entry(name)
            if entry is not None and not entry.roles.isdisjoint(self._roles) and not targets:
                return Linked(call, name, entry, (), callbacks)
        if targets:
            return Linked(call, owner.definition.name, None, tuple(targets), (), callbacks, bound=True)
        return Linked(call, owner.definition.name, None, (), callbacks, bound=True) if callbacks else None

    def _link_unknown(self, path: str, call: Call, callbacks: tuple[FunctionRef, ...]) -> Linked | None:
        name = call.callee.rpartition(".")[2]
        if "." in call.callee.lstrip("."):
            entry = self._catalog.entry(f"?.{name}")
            if entry is not None and not entry.roles.isdisjoint(self._roles):
                return Linked(call, f"?.{name}", entry, (), callbacks, guessed=True)
            namesakes = self._namesakes(path, name) if name not in _COMMON_METHODS else []
            if namesakes:
                return Linked(call, name, None, tuple(namesakes), callbacks, guessed=True, bound=True)
        return Linked(call, name, None, (), callbacks) if callbacks else None

    def _namesakes(self, path: str, name: str) -> list[FunctionRef]:
        """Methods that a call on something unknown may mean; none where they are many.

        It most likely means one that stands in the same file, and no test's.
        """
        everywhere = self._symbols.files_with_method(name)
        files = [path] if path in everywhere else [other for other in everywhere if not is_test_path(other)]
        if len(files) > _NAMESAKES:
            return []
        methods = [method for other in files for method in self._symbols.table(other).called[name]]
        return methods if len(methods) <= _NAMESAKES else []

    def _own_method(self, path: str, function: Function, callee: str) -> Iterator[FunctionRef]:
        owner_name = function.name.rpartition(".")[0]
        owner = self._symbols.table(path).classes.get(owner_name)
        name = callee.rpartition(".")[2]
        if owner is None or not name:
            return
        if callee.startswith("builtins.super"):
            ancestors = list(self._symbols.ancestry(owner))[1:]
            for ancestor in ancestors:
                method = self._symbols.table(ancestor.path).functions.get(f"{ancestor.definition.name}.{name}")
                if method is not None:
                    yield method
                    return
            return
        method = self._symbols.method(owner, name)
        if method is not None:
            yield method
            return
        yield from self._symbols.overriding(owner, name, of_tests=is_test_path(path))

    def _external_constructor(self, path: str, function: Function, callee: str) -> tuple[str, CatalogEntry] | None:
        """The base from outside the project whose constructor `super().__init__` runs, when that seeds."""
        owner = self._symbols.table(path).classes.get(function.name.rpartition(".")[0])
        if owner is None or not callee.startswith("builtins.super") or not callee.endswith(".__init__"):
            return None
        for base in sorted(self._symbols.external_bases(owner)):
            name = self._catalog.canonical(base)
            entry = self._catalog.entry(name)
            if entry is not None and "seeder" in entry.roles & self._roles:
                return name, entry
        return None

    def _inherited(self, path: str, callee: str) -> str | None:
        """Name of a method that a class of the project has from an external base."""
        owner_name, _, method = callee.rpartition(".")
        if not owner_name.strip("."):
            return None
        owner = self._symbols.resolve(path, owner_name)
        if isinstance(owner, Instance):
            owner = owner.of
        if not isinstance(owner, ClassRef):
            return None
        bases = sorted(self._symbols.external_bases(owner))
        return f"{bases[0]}.{method}" if bases else None

    def _instance_call(self, owner: ClassRef) -> Iterator[FunctionRef]:
        for name in ("forward", "call", "__call__"):
            method = self._symbols.method(owner, name)
            if method is not None:
                yield method
                return

    def _handed_over(self, path: str, call: Call) -> Iterator[FunctionRef]:
        """Functions of the project, and methods of its objects, that a call is given."""
        if call.callee.startswith(_LOOK_ONLY):
            return
        for argument in call.arguments:
            value = argument.value
            if value is None or value.kind is not ValueKind.NAME:
                continue
            name = str(value.value)
            if not name.startswith("builtins."):
                symbol = self._symbols.resolve(path, name)
                # `enumerate`, `len` and their kind ask an object for its elements, and call nothing that has a name.
                if not (isinstance(symbol, Instance) and call.callee.startswith("builtins.")):
                    yield from self.callable_as(symbol)

    def _carried(self, path: str, call: Call) -> Iterator[FunctionRef]:
        """What a function of the project can call because a call hands it over, constructors of classes included."""
        yield from self._handed_over(path, call)
        for argument in call.arguments:
            value = argument.value
            if value is not None and value.kind is ValueKind.NAME:
                symbol = self._symbols.resolve(path, str(value.value))
                if isinstance(symbol, ClassRef):
                    made = self._symbols.method(symbol, "__init__")
                    yield from (made,) if made is not None else ()

    def class_of(self, path: str, call: Call, target: FunctionRef) -> ClassRef | None:
        """The class that a class method is called on: `Agent` of `Agent.example()`."""
        parameters = target.function.parameters
        if not target.function.method or not parameters or parameters[0].name != "cls":
            return None
        owner = self._symbols.resolve(path, call.callee.rpartition(".")[0])
        return owner if isinstance(owner, ClassRef) else None

    def inherits(self, frame: Frame, owner: ClassRef) -> bool:
        """Whether the class that a class method runs for is another one or comes from it."""
        made, _ = self.bound_to("cls", frame)
        return isinstance(made, ClassRef) and any(each.key == owner.key for each in self._symbols.ancestry(made))

    def _made_by(self, path: str, call: Call, target: FunctionRef) -> Iterator[FunctionRef]:
        """Constructors that a class method runs by `cls(...)`."""
        owner = self.class_of(path, call, target)
        if owner is not None:
            made = (self._symbols.method(owner, name) for name in _CONSTRUCTORS)
            yield from (method for method in made if method is not None)

    def callable_as(self, symbol: Symbol) -> Iterator[FunctionRef]:
        """What code that gets hold of something can call."""
        if isinstance(symbol, FunctionRef):
            yield symbol
        elif isinstance(symbol, Instance):
            yield from self._hooks(symbol.of)

    def bound_to(self, name: str, frame: Frame) -> tuple[Symbol, str]:
        """What a parameter stands for in a call, and the name under which it was given."""
        for _ in range(_HANDED_ON):
            bound = frame.arguments.get(name)
            if bound is None or bound.value is None or bound.value.path:
                break
            if bound.value.kind is ValueKind.NAME:
                given = str(bound.value.value)
                return self._symbols.resolve(bound.path, given), given
            if bound.value.kind is not ValueKind.PARAMETER or bound.frame is None:
                break
            name, frame = str(bound.value.value), bound.frame
        return None, ""

    def link_parameter(self, call: Call, frame: Frame) -> Linked | None:
        """The call of a parameter, by what the parameter stands for."""
        symbol, given = self.bound_to(call.callee[1:], frame)
        match symbol:
            case External():
                name = self._catalog.canonical(symbol.name)
                entry = self._catalog.entry(name)
                return Linked(call, name, entry) if entry is not None and self._roles & entry.roles else None
            case FunctionRef():
                return Linked(call, given, None, (symbol,), bound=symbol.function.method and "()" in given)
            case ClassRef():
                return self._link_class(call, symbol, ())
            case Instance():
                return Linked(call, given, None, tuple(self._instance_call(symbol.of)), bound=True)
        return None

    def _hooks(self, owner: ClassRef) -> tuple[FunctionRef, ...]:
        return self._answers.remembered(self._hooks_of, owner.key, lambda: tuple(self._find_hooks(owner)))

    def _find_hooks(self, owner: ClassRef) -> Iterator[FunctionRef]:
        for ancestor in self._symbols.ancestry(owner):
            for method in self._symbols.own_methods(ancestor):
                if not method.function.name.endswith("__init__"):
                    yield method
