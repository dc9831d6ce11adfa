"""Which value a name has whatever the user does: constants, attributes and parameters that nothing changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from reprocheck.rulekit import Project, Span
from reprocheck.rulekit.facts import (
    Assignment,
    Call,
    Class,
    ClassRef,
    External,
    Function,
    FunctionRef,
    Instance,
    Parameter,
    Scalar,
    TestKind,
    Traced,
    Value,
    ValueKind,
    ValueRef,
    keyword,
)
from reprocheck_rules.debt.callers import OPEN, PLAIN_BASES, Callers, bound_argument, given
from reprocheck_rules.debt.changes import Changes, last_part

_DEPTH = 6
_FILLED_DEPTH = 2
"""Names that are followed to the object that a library fills."""
_PROBES = re.compile(r"^(TYPE_CHECKING|MYPY|__\w+__|(?:HAS|HAVE)_\w+|_has_\w+|\w+_(?:AVAILABLE|available|INSTALLED))$")
"""Names for what the interpreter or an installed package tells."""
_RECORD_BASES = frozenset({"typing.NamedTuple", "flax.linen.Module", "flax.struct.PyTreeNode", "equinox.Module"})
_FILLERS = ("store", "structured", "create", "merge", "update", "merge_with", "parse", "cli", "add_arguments", "Fire")
_RECORD_DECORATORS = re.compile(r"(^|\.)(dataclass|define|frozen|attrs)(\(\))?$|^attr\.s(\(\))?$")


class Origin(NamedTuple):
    """What fixes a value: the definition of a flag."""

    path: str
    span: Span
    name: str
    value: Scalar
    kind: str
    """`constant`, `attribute`, `field` or `parameter`."""
    public: bool
    """Whether users of an installed library may set it."""
    callers: tuple[tuple[str, Span], ...] = ()
    """Calls that leave a parameter or field at this value."""


class Fixed(NamedTuple):
    """A value that nothing in the project can change, and why."""

    value: Scalar
    origins: tuple[Origin, ...]


class FixedValues:
    """Follows values to constants; None stands for a value that something may change."""

    def __init__(self, project: Project) -> None:
        """Results are remembered: conditions share their flags."""
        changes = self.changes = project.once(Changes)
        self._callers = Callers(changes)
        self._symbols = changes.symbols
        self._index = changes.index
        self._answers = changes.index.answers
        # What is found depends on how far names may be followed, so that goes with the key.
        self._constants: dict[tuple[str, str, int], Traced[Fixed | None]] = {}
        self._attributes: dict[tuple[str, str, str, int], Traced[Fixed | None]] = {}
        self._parameters: dict[tuple[str, int, str, int], Traced[Fixed | None]] = {}
        self._instances: dict[tuple[str, int, str, int], Traced[ClassRef | None]] = {}

    def value(self, value: Value | None, path: str, function: int, depth: int = _DEPTH) -> Fixed | None:
        """The constant behind a value of a function, followed through names."""
        if value is None or depth <= 0:
            return None
        match value.kind:
            case ValueKind.CONSTANT:
                return Fixed(value.value, ())
            case ValueKind.NAME:
                return self._name(str(value.value), path, depth)
            case ValueKind.SELF:
                owner = self.changes.enclosing_class(path, function)
                holder_path, _, name = value.path.rpartition(".")
                if holder_path:
                    owner = self._instance(Value(ValueKind.SELF, None, holder_path), path, function, depth - 1)
                return self._attribute(owner, name, depth) if owner is not None and name.isidentifier() else None
            case ValueKind.PARAMETER:
                return self._of_parameter(value, path, function, depth)
        return None

    def _of_parameter(self, value: Value, path: str, function: int, depth: int) -> Fixed | None:
        if not value.path:
            found = self._owner_of_parameter(path, function, str(value.value))
            return self._parameter(*found, depth) if found is not None else None
        holder_path, _, name = value.path.rpartition(".")
        holder = self._instance(Value(ValueKind.PARAMETER, value.value, holder_path), path, function, depth - 1)
        return self._attribute(holder, name, depth) if holder is not None and name.isidentifier() else None

    def _instance(self, value: Value | None, path: str, function: int, depth: int) -> ClassRef | None:
        """The class of the project whose instance a value is, whatever the caller."""
        if value is None or depth <= 0:
            return None
        match value.kind:
            case ValueKind.NAME:
                symbol = self._symbols.resolve(path, str(value.value))
                return symbol.of if isinstance(symbol, Instance) else None
            case ValueKind.SELF if (name := value.path[1:]).isidentifier():
                return self._instance_attribute(self.changes.enclosing_class(path, function), name, depth)
            case ValueKind.PARAMETER if not value.path:
                found = self._owner_of_parameter(path, function, str(value.value))
                return self._instance_parameter(*found, depth) if found is not None else None
        return None

    def _instance_attribute(self, owner: ClassRef | None, name: str, depth: int) -> ClassRef | None:
        if owner is None:
            return None
        written = self._written(self.changes.family(owner), name)
        if len(written) != 1:
            return None
        ref, assignment = written[0]
        return self._instance(assignment.value, ref.path, assignment.function, depth - 1)

    def _instance_parameter(self, reference: FunctionRef, parameter: Parameter, depth: int) -> ClassRef | None:
        key = (*reference.key, parameter.name, depth)
        find = partial(self._find_instance, reference, parameter, depth)
        return self._answers.remembered(self._instances, key, find)

    def _find_instance(self, reference: FunctionRef, parameter: Parameter, depth: int) -> ClassRef | None:
        if parameter.rebound:
            return None
        if parameter.annotation:
            symbol = self._symbols.resolve(reference.path, parameter.annotation)
            return symbol.of if isinstance(symbol, Instance) else None
        if not self._callers.only_called(reference):
            return None
        found: dict[tuple[str, str], ClassRef] = {}
        for site in self._callers.of(reference):
            argument = bound_argument(site, reference.function, parameter.name)
            given_ = argument if isinstance(argument, Value) else None
            holder = self._instance(given_, site.path, site.function, depth - 1)
            if holder is None:
                return None
            found[holder.key] = holder
        return next(iter(found.values())) if len(found) == 1 else None

    def _owner_of_parameter(self, path: str, function: int, name: str) -> tuple[FunctionRef, Parameter] | None:
        """The function, this one or one around it, that has the parameter."""
        functions = self._index.files[path].functions
        current = functions[function].name
        while current:
            reference = self._symbols.table(path).functions.get(current)
            if reference is not None:
                for parameter in reference.function.parameters:
                    if parameter.name == name:
                        return reference, parameter
            current = current.rpartition(".")[0]
        return None

    def _name(self, name: str, path: str, depth: int) -> Fixed | None:
        symbol = self._symbols.resolve(path, name)
        if isinstance(symbol, ValueRef):
            owner_name, _, attribute = symbol.name[1:].rpartition(".")
            owner = self._symbols.table(symbol.path).classes.get(owner_name) if owner_name else None
            if owner is not None:
                return self._attribute(owner, attribute, depth)
            return self._constant(symbol, depth) if not owner_name else None
        holder_name, _, attribute = name.rpartition(".")
        holder = self._symbols.resolve(path, holder_name) if holder_name.strip(".") else None
        if isinstance(holder, Instance):
            holder = holder.of
        return self._attribute(holder, attribute, depth) if isinstance(holder, ClassRef) else None

    # Constants of modules

    def _constant(self, reference: ValueRef, depth: int) -> Fixed | None:
        key = (reference.path, reference.name, depth)
        return self._answers.remembered(self._constants, key, partial(self._find_constant, reference, depth))

    def _find_constant(self, reference: ValueRef, depth: int) -> Fixed | None:
        path, name = reference.path, reference.name[1:]
        table = self._symbols.table(path)
        facts = table.facts
        assignments = table.assignments[reference.name]
        if len(assignments) != 1 or not self._is_settled(path, assignments[0]) or _PROBES.match(name):
            return None
        if name in facts.imports or name in table.functions or name in table.classes:
            return None
        if self.changes.module_is_open(path) or self._written_outside(reference, name):
            return None
        exported = name in self.changes.exported(path)
        if not exported and self.changes.is_spelled(name):
            return None
        assignment = assignments[0]
        inner = self.value(assignment.value, path, 0, depth - 1)
        if inner is None or (isinstance(inner.value, str) and "{{" in inner.value):
            return None
        public = (exported or not name.startswith("_")) and self.changes.is_library(path)
        return inner if inner.origins else _fixed(path, assignment.span, name, inner.value, "constant", public=public)

    def _is_settled(self, path: str, assignment: Assignment) -> bool:
        """Whether an assignment of a module runs once, whatever happens, and no form sets it."""
        facts = self._index.files[path]
        if assignment.function != 0 or assignment.span.line in facts.forms:
            return False
        position, side = assignment.guard, assignment.side
        while position >= 0:
            guard = facts.functions[0].guards[position]
            if not side or guard.test is None or guard.test.kind is not TestKind.MAIN:
                return False
            position, side = guard.parent, guard.parent_side
        return True

    def _written_outside(self, reference: ValueRef, name: str) -> bool:
        """Whether another module gives a name of one another value, or an object of any kind gets such an attribute."""
        if self.changes.is_written_somewhere(name):
            return True
        for path, assignment in self.changes.writes(name):
            symbol = self._symbols.resolve(path, assignment.target)
            if isinstance(symbol, ValueRef) and (symbol.path, symbol.name) == (reference.path, reference.name):
                return True
        return False

    # Attributes

    def _attribute(self, owner: ClassRef, name: str, depth: int) -> Fixed | None:
        key = (*owner.key, name, depth)
        return self._answers.remembered(self._attributes, key, partial(self._find_attribute, owner, name, depth))

    def _find_attribute(self, owner: ClassRef, name: str, depth: int) -> Fixed | None:
        if name.startswith("__") or name == "training" or self.changes.is_spelled(name):
            return None
        family = self.changes.family(owner)
        written = self._written(family, name)
        if len(written) != 1:
            return None
        holder, assignment = written[0]
        if self._attribute_is_open(family, name) or assignment.span.line in self._index.files[holder.path].forms:
            return None
        if any(f"{ref.definition.name}.{name}" in self._symbols.table(ref.path).functions for ref in family):
            return None
        record = any(_is_record(ref.definition) for ref in family)
        in_body = any(field.name == name for field in holder.definition.fields)
        if record and in_body:
            return self._record_field(family, holder, name, assignment, depth)
        function = self._index.files[holder.path].functions[assignment.function]
        if not in_body and (assignment.guard != -1 or not function.name.endswith(".__init__")):
            return None
        inner = self.value(assignment.value, holder.path, assignment.function, depth - 1)
        if inner is None:
            return None
        handed_on = in_body and self.changes.is_value(holder.path, last_part(holder.definition.name))
        public = handed_on or (self.changes.is_library(holder.path) and not name.startswith("_"))
        label = f"{holder.definition.name}.{name}"
        if inner.origins:
            return inner
        return _fixed(holder.path, assignment.span, label, inner.value, "attribute", public=public)

    def _written(self, family: tuple[ClassRef, ...], name: str) -> list[tuple[ClassRef, Assignment]]:
        """What the bodies and methods of related classes assign to an attribute."""
        return [
            (ref, assignment)
            for ref in family
            for assignment in self._symbols.table(ref.path).assignments.get(f".{ref.definition.name}.{name}", ())
        ]

    def _attribute_is_open(self, family: tuple[ClassRef, ...], name: str) -> bool:
        """Whether code outside the family, or that can't be read, may set the attribute."""
        if self.changes.is_written_somewhere(name):
            return True
        for ref in family:
            bases = {base for base in self._symbols.external_bases(ref) if base not in PLAIN_BASES | _RECORD_BASES}
            unresolved = [b for b in ref.definition.bases if self._symbols.resolve(ref.path, b) is None]
            facts = self._index.files[ref.path]
            if bases or unresolved or "__dict__" in facts.attributes or "setattr" in facts.names:
                return True
            if "metaclass" in facts.strings or any(not _RECORD_DECORATORS.search(d) for d in ref.definition.decorators):
                return True
        keys = {ref.key for ref in family}
        for path, assignment in self.changes.writes(name):
            holder = self._symbols.resolve(path, assignment.target.rpartition(".")[0] or ".")
            if isinstance(holder, Instance):
                holder = holder.of
            own = assignment.target.startswith(".") and assignment.target[1:].rpartition(".")[0]
            if isinstance(holder, ClassRef) and holder.key in keys and (path, own) not in keys:
                return True
            # An element of a list, or what a call gave, may be an object of any class.
            if (holder is None or isinstance(holder, External)) and assignment.target.rpartition(".")[0].endswith(
                (")", "]")
            ):
                return True
        return False

    def _record_field(
        self, family: tuple[ClassRef, ...], holder: ClassRef, name: str, assignment: Assignment, depth: int
    ) -> Fixed | None:
        """A field of a dataclass or its like, given by no call that makes one."""
        facts = self._index.files[holder.path]
        default = assignment.value
        if default is not None and default.kind is ValueKind.NAME and str(default.value).endswith("field()"):
            default = _field_default(facts.functions[0], assignment.span)
        inner = self.value(default, holder.path, 0, depth - 1)
        if inner is None or any(
            self.changes.is_value(ref.path, last_part(ref.definition.name))
            or self.changes.is_annotation(last_part(ref.definition.name))
            or self.changes.is_spelled(last_part(ref.definition.name))
            for ref in family
        ):
            return None
        if self._is_replaced(name) or any(self._is_configured(ref) for ref in family):
            return None
        sites = [site for ref in family for site in self.changes.construct(ref)]
        position = [field.name for field in holder.definition.fields].index(name)
        if not sites or any(given(site.call, name, position) for site in sites):
            return None
        public = self.changes.is_library(holder.path)
        callers = tuple((site.path, site.call.span) for site in sites)
        label = f"{holder.definition.name}.{name}"
        return _fixed(holder.path, assignment.span, label, inner.value, "field", public=public, callers=callers)

    def _is_replaced(self, name: str) -> bool:
        """Whether a copy of some record gets another value for the field."""
        return self.changes.words.has("copies with", name) or self.changes.words.has("copies with", "**")

    def _is_configured(self, owner: ClassRef) -> bool:
        """Whether an instance is handed to a library that fills records from files or a command line."""
        return self.changes.project.value_of(is_filled, *owner.key)

    def filled(self, path: str) -> Iterator[tuple[str, str]]:
        """Classes whose instances a file hands to such a library."""
        for taker in _FILLERS:
            for site in self.changes.calls_in(path, taker):
                for argument in site.call.arguments:
                    holder = self._instance(argument.value, path, site.function, _FILLED_DEPTH)
                    if holder is not None:
                        yield holder.key

    # Parameters

    def _parameter(self, reference: FunctionRef, parameter: Parameter, depth: int) -> Fixed | None:
        key = (*reference.key, parameter.name, depth)
        find = partial(self._find_parameter, reference, parameter, depth)
        return self._answers.remembered(self._parameters, key, find)

    def _find_parameter(self, reference: FunctionRef, parameter: Parameter, depth: int) -> Fixed | None:
        function = reference.function
        if parameter.rebound or not self._callers.only_called(reference):
            return None
        sites = list(self._callers.of(reference))
        if not sites:
            return None
        results: list[Fixed] = []
        given = False
        for site in sites:
            argument = bound_argument(site, function, parameter.name)
            if argument is OPEN:
                return None
            found = (
                self.value(parameter.default, reference.path, 0, depth - 1)
                if argument is None
                else self.value(argument, site.path, site.function, depth - 1)  # type: ignore[arg-type]
            )
            if found is None or (argument is None and parameter.required):
                return None
            given = given or argument is not None
            results.append(found)
        first = results[0].value
        if any(type(found.value) is not type(first) or found.value != first for found in results):
            return None
        inner = tuple(dict.fromkeys(origin for found in results for origin in found.origins))
        public = self.changes.is_library(reference.path) and not _is_private(function.name)
        if inner and all(found.origins for found in results):
            return Fixed(first, inner)
        label = f"{parameter.name}` of `{function.name.removesuffix('.__init__')}"
        callers = tuple((site.path, site.call.span) for site in sites)
        origin = Origin(reference.path, parameter.span, label, first, "parameter", public, callers)
        return Fixed(first, (origin, *inner))


def is_filled(project: Project, path: str, name: str) -> bool:
    """Whether some file hands an instance of a class to a library that fills records."""
    return (path, name) in project.once(_all_filled)


def _all_filled(project: Project) -> frozenset[tuple[str, str]]:
    return frozenset(project.of_files(_filled_by))


def _filled_by(project: Project, path: str) -> Iterator[tuple[str, str]]:
    yield from dict.fromkeys(project.once(FixedValues).filled(path))


def _field_default(body: Function, span: Span) -> Value | None:
    for event in body.events:
        if isinstance(event, Call) and event.callee.endswith("field") and event.span.line >= span.line:
            return keyword(event.arguments, "default") if event.span.line <= span.end_line else None
    return None


def _is_record(definition: Class) -> bool:
    return any(_RECORD_DECORATORS.search(decorator) for decorator in definition.decorators) or any(
        base in _RECORD_BASES for base in definition.bases
    )


def _is_private(name: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def _fixed(
    path: str,
    span: Span,
    name: str,
    value: Scalar,
    kind: str,
    *,
    public: bool,
    callers: tuple[tuple[str, Span], ...] = (),
) -> Fixed:
    return Fixed(value, (Origin(path, span, name, value, kind, public, callers),))
